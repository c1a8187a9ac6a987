"""Covers are drawn as the site draws them: several, and the nearest that is still recognised."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from evaluation.making import CoverRequest, Covers, Maker, weights_by_age


class Shades:
    """Paints one grey after the other; remembers how much it was let change."""

    name, revision = "shades", "1"

    def __init__(self, greys: list[int]) -> None:
        self.greys = greys
        self.strengths: list[float] = []

    def estimate_ms(self, request: object) -> float:
        return 10.0

    def run(self, request: CoverRequest) -> SimpleNamespace:
        grey = self.greys[len(self.strengths) % len(self.greys)]
        self.strengths.append(request.strength)
        return SimpleNamespace(image=np.full((8, 6, 3), grey, np.uint8))


class GreyEye:
    """A picture's vector turns from (1, 0), black, to (0, 1), white."""

    name = "grey"

    def encode_images(self, images: list[np.ndarray]) -> np.ndarray:
        angles = np.array([one.mean() / 255 * np.pi / 2 for one in images])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _request(source: int, aim: int) -> CoverRequest:
    eye = GreyEye()
    frame, goal = (np.full((8, 6, 3), grey, np.uint8) for grey in (source, aim))
    return CoverRequest(prompt="a hat", init_image=frame, user=eye.encode_images([goal])[0])


def test_nearest_to_the_person_among_the_recognisable_is_kept():
    backend = Shades([20, 100, 250])
    made = Covers(backend, GreyEye()).run(_request(source=0, aim=255))
    # 250 is nearest to the person, but nobody would know the video by it.
    assert made.image.mean() == 100
    assert len(backend.strengths) == 3


def test_second_round_is_gentler_and_the_frame_stays_when_nothing_is_recognised():
    backend = Shades([250])
    covers = Covers(backend, GreyEye())
    made = covers.run(_request(source=0, aim=255))
    assert made.image.mean() == 0
    assert covers.given_up == 1
    assert backend.strengths[0] > backend.strengths[-1]


def test_interrupted_work_goes_on_where_it_stopped(tmp_path):
    said: list[str] = []
    judge = SimpleNamespace(name="judge", see=GreyEye().encode_images)
    requests = [_request(0, grey) for grey in (10, 20, 30)]
    first = Shades([50])
    Maker(first, judge, tmp_path, said.append).make_all(requests[:2])
    again = Shades([50])
    made = Maker(again, judge, tmp_path, said.append).make_all(requests)
    assert len(again.strengths) == 1
    assert len(made) == 3
    assert "takes about" in said[0]


def test_newest_like_weighs_most():
    weights = weights_by_age(3)
    assert weights[0] > weights[1] > weights[2]
    assert abs(weights.sum() - 1) < 1e-6
