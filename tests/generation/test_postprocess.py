"""Results that fall short are made once more, then refused with what to change."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from catalog.models import Embedding, Item
from catalog.services import store_media
from common.guidance import Attributes, Guidance
from generation.core.backends import GenerationCancelled
from generation.operations import Product, Work
from generation.postprocess import CouldNotMakeError, finish, settled_guidance
from generation.runner import run_job
from media.encoding import encode_clip
from tests.factories import ItemFactory

RED_SKIRT = Attributes(type="skirt", colours=("red",), pattern="plain")


class NamingEncoder:
    """Stands for the encoder: a text's vector is its own, a picture's that of `shows`.

    "not a red skirt" is as far from "a red skirt" as can be.
    """

    name = "naming:1"

    def __init__(self) -> None:
        self.shows = ["red plain skirt"]

    def encode_texts(self, texts: list[str]) -> np.ndarray:
        rows = [np.random.default_rng(zlib.crc32(text.encode())).normal(size=32) for text in texts]
        vectors = np.array(rows, np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def encode_images(self, images: list[np.ndarray]) -> np.ndarray:
        shown = self.shows.pop(0) if len(self.shows) > 1 else self.shows[0]
        sign = -1 if shown.startswith("not ") else 1
        return sign * self.encode_texts([shown.removeprefix("not ")])


@pytest.fixture(autouse=True)
def encoder(settings, monkeypatch: pytest.MonkeyPatch) -> NamingEncoder:
    settings.GENERATION_JUDGES_RESULTS = True
    encoder = NamingEncoder()
    for place in ("generation.postprocess", "generation.conditions"):
        monkeypatch.setattr(f"{place}.load_current_encoder", lambda: encoder)
    return encoder


def drawn(seed: int = 0, size: int = 240) -> np.ndarray:
    """A clear picture: a red block with dark edges on grey."""
    picture = np.full((size, size * 3 // 4, 3), 210, np.uint8)
    picture[size // 4 : -size // 4, 30 + seed % 7 : -30] = (190, 30, 40)
    picture[size // 4 : size // 4 + 6] = 20
    return picture


def blurred() -> np.ndarray:
    return cv2.GaussianBlur(drawn(), (0, 0), 12)


class Operation:
    """Returns the given pictures one after the other and remembers what it was asked."""

    def __init__(self, *pictures: np.ndarray | Product) -> None:
        self.pictures = list(pictures)
        self.guidance: list[Guidance] = []

    def __call__(self, work: Work) -> Product:
        self.guidance.append(work.guidance)
        work.report(1, 4)
        made = self.pictures[len(self.guidance) - 1]
        if isinstance(made, Product):
            return made
        return Product(image=made, manifest={"seed": work.guidance.seed})


@pytest.fixture
def work(db: None) -> Callable[..., Work]:
    def build(source: Item | None = None, **said) -> Work:
        words = {"instruction": "a red skirt", "wanted": RED_SKIRT, "seed": 5} | said
        return Work(Guidance(user_id=1, **words), source, lambda done, total: None, lambda: False)

    return build


def test_what_is_good_is_made_once_and_its_judgement_kept(work):
    operation = Operation(drawn())
    product = finish(work(), operation)
    (attempt,) = product.manifest["quality"]["attempts"]
    assert len(operation.guidance) == 1
    assert attempt["good"]
    assert {one["name"] for one in attempt["measures"]} >= {"clarity", "smoothness", "relevance"}


def test_a_blurred_picture_is_made_again_with_another_seed_and_the_better_one_kept(work):
    operation = Operation(blurred(), drawn())
    asked = work()
    product = finish(asked, operation)
    first, second = operation.guidance
    assert first.seed != second.seed
    assert np.array_equal(product.image, drawn())
    assert [one["good"] for one in product.manifest["quality"]["attempts"]] == [False, True]
    # What is stored with the item is what it was made by.
    assert settled_guidance(asked.guidance, product) == second


def test_what_does_not_fit_the_words_is_tried_again_more_literally(work, encoder):
    encoder.shows = ["not red plain skirt", "red plain skirt"]
    operation = Operation(drawn(), drawn(3))
    product = finish(work(literalness=4.0), operation)
    assert operation.guidance[1].literalness == 5.4
    assert product.manifest["quality"]["kept"] == 1


def test_another_colour_than_asked_for_is_worth_a_second_try_but_no_refusal(work):
    green = drawn()[..., [1, 0, 2]].copy()
    operation = Operation(green, drawn())
    assert np.array_equal(finish(work(), operation).image, drawn())
    assert operation.guidance[1].literalness == 5.4
    stays = finish(work(), Operation(green, green))
    measures = {
        one["name"]: one["ok"] for one in stays.manifest["quality"]["attempts"][0]["measures"]
    }
    assert measures["colour"] is False


def test_twice_in_vain_is_an_honest_refusal_that_says_what_to_change(work, encoder):
    encoder.shows = ["not red plain skirt"]
    with pytest.raises(CouldNotMakeError) as refusal:
        finish(work(), Operation(drawn(), drawn(1)))
    assert "I could not make this well: it does not show what you asked for" in str(refusal.value)
    assert "Try fewer or plainer words" in str(refusal.value)


def test_it_is_never_made_more_than_twice(work):
    operation = Operation(blurred(), blurred(), drawn())
    with pytest.raises(CouldNotMakeError):
        finish(work(), operation)
    assert len(operation.guidance) == 2


def test_a_style_is_not_drawn_by_lot_so_it_is_not_made_again(work):
    product = finish(
        work(mode="style", style="neon", source=None), operation := Operation(blurred())
    )
    assert len(operation.guidance) == 1
    assert product.manifest["quality"]["attempts"][0]["good"]


def test_a_style_that_left_nothing_to_see_is_refused_unless_there_was_nothing(work, uploader):
    blank = np.full((240, 180, 3), 120, np.uint8)
    source = ItemFactory(owner=uploader, media_state="ready")
    store_media(item=source, image=drawn())
    asked = work(source, mode="style", style="neon")
    with pytest.raises(CouldNotMakeError, match="it came out empty"):
        finish(asked, Operation(blank))
    store_media(item=source, image=blank)
    assert finish(asked, Operation(blank)).image is blank


def test_an_edit_that_changed_nothing_is_made_again_with_more_strength(work, uploader):
    source = ItemFactory(owner=uploader, media_state="ready")
    store_media(item=source, image=drawn())
    green = drawn()[..., [1, 0, 2]].copy()
    operation = Operation(drawn(), green)
    product = finish(work(source, mode="edit", strength=0.5), operation)
    assert operation.guidance[1].strength == 0.65
    assert np.array_equal(product.image, green)


def test_a_copy_of_what_is_on_the_site_is_made_again(work, encoder, uploader):
    there = ItemFactory(owner=uploader, title="That skirt", published=True)
    store_media(item=there, image=textured(1))
    vector = encoder.encode_texts(["red plain skirt"])[0]
    Embedding.objects.create(item=there, model=encoder.name, vector=vector)
    with pytest.raises(CouldNotMakeError, match="the same as “That skirt”"):
        finish(work(), Operation(textured(1), textured(1)))
    assert finish(work(), Operation(textured(1), textured(2))).manifest["quality"]["kept"] == 1


def textured(seed: int) -> np.ndarray:
    """A picture with enough structure to be hashed."""
    coarse = np.random.default_rng(seed).integers(0, 255, (8, 6, 3)).astype(np.uint8)
    return cv2.resize(coarse, (180, 240), interpolation=cv2.INTER_NEAREST)


def test_cancelling_stops_the_second_try(work):
    stopped = False

    def operation(asked: Work) -> Product:
        nonlocal stopped
        asked.check()
        stopped = True
        return Product(image=blurred(), manifest={})

    asked = dataclasses.replace(work(), should_stop=lambda: stopped)
    with pytest.raises(GenerationCancelled):
        finish(asked, operation)


def test_progress_of_the_second_try_goes_on_from_the_first(work):
    told = []
    asked = dataclasses.replace(work(), report=lambda done, total: told.append((done, total)))
    finish(asked, Operation(blurred(), drawn()))
    assert told == [(1, 4), (5, 8)]


def test_an_exact_repetition_is_taken_as_it_is(work):
    operation = Operation(blurred())
    product = finish(dataclasses.replace(work(), revision="abc"), operation)
    assert "quality" not in product.manifest


def test_without_an_encoder_the_rest_is_judged(work, monkeypatch):
    def broken() -> None:
        raise OSError("no weights")

    monkeypatch.setattr("generation.postprocess.load_current_encoder", broken)
    measures = finish(work(), Operation(drawn())).manifest["quality"]["attempts"][0]["measures"]
    assert {one["name"]: one["ok"] for one in measures}["relevance"] is None


def test_a_picture_is_enlarged_when_asked_for(work):
    product = finish(work(upscale=2), Operation(drawn(size=128)))
    assert product.image.shape == (256, 192, 3)
    assert product.manifest["upscaled"]["done"] == 2.0


def video_of(frames: list[np.ndarray]) -> Product:
    return Product(video=encode_clip(frames, fps=12), poster=frames[len(frames) // 2], manifest={})


def swaying(count: int = 16) -> list[np.ndarray]:
    return [np.roll(drawn(), index * 2, axis=1) for index in range(count)]


def test_a_video_that_stands_still_is_made_again(work):
    operation = Operation(video_of([drawn()] * 16), video_of(swaying()))
    product = finish(work(kind="video"), operation)
    assert product.manifest["quality"]["kept"] == 1


def test_a_flickering_and_a_black_video_are_refused(work):
    flicker = [
        np.clip(f.astype(int) - 40 * (i % 2), 0, 255).astype(np.uint8)
        for i, f in enumerate(swaying())
    ]
    with pytest.raises(CouldNotMakeError, match="flickers"):
        finish(work(kind="video"), Operation(video_of(flicker), video_of(flicker)))
    black = [*swaying(5), *([np.zeros_like(drawn())] * 12)]
    dark = dataclasses.replace(video_of(black), poster=drawn())
    with pytest.raises(CouldNotMakeError, match="black"):
        finish(work(kind="video"), Operation(dark, dark))


def test_the_person_reads_why_and_nothing_is_stored(ask, generator, encoder):
    encoder.shows = ["not black striped skirt"]
    job = ask()
    assert run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == ("failed", None)
    assert job.problem.startswith("I could not make this well")
    assert generator.runs == 2
    assert Item.objects.count() == 0


def test_the_item_remembers_the_seed_of_the_try_that_was_kept(ask, generator, encoder):
    encoder.shows = ["not black striped skirt", "black striped skirt"]
    job = ask()
    assert run_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "done", job.problem
    assert job.result.guidance["seed"] == generator.requests[1].seed != generator.requests[0].seed
    assert job.result.manifest["quality"]["kept"] == 1
