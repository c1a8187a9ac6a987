"""A video's next version with captions: from a script, a file or speech, beside or drawn in."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import av
import numpy as np
import pytest

from catalog.models import Item
from catalog.services import store_media
from catalog.services.captions import get_cues, save_captions
from common.errors import InvalidInputError
from common.guidance import Guidance
from generation.core import speech
from generation.core.backends import GenerationCancelled
from generation.operations import Product, Work
from generation.operations.captions import caption
from generation.runner import run_job
from generation.services import submit_job
from media.caption_files import read_caption_text
from media.captions import Cue
from media.encoding import encode_clip
from media.videos import read_facts
from tests.factories import ItemFactory

SECONDS = 4


@pytest.fixture(scope="module")
def master() -> bytes:
    """Four seconds of moving grey with a tone."""
    ramp = np.tile(np.arange(40, 168, dtype=np.uint8), (96, 1))[..., None].repeat(3, 2)
    tone = np.sin(np.arange(SECONDS * 44100) / 20)[:, None].repeat(2, 1).astype(np.float32) * 0.2
    frames = (np.roll(ramp, index, 1) for index in range(SECONDS * 10))
    return encode_clip(frames, fps=10, sound=tone)


@pytest.fixture
def video(uploader, master) -> Item:
    item = ItemFactory(owner=uploader, kind="video", title="My walk", garment_type="dress")
    store_media(item=item, video=master, poster=np.full((96, 128, 3), 90, np.uint8))
    return item


def work(source: Item | None, **said) -> Work:
    guidance = Guidance(user_id=1, instruction="", kind="video", mode="caption", **said)
    return Work(guidance, source, lambda done, total: None, lambda: False)


def said(product: Product) -> list[str]:
    return [" ".join(cue.lines) for cue in read_caption_text(product.captions).cues]


def test_a_script_becomes_a_track_and_the_video_stays_as_it_was(video, master):
    product = caption(work(video, script="It is red. It has pockets."))
    assert said(product) == ["It is red.", "It has pockets."]
    assert Path(product.video).read_bytes() == master
    assert product.manifest["captions"]["from"] == "script"


def test_timed_captions_keep_their_times_and_are_put_right(video):
    script = "WEBVTT\n\n00:01.000 --> 00:01.100\nToo short\n\n00:03.000 --> 00:09.000\nToo long\n"
    cues = read_caption_text(caption(work(video, script=script)).captions).cues
    assert (cues[0].start_s, cues[0].end_s) == (1.0, 1.8)
    assert cues[1].end_s <= SECONDS + 0.1


def test_drawn_captions_are_in_the_picture_and_no_track_says_them_twice(video):
    product = caption(work(video, script="WWWW WWWW.", burn_captions=True))
    assert product.captions == ""
    assert "WWWW WWWW." in product.manifest["captions"]["vtt"]
    facts = read_facts(Path(product.video))
    assert facts.has_sound
    assert facts.duration_s == pytest.approx(SECONDS, abs=0.2)
    with av.open(str(product.video)) as made:
        frames = [frame.to_ndarray(format="gray") for frame in made.decode(video=0)]
    assert len(frames) == SECONDS * 10
    # White letters: the ramp itself goes no higher than 168.
    assert frames[5].max() > 220


def test_without_a_script_the_videos_own_captions_are_drawn(video):
    save_captions(item=video, by=video.owner, cues=[Cue(0.5, 2.0, "Its own")])
    manifest = caption(work(video, burn_captions=True)).manifest
    assert manifest["captions"]["from"] == "the video's own"
    assert "Its own" in manifest["captions"]["vtt"]


def test_nothing_is_left_behind_when_it_is_cancelled_or_refused(video, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    stopped = work(video, script="Words.", burn_captions=True)
    with pytest.raises(GenerationCancelled):
        caption(Work(stopped.guidance, video, stopped.report, lambda: True))
    with pytest.raises(InvalidInputError):
        caption(work(video, script="far too long " * 100))
    assert list(tmp_path.iterdir()) == []


def test_a_video_that_is_gone_is_said(db):
    with pytest.raises(InvalidInputError, match="not there any more"):
        caption(work(None, script="Words."))


def test_the_whole_job_makes_a_draft_version_with_the_same_title(video, settings):
    settings.GENERATION_JUDGES_RESULTS = True
    guidance = work(video, script="It is red. It has pockets.").guidance
    job = submit_job(user=video.owner, guidance=guidance, source=video, request_key="one")
    for _ in range(2):
        run_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "done", job.problem
    made = job.result
    assert (made.parent, made.version, made.state, made.title) == (video, 2, "draft", "My walk")
    assert made.origin == Item.Origin.AI_ASSISTED
    assert [cue.text for cue in get_cues(made)] == ["It is red.", "It has pockets."]
    assert made.manifest["quality"]["attempts"][0]["good"]
    assert get_cues(video) == []


# --- speech --------------------------------------------------------------------------------------
class Segment:
    def __init__(self, start: float, end: float, text: str, **measures: float) -> None:
        self.start, self.end, self.text = start, end, text
        self.avg_logprob = measures.get("avg_logprob", -0.3)
        self.compression_ratio = measures.get("compression_ratio", 1.2)
        self.no_speech_prob = measures.get("no_speech_prob", 0.05)


class FakeWhisper:
    """The interface of faster-whisper's WhisperModel, with what it is told to hear."""

    hears: list[Segment] = []
    asked: dict = {}

    def __init__(self, path: str, **options) -> None:
        FakeWhisper.asked = {"path": path, **options}

    def transcribe(self, audio: str, **options):
        FakeWhisper.asked |= options
        assert Path(audio).exists()
        return iter(FakeWhisper.hears), types.SimpleNamespace(language="en", duration=4.0)


