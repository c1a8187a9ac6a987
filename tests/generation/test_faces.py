"""Blurring faces: one's own picture or video, by a job, with nothing shown between two looks."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from catalog.models import Item
from catalog.services import store_media
from common.errors import InvalidInputError
from common.guidance import Guidance
from generation.core.backends import GenerationCancelled
from generation.models import Job
from generation.operations import Product, Work
from generation.operations.faces import blur
from generation.services import run_job, submit_job
from media.encoding import encode_clip
from tests.factories import ItemFactory
from vision.faces import Sight

HEAD = cv2.GaussianBlur(
    np.random.default_rng(3).integers(0, 255, (60, 48, 3)).astype(np.uint8), (0, 0), 1.5
)
HEIGHT, WIDTH = 240, 180


def scene(x: int = 60) -> np.ndarray:
    picture = np.full((HEIGHT, WIDTH, 3), (214, 208, 200), np.uint8)
    cv2.rectangle(picture, (x - 10, 110), (x + 58, 230), (60, 90, 160), -1)
    picture[40:100, x : x + 48] = HEAD
    return picture


def sight(x: int = 60) -> Sight:
    return Sight((x / WIDTH, 40 / HEIGHT, 48 / WIDTH, 60 / HEIGHT), is_sure=True)


def detail(picture: np.ndarray, x: int = 60) -> float:
    """How much can be made out where the head is."""
    return float(cv2.Laplacian(picture[50:90, x + 8 : x + 40], cv2.CV_64F).std())


def work(person, source: Item, **said) -> Work:
    guidance = Guidance(
        user_id=person.pk, instruction="blur the faces", mode="blur", kind=source.kind, **said
    )
    return Work(guidance, source, lambda done, total: None, lambda: False)


@pytest.fixture
def portrait(uploader) -> Item:
    item = ItemFactory(owner=uploader, title="Blue coat", colours=["blue"])
    store_media(item=item, image=scene())
    return item


@pytest.fixture
def walk(uploader) -> Item:
    """A video of two seconds in which somebody walks to the right, with sound."""
    frames = [scene(20 + 3 * step) for step in range(24)]
    item = ItemFactory(owner=uploader, kind=Item.Kind.VIDEO, title="Walk")
    tone = np.zeros((88200, 2), np.float32)
    store_media(item=item, video=encode_clip(frames, fps=12, sound=tone), poster=frames[0])
    return item


@pytest.fixture
def detector(monkeypatch):
    """Says what faces there are; nobody at first."""
    found: list[Sight] = []
    monkeypatch.setattr("generation.operations.faces.find_sights", lambda picture, path: found)
    return found


def mask(top: int, bottom: int) -> str:
    painted = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    painted[top:bottom, 40:120] = 255
    kept = io.BytesIO()
    Image.fromarray(painted).save(kept, "PNG")
    return base64.b64encode(kept.getvalue()).decode()


def test_a_face_in_a_picture_cannot_be_made_out_and_the_clothes_are_as_they_were(
    uploader, portrait, detector
):
    detector.append(sight())
    made = blur(work(uploader, portrait))
    assert made.image is not None
    assert detail(made.image) < detail(scene()) / 3
    assert np.abs(made.image[130:].astype(int) - scene()[130:]).mean() < 3
    assert made.manifest["faces"] == 1


def test_what_the_detector_missed_can_be_painted_over(uploader, portrait, detector):
    made = blur(work(uploader, portrait, mask_png=mask(40, 100)))
    assert made.image is not None
    assert detail(made.image) < detail(scene()) / 3


def test_without_a_face_the_person_is_told_what_else_to_do(uploader, portrait, detector):
    with pytest.raises(InvalidInputError, match="Brush over the faces"):
        blur(work(uploader, portrait))


def test_a_video_is_covered_in_every_frame_though_one_look_saw_the_face(
    uploader, walk, monkeypatch
):
    looks = iter(range(100))
    monkeypatch.setattr(
        "vision.face_tracks.find_sights",
        lambda picture, path: [sight(20 + 3 * 8)] if next(looks) == 4 else [],
    )
    made: Product = blur(work(uploader, walk))
    assert isinstance(made.video, Path)
    with av.open(str(made.video)) as container:
        assert container.streams.audio
        frames = [one.to_ndarray(format="rgb24") for one in container.decode(video=0)]
    assert len(frames) == 24
    plain = detail(scene())
    assert all(detail(one, 20 + 3 * n) < plain / 3 for n, one in enumerate(frames))
    assert made.poster is not None
    assert min(detail(made.poster, 20 + 3 * n) for n in range(24)) < plain / 3


def test_a_video_of_nobody_is_refused_in_words(uploader, walk, monkeypatch):
    monkeypatch.setattr("vision.face_tracks.find_sights", lambda picture, path: [])
    with pytest.raises(InvalidInputError, match="nothing to blur"):
        blur(work(uploader, walk))


def test_it_stops_when_it_is_cancelled(uploader, walk):
    asked = work(uploader, walk)
    stopped = Work(asked.guidance, walk, asked.report, lambda: True)
    with pytest.raises(GenerationCancelled):
        blur(stopped)


def test_the_job_makes_a_new_version_that_is_still_called_the_same(uploader, portrait, detector):
    detector.append(sight())
    job = submit_job(
        user=uploader, guidance=work(uploader, portrait).guidance, source=portrait, request_key="k"
    )
    assert run_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.DONE, job.problem
    assert job.result is not None
    assert (job.result.parent, job.result.title) == (portrait, "Blue coat")
    assert job.result.state == Item.State.DRAFT
    assert job.result.colours == ["blue"]
