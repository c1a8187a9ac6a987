"""Captions as people have them: read, checked, put right, timed, drawn and written."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.burning import burn_captions
from media.caption_drawing import draw_caption
from media.caption_files import read_caption_text, read_captions
from media.caption_rules import MAX_LINE, check_cues, fit_cues, wrap_lines
from media.caption_timing import sentences_of, time_script
from media.captions import BadCaptionsError, Cue, plain_text, spoken_text, write_vtt
from media.videos import read_facts
from tests.media_files import clip


def rules(cues: list[Cue], duration: float | None = None) -> list[set[str]]:
    return [{one.rule for one in cue.warnings} for cue in check_cues(cues, duration)]


# --- reading -------------------------------------------------------------------------------------
SRT = (
    "1\n00:00:01,000 --> 00:00:02,500\n<i>Hello</i>\nworld\n\n"
    "2\n00:00:03,000 --> 00:00:04,000\nBye\n"
)
ASS = (
    "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname\n\n[Events]\n"
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    "Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\an8\\b1}Hello\\Nworld\n"
    "Comment: 0,0:00:02.00,0:00:03.00,Default,,0,0,0,,not shown\n"
    "Dialogue: 0,0:00:02.50,0:00:03.00,Default,,0,0,0,,{\\p1}m 0 0 l 9 9{\\p0}\n"
    "Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,Bye\n"
)
VTT = (
    "WEBVTT - a title\n\nSTYLE\n::cue { color: red }\n\nfirst\n00:01.000 --> 00:02.500 line:0\n"
    "<v Ann>Hello</v>\n<00:00:01.500>world\n\nNOTE not shown\n\nsecond\n"
    "00:03.000 --> 00:04.000\nBye\n"
)


@pytest.mark.parametrize("text", [SRT, ASS, VTT, SRT.replace("\n", "\r\n"), "\ufeff" + VTT])
def test_the_usual_formats_say_the_same(text):
    reading = read_captions(text.encode())
    assert reading.cues == [Cue(1.0, 2.5, "Hello\nworld"), Cue(3.0, 4.0, "Bye")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_with_a_mark_are_read(encoding):
    text = SRT.replace("Hello", "Żółw 猫")
    assert read_captions(text.encode(encoding)).cues[0].lines[0] == "Żółw 猫"


def test_an_old_western_file_is_read_with_a_note():
    reading = read_captions(SRT.replace("Hello", "Übergröße").encode("cp1252"))
    assert reading.cues[0].lines[0] == "Übergröße"
    assert "not UTF-8" in reading.notes[0]


def test_what_is_written_reads_back_the_same():
    cues = [
        Cue(0.0, 1.25, "a < b & c > d"),
        Cue(1.25, 2.0, "--> <script>alert(1)</script>", auto=True),
        Cue(61.5, 3599.999, "It was\n42"),
        Cue(3600.0, 3601.0, "1984"),
    ]
    assert read_caption_text(write_vtt(cues)).cues == [
        cues[0],
        Cue(1.25, 2.0, "--> <script>alert(1)</script>", auto=True),
        *cues[2:],
    ]


def test_written_captions_hold_nothing_but_text():
    vtt = write_vtt([Cue(0, 1, "<b>x</b>\n\n00:00:09.000 --> 00:00:10.000\nforged & <i>")])
    assert vtt.count(" --> ") == 1
    assert "<" not in vtt.replace("WEBVTT", "")
    assert read_caption_text(vtt).cues[0].end_s == 1


@given(st.lists(st.text(max_size=60), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_text_survives_writing_and_reading(texts):
    cues = [
        Cue(float(2 * index), 2.0 * index + 1, plain_text(text))
        for index, text in enumerate(texts)
        if plain_text(text)
    ]
    if cues:
        assert [cue.text for cue in read_caption_text(write_vtt(cues)).cues] == [
            cue.text for cue in cues
        ]


# --- rules ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cues", "broken"),
    [
        ([Cue(0, 2, "Fine.")], [set()]),
        ([Cue(0, 1, "x" * 21)], [{"speed"}]),
        ([Cue(0, 1, "x" * 20)], [set()]),
        ([Cue(0, 4, "x" * 43)], [{"line"}]),
        ([Cue(0, 4, "x" * 42)], [set()]),
        ([Cue(0, 4, "a\nb\nc")], [{"lines"}]),
        ([Cue(0, 0.7, "a")], [{"short"}]),
        ([Cue(0, 0.8, "a")], [set()]),
        ([Cue(0, 7.5, "a")], [{"long"}]),
        ([Cue(0, 2, "a"), Cue(1.9, 3, "b")], [{"overlap"}, set()]),
        ([Cue(0, 2, "a"), Cue(2.04, 3, "b")], [{"gap"}, set()]),
        ([Cue(0, 2, "a"), Cue(2.0, 3, "b")], [set(), set()]),
        ([Cue(0, 2, "a"), Cue(2.08, 3, "b")], [set(), set()]),
    ],
)
def test_each_rule_at_its_border(cues, broken):
    assert rules(cues) == broken


def test_a_caption_beyond_the_end_of_the_video_is_said():
    assert rules([Cue(0, 6, "a")], 5.0) == [{"outside"}]


def test_putting_right_ends_overlaps_gives_time_and_wraps():
    cues = [
        Cue(0.0, 3.0, "It is still shown when the next one begins, and much too long for one line"),
        Cue(2.5, 2.9, "Short"),
        Cue(8.0, 12.0, "word " * 40),
        Cue(30.0, 31.0, "after the end"),
    ]
    right = fit_cues(cues, 20.0)
    assert [one - {"speed"} for one in rules(right, 20.0)] == [set()] * len(right)
    assert spoken_text(right).split() == spoken_text(cues[:3]).split()


def test_what_cannot_be_put_right_stays_and_is_said():
    right = fit_cues([Cue(0, 0.4, "x" * 40), Cue(0.4, 2, "next")], 2.0)
    assert {"short", "speed"} <= rules(right)[0]


@given(
    st.lists(
        st.tuples(
            st.floats(-5, 60), st.floats(-1, 20), st.text("ab .,\n", min_size=1, max_size=200)
        ),
        max_size=8,
    )
)
@settings(max_examples=80, deadline=None)
def test_putting_right_keeps_order_bounds_and_words_whatever_comes(rows):
    cues = [Cue(start, start + length, text) for start, length, text in rows]
    right = fit_cues(cues, 50.0)
    assert all(0 <= cue.start_s < cue.end_s <= 50.001 for cue in right)
    assert all(a.end_s <= b.start_s + 0.002 for a, b in pairwise(right))
    assert all(len(line) <= MAX_LINE for cue in right for line in cue.lines)
    # Doing it again changes nothing more of what is said.
    assert spoken_text(fit_cues(right, 50.0)).split() == spoken_text(right).split()


def test_lines_are_about_equally_long():
    assert (
        wrap_lines("It has two pockets, a hidden zip and a fine lining")
        == ("It has two pockets, a hidden\nzip and a fine lining")
        or max(
            map(len, wrap_lines("It has two pockets, a hidden zip and a fine lining").split("\n"))
        )
        < 30
    )


# --- scripts -------------------------------------------------------------------------------------
def test_sentences_end_at_marks_and_not_at_abbreviations():
    script = "Mr. A. Smith paid 3.50 for it. “Really?” Yes!\nNew line… and more"
    assert sentences_of(script) == [
        "Mr. A. Smith paid 3.50 for it.",
        "“Really?”",
        "Yes!",
        "New line…",
        "and more",
    ]


def test_longer_sentences_get_more_time_and_nothing_breaks_a_rule_where_there_is_time():
    cues = time_script("Short one. This one is a good deal longer than the first. End.", 20.0)
    assert cues[1].seconds > 2 * cues[0].seconds
    assert rules(cues, 20.0) == [set()] * 3
    assert cues[0].start_s == 0
    assert cues[-1].end_s <= 20.0


def test_a_hasty_script_is_made_to_fit_and_said_to_be_hasty():
    cues = time_script("One two three four five six seven eight nine ten eleven twelve.", 2.5)
    assert cues[-1].end_s <= 2.5
    assert "speed" in rules(cues)[0]


@pytest.mark.parametrize("script", ["", " \n ", "x" * 400])
def test_a_script_without_words_or_far_too_long_is_refused(script):
    with pytest.raises(BadCaptionsError):
        time_script(script, 3.0)


# --- drawing -------------------------------------------------------------------------------------
@pytest.mark.parametrize(("width", "height"), [(640, 360), (480, 640), (128, 96), (360, 1280)])
def test_drawn_captions_stay_inside_the_safe_area(width, height):
    text = "It has two pockets, a hidden zip\nand a lining that does not cling."
    drawn = draw_caption(text, width, height)
    rows, columns = np.nonzero(drawn.cover > 0.9)
    assert drawn.left + columns.min() >= width * 0.03
    assert drawn.left + columns.max() <= width * 0.97
    assert drawn.top + rows.max() <= height * 0.95
    assert drawn.top + rows.min() > height * 0.25


def test_letters_are_light_on_dark_whatever_is_behind_them():
    for ground in (0, 128, 255):
        planes = np.full((96 * 3 // 2, 160), 128, np.uint8)
        planes[:96] = ground
        drawn = draw_caption("WWWW", 160, 96)
        drawn.lay_over(planes, 160, 96)
        box = planes[drawn.top : drawn.top + drawn.luma.shape[0], :]
        assert box.max() > 220
        assert np.percentile(box[drawn.luma.shape[0] // 2], 2) < 60


def test_letters_that_the_font_lacks_are_named():
    with pytest.raises(BadCaptionsError, match="猫"):
        draw_caption("A 猫 here", 320, 240)


def test_european_letters_are_drawn():
    assert draw_caption("Łódź größe Привет Ωμέγα “très”…", 640, 360).cover.max() == 1.0


def test_burnt_captions_show_only_in_their_time_and_the_sound_stays(tmp_path: Path):
    source, target = tmp_path / "a.mp4", tmp_path / "b.mp4"
    clip(source, size=(320, 240), seconds=2.0, sound_rate=44100)
    told: list[tuple[int, int]] = []
    burn_captions(
        source,
        target,
        [Cue(0.5, 1.5, "WWWWWWWW")],
        on_frame=lambda done, total: told.append((done, total)),
    )
    before, after = _luma(source), _luma(target)
    assert len(before) == len(after) == 60
    assert told[-1] == (60, 60)
    changed = [np.abs(a[150:] - b[150:]).max() > 60 for a, b in zip(before, after, strict=True)]
    assert not any(changed[:14])
    assert all(changed[16:44])
    assert not any(changed[46:])
    assert read_facts(target).has_sound
    assert abs(read_facts(target).duration_s - read_facts(source).duration_s) < 0.1
    assert _sound_bytes(source) == _sound_bytes(target)


def _luma(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as video:
        return [frame.to_ndarray(format="gray").astype(int) for frame in video.decode(video=0)]


def _sound_bytes(path: Path) -> bytes:
    with av.open(str(path)) as video:
        return b"".join(bytes(packet) for packet in video.demux(audio=0))
