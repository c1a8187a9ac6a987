"""What an instruction changes about a picture, and what it leaves alone."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from catalog.models import Item
from catalog.services import store_media
from common.guidance import Attributes
from generation.models import Job
from generation.operations import read_picture
from generation.services import run_job
from tests.factories import ItemFactory
from vision.colours import measure_colours

RED = Attributes(type="skirt", colours=("red",), pattern="plain")


@pytest.fixture
def photo(uploader) -> Item:
    """A red skirt before a light wall."""
    item = ItemFactory(
        owner=uploader, title="Red skirt", colours=["red"], pattern="plain", garment_type="skirt"
    )
    picture = np.full((320, 240, 3), (226, 222, 214), np.uint8)
    picture[60:280, 60:180] = (200, 36, 46)
    noise = np.random.default_rng(1).integers(-4, 5, picture.shape)
    store_media(item=item, image=(picture.astype(int) + noise).clip(0, 255).astype(np.uint8))
    return item


@pytest.fixture
def edit(ask, uploader, photo, generator):
    def _edit(**said) -> Job:
        job = ask(user=uploader, source=photo, mode="edit", **said)
        run_job(job_id=job.pk)
        job.refresh_from_db()
        return job

    return _edit


def painted(box: tuple[slice, slice]) -> str:
    mask = np.zeros((320, 240), np.uint8)
    mask[box] = 255
    file = io.BytesIO()
    Image.fromarray(mask).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_a_new_colour_is_worked_into_the_picture_itself(edit, photo, generator):
    job = edit(instruction="make it navy", wanted=Attributes(type="skirt", colours=("navy",)))
    made = read_picture(job.result)
    assert (job.state, job.backend, generator.runs) == (Job.State.DONE, "retouch@1", 0)
    assert measure_colours(made)[0][0] == "navy"
    # The wall is the wall of the photograph.
    before = read_picture(photo)
    assert np.abs(made[:40].astype(int) - before[:40]).mean() < 3
    assert made.shape == before.shape


def test_a_new_pattern_keeps_the_colours(edit):
    job = edit(
        instruction="with white stripes",
        wanted=Attributes(type="skirt", colours=("red", "white"), pattern="striped"),
    )
    named = dict(measure_colours(read_picture(job.result)))
    assert {"red", "white"} <= set(named)
    assert (job.result.pattern, job.result.colours) == ("striped", ["red", "white"])


def test_another_garment_is_drawn_by_the_creator(edit, generator):
    job = edit(instruction="make it a dress", wanted=Attributes(type="dress", colours=("red",)))
    assert (generator.runs, job.backend) == (1, "stripes@1")


def test_a_background_is_changed_by_its_name(edit, photo):
    job = edit(instruction="on a blue wall", wanted=RED, edit="background")
    made = read_picture(job.result)
    assert made[20, 20, 2] > made[20, 20, 0] + 60
    assert np.abs(made[150, 120].astype(int) - read_picture(photo)[150, 120]).max() < 25


def test_an_unknown_background_fails_with_what_to_say_instead(edit):
    job = edit(instruction="on the moon", wanted=RED, edit="background")
    assert (job.state, "studio, sunset" in job.problem) == (Job.State.FAILED, True)


def test_only_the_painted_part_is_replaced(edit, generator, photo):
    region = (slice(100, 160), slice(80, 140))
    job = edit(instruction="a white pocket", wanted=RED, edit="replace", mask_png=painted(region))
    made, before = read_picture(job.result), read_picture(photo)
    assert generator.runs == 1
    assert generator.requests[0].mask is not None
    assert np.abs(made[region].astype(int) - before[region]).mean() > 20
    assert np.abs(made[200:].astype(int) - before[200:]).mean() < 3


def test_removing_needs_a_painted_region(edit):
    job = edit(instruction="remove it", wanted=RED, edit="remove")
    assert "Brush over" in job.problem


def test_a_broken_mask_fails_with_a_sentence(edit):
    job = edit(instruction="remove it", wanted=RED, edit="remove", mask_png="%%%")
    assert "could not be read" in job.problem


def test_a_change_and_a_style_are_both_carried_out(edit):
    job = edit(
        instruction="navy, as a neon picture",
        wanted=Attributes(type="skirt", colours=("navy",)),
        style="neon",
    )
    made = read_picture(job.result)
    assert job.result.manifest["style"]["name"] == "neon"
    # Neon has a dark ground where the photograph had a light wall.
    assert made[:40].mean() < 120
