"""Videos that people send: what becomes of them."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from media.videos import output_rate, output_size, poster_score, read_facts
from tests import media_files as files


def _pictures(rendition) -> tuple[list[float], list[np.ndarray]]:
    with av.open(str(rendition.data)) as container:
        frames = list(container.decode(video=0))
        return [f.time for f in frames], [f.to_ndarray(format="rgb24") for f in frames]


def _sound(rendition) -> tuple[float, int, int]:
    """(seconds of sound, rate, channels)"""
    with av.open(str(rendition.data)) as container:
        stream = container.streams.audio[0]
        samples = sum(frame.samples for frame in container.decode(stream))
        return samples / stream.rate, stream.rate, stream.channels


def test_a_clip_becomes_an_mp4_that_browsers_play(read, tmp_path):
    made = read(files.clip(tmp_path / "in.mp4", seconds=1.5, sound_rate=44100))
    master = made["master"]
    assert master.mime == "video/mp4"
    assert (master.width, master.height, master.has_sound) == (96, 64, True)
    assert master.duration_s == pytest.approx(1.5, abs=0.1)
    content = master.data.read_bytes()
    # The index comes first, so that playing starts before the end has arrived.
    assert content.index(b"moov") < content.index(b"mdat")
    with av.open(str(master.data)) as container:
        video = container.streams.video[0].codec_context
        assert (video.name, video.pix_fmt) == ("h264", "yuv420p")
        assert container.streams.audio[0].codec_context.name == "aac"


@pytest.mark.parametrize(
    ("form", "codec", "name"),
    [("webm", "libvpx-vp9", "webm"), ("matroska", "libx264", "mkv"), ("mov", "libx264", "mov"),
     ("mp4", "libx265", "hevc"), ("webm", "libvpx", "vp8"), ("mp4", "mpeg4", "mpeg4")],
)  # fmt: skip
def test_every_accepted_kind_is_read(read, tmp_path, form, codec, name):
    made = read(files.clip(tmp_path / name, form=form, codec=codec, seconds=0.5))
    times, pictures = _pictures(made["master"])
    assert len(times) == 15
    assert pictures[5][40, 20, 0] > 90  # left half red
    assert pictures[5][40, 80, 2] > 90  # right half blue


def test_a_variable_frame_rate_becomes_constant_and_keeps_time(read, tmp_path):
    content = files.clip(tmp_path / "vfr.mkv", form="matroska", times=[0, 0.1, 0.15, 0.9, 1.0, 1.9])
    times, pictures = _pictures(read(content)["master"])
    steps = np.diff(times)
    assert steps.std() < 1e-3
    # At half a second the frame of 0.15 s still stands; at 1.5 s that of 1.0 s.
    at = {round(time, 1): picture for time, picture in zip(times, pictures, strict=True)}
    assert at[0.5][40, 20, 0] == pytest.approx(129, abs=6)
    assert at[1.5][40, 20, 0] == pytest.approx(180, abs=6)


@pytest.mark.parametrize(
    ("turns", "size", "red_at"),
    [(1, (64, 96), (20, 32)), (2, (96, 64), (30, 80)), (3, (64, 96), (76, 32))],
)
def test_the_rotation_flag_is_applied(read, tmp_path, turns, size, red_at):
    flagged = files.turned(files.clip(tmp_path / "in.mp4", seconds=0.5), turns)
    made = read(flagged)
    assert (made["master"].width, made["master"].height) == size
    _, pictures = _pictures(made["master"])
    y, x = red_at
    assert pictures[3][y, x, 0] > 90
    assert pictures[3][y, x, 2] < 60
    with av.open(str(made["master"].data)) as container:
        assert next(container.decode(video=0)).rotation == 0


def test_odd_sides_become_even(read, tmp_path):
    made = read(files.clip(tmp_path / "odd.mp4", size=(97, 65), seconds=0.4))
    assert made["master"].width % 2 == made["master"].height % 2 == 0


def test_a_fast_clip_is_brought_to_thirty_frames(read, tmp_path):
    made = read(files.clip(tmp_path / "fast.mp4", fps=120, seconds=0.5))
    times, _ = _pictures(made["master"])
    assert 14 <= len(times) <= 16


@pytest.mark.parametrize(("rate", "layout", "channels"), [(22050, "mono", 1), (48000, "stereo", 2)])
def test_sound_is_kept_at_any_rate(read, tmp_path, rate, layout, channels):
    content = files.clip(tmp_path / "s.mp4", seconds=1.0, sound_rate=rate, sound_layout=layout)
    seconds, out_rate, out_channels = _sound(read(content)["master"])
    assert seconds == pytest.approx(1.0, abs=0.1)
    assert (out_rate, out_channels) == (48000, channels)


def test_place_and_owner_are_gone_from_a_video(read, tmp_path):
    where = {"location": "+48.2082+016.3738/", "artist": files.SECRET, "comment": files.SECRET}
    content = files.clip(tmp_path / "gps.mp4", seconds=0.3, metadata=where)
    assert files.SECRET.encode() in content
    made = read(content)["master"].data.read_bytes()
    assert files.SECRET.encode() not in made
    assert b"+48.2082" not in made


def test_key_frames_are_at_most_two_seconds_apart(read, tmp_path):
    made = read(files.clip(tmp_path / "long.mp4", seconds=5, fps=10))
    with av.open(str(made["master"].data)) as container:
        keys = [p.pts * p.time_base for p in container.demux(video=0) if p.is_keyframe and p.size]
    assert max(np.diff([float(key) for key in keys])) <= 2.01


def test_the_poster_is_not_the_black_beginning(read, tmp_path):
    def fade(path):
        with av.open(str(path), "w") as output:
            video = output.add_stream("libx264", rate=10)
            video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
            for n in range(30):
                pixels = files._pixels(96, 64, 1.0) if n >= 12 else np.zeros((64, 96, 3), np.uint8)
                output.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            output.mux(video.encode(None))
        return path.read_bytes()

    poster = read(fade(tmp_path / "fade.mp4"))["poster"]
    with Image.open(poster.data) as image:
        assert np.asarray(image).mean() > 40


@pytest.mark.parametrize(
    ("average", "expected"),
    [(30, 30), (60, 30), (50, 25), (120, 30), (25, 25), (10, 10), (3, 10), (Fraction(179, 6), 30),
     (Fraction(30000, 1001), Fraction(30000, 1001)), (None, 30), (1000, 30)],
)  # fmt: skip
def test_output_rate(average, expected):
    rate = output_rate(Fraction(average) if average is not None else None)
    assert rate == pytest.approx(Fraction(expected), rel=0.06)
    assert rate <= 30


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1920, 1080), (1280, 720)), ((1080, 1920), (720, 1280)), ((97, 65), (96, 64)),
     ((640, 360), (640, 360)), ((3840, 2160), (1280, 720))],
)  # fmt: skip
def test_output_size(size, expected):
    assert output_size(*size) == expected


def test_a_dark_frame_scores_less_than_a_clear_one():
    rng = np.random.default_rng(3)
    clear = rng.integers(40, 220, (64, 96)).astype(np.uint8)
    assert poster_score(clear) > 5 * poster_score(np.full((64, 96), 4, np.uint8))
    assert poster_score(clear) > 5 * poster_score(np.full((64, 96), 254, np.uint8))


@pytest.mark.data
@pytest.mark.parametrize("name", ["friday.mp4", "gesture-bird.mkv"])
def test_real_camera_videos_are_read(read, shared_data, name):
    source = (shared_data / "videos" / name).read_bytes()
    with av.open(str(shared_data / "videos" / name)) as original:
        seconds, has_sound = original.duration / 1e6, bool(original.streams.audio)
    master = read(source)["master"]
    assert master.duration_s == pytest.approx(seconds, abs=0.2)
    assert master.has_sound is has_sound
    assert read_facts(master.data).width == master.width
    if has_sound:
        assert _sound(master)[0] == pytest.approx(seconds, abs=0.25)