@pytest.fixture
def whisper(monkeypatch, settings, tmp_path) -> type[FakeWhisper]:
    module = types.ModuleType("faster_whisper")
    module.WhisperModel = FakeWhisper
    monkeypatch.setitem(sys.modules, "faster_whisper", module)
    folder = tmp_path / "whisper-small"
    folder.mkdir()
    settings.WHISPER_MODEL_PATH = str(folder)
    speech._load_model.cache_clear()
    yield FakeWhisper
    speech._load_model.cache_clear()


def test_speech_becomes_captions_marked_as_written_by_machine(video, whisper):
    whisper.hears = [Segment(0.2, 1.5, " Hello there."), Segment(2.0, 3.5, " This is red.")]
    product = caption(work(video))
    cues = read_caption_text(product.captions).cues
    assert [(cue.text, cue.auto) for cue in cues] == [
        ("Hello there.", True),
        ("This is red.", True),
    ]
    assert product.manifest["captions"] | {"vtt": ""} == {
        "from": "speech",
        "model": "whisper-small",
        "language": "en",
        "segments": 2,
        "left_out": 0,
        "cues": 2,
        "auto": True,
        "warnings": 0,
        "burnt": False,
        "vtt": "",
    }
    # Nothing may be looked up on the network, and silence is not listened to.
    assert whisper.asked["local_files_only"] is True
    assert whisper.asked["vad_filter"] is True
    assert whisper.asked["condition_on_previous_text"] is False


def test_silence_loops_and_guesses_are_left_out(video, whisper):
    whisper.hears = [
        Segment(0.0, 0.9, "Thanks for watching!", no_speech_prob=0.9, avg_logprob=-0.8),
        Segment(0.9, 1.8, "la la la la la la", compression_ratio=3.1),
        Segment(1.8, 2.2, "mumble", avg_logprob=-2.5),
        Segment(2.2, 3.0, "   "),
        Segment(3.0, 3.9, "So it goes so it goes so it goes so it goes."),
    ]
    product = caption(work(video))
    assert said(product) == ["So it goes"]
    assert product.manifest["captions"]["left_out"] == 4


def test_a_sentence_that_comes_over_and_over_is_shown_twice_at_most(video, whisper):
    whisper.hears = [Segment(n * 0.9, n * 0.9 + 0.85, "You know.") for n in range(4)]
    assert said(caption(work(video))) == ["You know.", "You know."]


def test_repeats_that_people_do_say_stay():
    assert speech.without_loops("No, no, it is very very good") == "No, no, it is very very good"
    assert speech.without_loops("go go go go home") == "go home"


def test_cancelling_stops_listening(video, whisper):
    whisper.hears = [Segment(0, 1, "one"), Segment(1, 2, "two")]
    asked = work(video)
    with pytest.raises(GenerationCancelled):
        caption(Work(asked.guidance, video, asked.report, lambda: True))


def test_a_silent_answer_is_a_sentence(video, whisper):
    whisper.hears = []
    with pytest.raises(speech.SpeechUnavailableError, match="No speech was found"):
        caption(work(video))


def test_without_a_model_the_person_is_told_what_to_do_instead(video, settings, whisper):
    settings.WHISPER_MODEL_PATH = ""
    with pytest.raises(speech.SpeechUnavailableError, match="Write a script"):
        caption(work(video))
    settings.WHISPER_MODEL_PATH = "small"
    with pytest.raises(speech.SpeechUnavailableError, match="cannot be loaded"):
        caption(work(video))


def test_without_the_library_the_person_is_told_so(video, settings, monkeypatch, tmp_path):
    settings.WHISPER_MODEL_PATH = str(tmp_path)
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    speech._load_model.cache_clear()
    with pytest.raises(speech.SpeechUnavailableError, match="not installed"):
        caption(work(video))


def test_a_video_without_sound_is_told_from_one_without_speech(uploader, whisper):
    item = ItemFactory(owner=uploader, kind="video")
    silent = encode_clip((np.full((64, 64, 3), n * 9, np.uint8) for n in range(20)), fps=10)
    store_media(item=item, video=silent, poster=np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(InvalidInputError, match="no sound"):
        caption(work(item))


@pytest.mark.slow
@pytest.mark.data
def test_real_speech_is_recognised(shared_data, uploader, settings):
    """Needs the library and a model's folder in WHISPER_MODEL_PATH; skips without."""
    pytest.importorskip("faster_whisper")
    if not Path(settings.WHISPER_MODEL_PATH or "/nowhere").is_dir():
        pytest.skip("no speech model is configured")
    item = ItemFactory(owner=uploader, kind="video")
    content = (shared_data / "videos" / "friday.mp4").read_bytes()
    store_media(item=item, video=content, poster=np.zeros((64, 64, 3), np.uint8))
    assert any("friday" in words.lower() for words in said(caption(work(item))))
