"""Videos carry the mark: through encoding, with their sound, or not at all."""

from __future__ import annotations

import io
import itertools
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from media.encoding import encode_clip
from moderation.core import moving, watermark
from tests.moderation.core.conftest import KEY, PAYLOAD

FPS = 8


def pan(count: int = 40, height: int = 240, width: int = 320) -> list[np.ndarray]:
    """A camera that moves over a textured scene; two and a half key frames long."""
    rng = np.random.default_rng(3)
    scene = cv2.resize(rng.normal(0, 45, (40, 60, 3)), (640, 480), interpolation=cv2.INTER_CUBIC)
    scene = np.clip(128 + scene + rng.normal(0, 5, scene.shape), 0, 255).astype(np.uint8)
    return [
        np.ascontiguousarray(scene[at : at + height, 2 * at : 2 * at + width])
        for at in range(count)
    ]


@pytest.fixture(scope="module")
def plain() -> bytes:
    sound = np.random.default_rng(1).normal(0, 0.1, (44100 * 5, 2)).astype(np.float32)
    return encode_clip(pan(), fps=FPS, sound=sound, crf=18)


@pytest.fixture(scope="module")
def marked(plain: bytes) -> moving.EmbeddedVideo:
    return moving.embed_video(plain, PAYLOAD, KEY)


def frames_of(data: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(data), "r") as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def encoded(frames: list[np.ndarray], crf: int) -> bytes:
    return encode_clip(frames, fps=FPS, crf=crf)


def test_the_mark_is_read_from_the_file_itself(marked: moving.EmbeddedVideo) -> None:
    assert moving.detect_video(marked.data, KEY).payload == PAYLOAD
    assert marked.psnr > 39.5


@pytest.mark.parametrize("crf", [28, 33])
def test_the_mark_survives_encoding_by_others(marked: moving.EmbeddedVideo, crf: int) -> None:
    again = encoded(frames_of(marked.data), crf)
    assert moving.detect_video(again, KEY).payload == PAYLOAD


def test_the_mark_survives_mirroring_and_a_smaller_size(marked: moving.EmbeddedVideo) -> None:
    small = [
        np.ascontiguousarray(cv2.resize(frame, (240, 180))[:, ::-1])
        for frame in frames_of(marked.data)
    ]
    read = moving.detect_video(encoded(small, 23), KEY)
    assert read.payload == PAYLOAD
    assert read.flipped


def test_pictures_sound_and_length_stay(plain: bytes, marked: moving.EmbeddedVideo) -> None:
    with av.open(io.BytesIO(plain), "r") as before, av.open(io.BytesIO(marked.data), "r") as after:
        assert after.streams.video[0].frames == before.streams.video[0].frames
        assert abs((after.duration or 0) - (before.duration or 0)) < 200_000
        heard = [bytes(packet) for packet in before.demux(audio=0)]
        assert [bytes(packet) for packet in after.demux(audio=0)] == heard


def test_a_key_frame_stands_at_least_every_two_seconds(marked: moving.EmbeddedVideo) -> None:
    with av.open(io.BytesIO(marked.data), "r") as container:
        packets = [one for one in container.demux(video=0) if one.is_keyframe]
        times = [float((one.pts or 0) * (one.time_base or 0)) for one in packets]
    assert len(times) >= 3
    assert all(after - before <= 2.01 for before, after in itertools.pairwise(times))


def test_only_key_frames_are_read_and_not_too_many(marked: moving.EmbeddedVideo) -> None:
    assert len(moving.key_frames(marked.data)) == 3
    assert len(moving.key_frames(marked.data, most=2)) == 2


def test_an_unmarked_video_carries_nothing(plain: bytes) -> None:
    assert not moving.detect_video(plain, KEY).found


def test_another_key_reads_nothing(marked: moving.EmbeddedVideo) -> None:
    other = watermark.derive_key("a secret of the tests", "2")
    assert not moving.detect_video(marked.data, other, search=False).found


@pytest.mark.parametrize("data", [b"", b"no video at all", b"\x00\x00\x00\x18ftypmp42" + b"x" * 99])
def test_what_is_no_video_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(watermark.WatermarkError, match="could not be read"):
        moving.detect_video(data, KEY)
    with pytest.raises(watermark.WatermarkError, match="could not be read"):
        moving.embed_video(data, PAYLOAD, KEY)


def test_a_video_cut_short_is_read_as_far_as_it_goes_or_refused(
    marked: moving.EmbeddedVideo,
) -> None:
    with pytest.raises(watermark.WatermarkError):
        moving.embed_video(marked.data[: len(marked.data) // 50], PAYLOAD, KEY)


def test_small_and_flat_videos_are_refused_with_the_reason() -> None:
    small = encoded([frame[:96, :96] for frame in pan(8)], 20)
    with pytest.raises(watermark.WatermarkError, match="too small"):
        moving.embed_video(small, PAYLOAD, KEY)


def test_a_sound_file_is_no_video() -> None:
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        with av.open(file.name, "w") as container:
            stream = container.add_stream("aac", rate=44100)
            frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp")
            frame.sample_rate, frame.pts, frame.time_base = 44100, 0, Fraction(1, 44100)
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        data = Path(file.name).read_bytes()
    with pytest.raises(watermark.WatermarkError, match="could not be read"):
        moving.embed_video(data, PAYLOAD, KEY)
