"""Faces: a configured YuNet is really run, and faces are followed through a video."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from common.errors import DomainError
from tests.vision.tiny_yunet import FACE, SIDE, write_yunet
from vision.face_tracks import LOOK_EVERY_S, REACH_S, FaceTracks
from vision.faces import CELLS, Sight, blur_painted, find_faces, find_sights

GREY = np.full((SIDE, SIDE, 3), 120, np.uint8)


def yunet(folder: Path, **said: float) -> str:
    path = folder / f"yunet-{said}.onnx"
    path.write_bytes(write_yunet(**said))
    return str(path)


def test_a_yunet_model_that_is_configured_says_where_faces_are(tmp_path):
    (found,) = find_faces(GREY, yunet(tmp_path))
    assert found == pytest.approx(FACE, abs=0.01)


def test_what_yunet_is_not_sure_of_is_blurred_and_not_flagged(tmp_path):
    path = yunet(tmp_path, score=0.6)
    assert find_faces(GREY, path) == []
    (sight,) = find_sights(GREY, path)
    assert not sight.is_sure


def test_a_model_that_is_not_there_or_none_is_refused_by_name(tmp_path):
    with pytest.raises(DomainError, match="no such file"):
        find_faces(GREY, str(tmp_path / "missing.onnx"))
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"this is no model")
    with pytest.raises(DomainError, match=r"broken\.onnx is not a YuNet model"):
        find_faces(GREY, str(broken))


def test_what_is_painted_over_is_coarse_and_the_rest_untouched():
    picture = np.random.default_rng(2).integers(0, 255, (120, 90, 3)).astype(np.uint8)
    mask = np.zeros((120, 90), np.float32)
    mask[20:60, 30:60] = 1
    blurred = blur_painted(picture, mask)
    assert blurred[30:50, 40:50].std() < picture[30:50, 40:50].std() / 2
    assert np.array_equal(blurred[70:], picture[70:])


# --- a face followed through a video ----------------------------------------------------------

PATCH = np.random.default_rng(3).integers(30, 220, (48, 40, 3)).astype(np.uint8)
PATCH = cv2.GaussianBlur(PATCH, (0, 0), 2.5)


def scene(x: int, y: int = 60) -> np.ndarray:
    """A still ground with a textured head at (x, y), (180, 240, 3)."""
    ground = np.full((180, 240, 3), 200, np.uint8)
    ground[:, ::24] = 180
    ground[y : y + 48, x : x + 40] = PATCH
    return ground


def at(x: int, y: int = 60) -> tuple[float, float, float, float]:
    return (x / 240, y / 180, 40 / 240, 48 / 180)


def follow(places: list[int], seen: dict[int, Sight]) -> FaceTracks:
    """Look at one scene after the other; `seen`: what the detector says at which."""
    looks = iter(range(len(places)))
    tracks = FaceTracks(find=lambda picture: [seen[n]] if (n := next(looks)) in seen else [])
    for number, x in enumerate(places):
        assert tracks.wants(number * LOOK_EVERY_S)
        tracks.look(scene(x), number * LOOK_EVERY_S)
    tracks.finish()
    return tracks


def covers(tracks: FaceTracks, time_s: float, x: int) -> bool:
    left, top, width, height = at(x)
    middle = left + width / 2, top + height / 2
    return any(
        one[0] <= middle[0] <= one[0] + one[2] and one[1] <= middle[1] <= one[1] + one[3]
        for one in tracks.at(time_s)
    )


def test_a_face_found_once_stays_covered_while_it_moves_before_and_after():
    places = [40 + 4 * step for step in range(13)]
    tracks = follow(places, {6: Sight(at(places[6]), is_sure=True)})
    # Every frame between the looks too, at 60 a second: the blur never goes on and off.
    for step in range(12 * 9):
        time_s = step / 60
        number = time_s / LOOK_EVERY_S
        assert covers(tracks, time_s, round(40 + 4 * number)), time_s


def test_it_is_not_covered_for_ever_after_it_was_lost():
    steps = round(REACH_S / LOOK_EVERY_S) + 6
    tracks = follow([60] * steps, {0: Sight(at(60), is_sure=True)})
    assert covers(tracks, REACH_S - 0.2, 60)
    assert tracks.at((steps - 1) * LOOK_EVERY_S) == []


def test_what_nobody_is_sure_of_counts_only_when_it_is_seen_again():
    unsure = Sight(at(60), is_sure=False)
    assert follow([60] * 6, {2: unsure}).at(2 * LOOK_EVERY_S) == []
    again = follow([60] * 6, {1: unsure, 2: unsure, 4: unsure})
    assert covers(again, 2 * LOOK_EVERY_S, 60)


def test_two_boxes_of_one_face_become_one():
    tracks = FaceTracks(find=lambda picture: [Sight(at(60), True), Sight(at(66), True)])
    tracks.look(scene(60), 0.0)
    assert tracks.finish() == 1
    assert tracks.faces == 1
    (box,) = tracks.at(0.0)
    assert box[2] == pytest.approx(46 / 240, abs=1e-3)


def test_a_video_without_looks_has_no_faces():
    tracks = FaceTracks()
    assert tracks.finish() == 0
    assert tracks.at(1.0) == []
    assert CELLS < 10


@pytest.mark.slow
def test_a_real_face_is_found_though_a_hand_is_before_it(shared_data):
    import av  # only this test reads a video

    tracks = FaceTracks()
    times = []
    with av.open(str(shared_data / "videos" / "gesture-book.mkv")) as container:
        for frame in container.decode(video=0):
            if len(times) > 60:
                break
            times.append(float(frame.time))
            if tracks.wants(times[-1]):
                tracks.look(frame.to_ndarray(format="rgb24"), times[-1])
    tracks.finish()
    assert all(tracks.at(time_s) for time_s in times)
