"""From a guidance to what the generator is asked: words, likes, and a picture to begin from."""

from __future__ import annotations

import numpy as np
import pytest

from catalog.models import Embedding, Item
from catalog.services import store_media
from common.errors import InvalidInputError
from common.guidance import Attributes, Guidance
from generation import conditions
from generation.conditions import choose_likes, complete, find_reference, get_history, prompt_of
from generation.models import Job
from generation.runner import run_job
from tests.factories import ItemFactory, UserFactory


def _near(direction: int, count: int, noise: float = 0.02) -> np.ndarray:
    """Vectors of one taste."""
    rng = np.random.default_rng(direction)
    rows = np.eye(16)[direction] + noise * rng.normal(size=(count, 16))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


# --- which likes guide ---------------------------------------------------------------------------
def test_one_taste_does_not_drown_the_others():
    skirts, dresses = _near(0, 20), _near(1, 2)
    chosen = choose_likes(np.concatenate([skirts, dresses]))
    assert chosen == [0, 1, 2, 20, 21]


def test_many_tastes_are_cut_at_the_most_and_the_newest_stay():
    assert choose_likes(np.eye(16, dtype=np.float32), most=8) == list(range(8))


def test_choosing_among_the_chosen_changes_nothing():
    rows = np.random.default_rng(3).normal(size=(50, 6)).astype(np.float32)
    chosen = choose_likes(rows)
    assert choose_likes(rows[chosen]) == list(range(len(chosen)))


def test_a_vector_of_no_length_is_harmless():
    assert choose_likes(np.zeros((3, 4), np.float32)) == [0, 1, 2]


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(conditions, "encoder_name", lambda: "small")


def _liked(rows: np.ndarray) -> list[int]:
    items = ItemFactory.create_batch(len(rows), published=True)
    for item, row in zip(items, rows, strict=True):
        Embedding.objects.create(item=item, model="small", vector=row)
    return [item.pk for item in items]


def test_weights_fall_with_age_and_rise_with_the_rating(db, small):
    ids = _liked(np.eye(3, dtype=np.float32))
    _, plain = get_history(ids)
    assert (np.diff(plain) < 0).all()
    _, rated = get_history(ids, (1.0, 1.0, 2.0))
    assert rated[2] > rated[1]
    assert plain.sum() == pytest.approx(1)
    assert rated.sum() == pytest.approx(1)


def test_no_likes_at_all(db, small):
    assert get_history(())[0].shape == (0, 128)
    ids = _liked(np.eye(3, dtype=np.float32))
    assert len(get_history(ids, most=0)[0]) == 0


def test_the_item_says_exactly_which_likes_guided_it(ask, generator, small):
    ids = _liked(np.concatenate([_near(0, 6), _near(1, 1)]))
    job = ask(liked_item_ids=tuple(ids), liked_weights=(1.0,) * 7, history_size=4)
    run_job(job_id=job.pk)
    item = Job.objects.get(pk=job.pk).result
    assert item.guidance["liked_item_ids"] == [*ids[:3], ids[6]]
    assert item.manifest["liked_item_ids"] == item.guidance["liked_item_ids"]
    assert len(generator.requests[0].history) == 4


@pytest.mark.parametrize(
    "wrong", [{"history_size": 9}, {"liked_weights": (1.0,)}, {"liked_weights": (0.0, 1.0)}]
)
def test_likes_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InvalidInputError):
        Guidance(user_id=1, instruction="a hat", **({"liked_item_ids": (1, 2)} | wrong))


# --- words ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("said", "prompt"),
    [
        ({"wanted": Attributes("skirt", ("black",))}, "black skirt"),
        ({"wanted": Attributes("skirt", ("black",)), "look": "photo"}, "photo of a black skirt"),
        (
            {"wanted": Attributes("skirt", ("black",)), "look": "illustration"},
            "illustration of a black skirt",
        ),
        ({"look": "photo"}, "for the rain, photo"),
        ({"look": "illustration"}, "for the rain"),
        ({"style": "neon"}, "for the rain"),
    ],
)
def test_the_prompt_is_worded_as_the_creators_captions(said, prompt):
    assert prompt_of(Guidance(user_id=1, instruction="for the rain", **said)) == prompt


def test_sliders_reach_the_generator_and_are_its_own_when_left_alone(ask, generator):
    run_job(job_id=ask().pk)
    run_job(job_id=ask(literalness=7.0, personality=0.0).pk)
    usual, asked = generator.requests
    assert (asked.guidance_text, asked.guidance_history) == (7.0, 0.0)
    assert usual.guidance_text != 7.0


# --- a picture to begin from ---------------------------------------------------------------------
RED = (200, 36, 46)


def _picture(**fields) -> Item:
    item = ItemFactory(published=True, **fields)
    store_media(item=item, image=np.full((240, 180, 3), RED, np.uint8))
    return item


def test_an_own_picture_is_painted_over(ask, viewer, generator):
    mine = _picture(owner=viewer)
    job = ask(reference_item_ids=(mine.pk,), strength=0.3)
    run_job(job_id=job.pk)
    [request] = generator.requests
    assert (request.init_image.shape, request.strength) == ((240, 180, 3), 0.3)
    item = Job.objects.get(pk=job.pk).result
    assert item.manifest["reference"] == {"item_id": mine.pk, "use": "painted over"}
    assert item.parent is None, "it is a new design, not a version of that picture"


@pytest.mark.parametrize(
    ("allows", "garment_type", "strength", "is_canvas"),
    [
        (True, "skirt", 0.5, True),
        (False, "skirt", 0.5, False),  # not theirs to change: an example like a liked item
        (True, "shoes", 0.5, False),  # no skirt comes of a picture of shoes
        (True, "", 0.5, True),
        (True, "skirt", 1.0, False),  # nothing of it would stay
    ],
)
def test_what_may_not_or_cannot_be_painted_over_is_an_example(
    viewer, allows, garment_type, strength, is_canvas
):
    item = _picture(allows_edits=allows, garment_type=garment_type)
    guidance = Guidance(
        user_id=viewer.pk,
        instruction="a skirt",
        wanted=Attributes("skirt"),
        reference_item_ids=(item.pk,),
        strength=strength,
    )
    found = find_reference(guidance)
    assert found is not None
    assert found.is_canvas is is_canvas


def test_an_example_counts_more_than_a_plain_like(ask, generator, small):
    [example, like] = _liked(np.eye(2, dtype=np.float32))
    store_media(item=Item.objects.get(pk=example), image=np.full((60, 45, 3), RED, np.uint8))
    job = ask(reference_item_ids=(example,), liked_item_ids=(like,))
    run_job(job_id=job.pk)
    [request] = generator.requests
    assert request.init_image is None
    np.testing.assert_array_equal(request.history, np.eye(2))
    assert request.history_weights[0] > 2 * request.history_weights[1]


def test_a_picture_that_is_gone_is_left_out_and_said_so(ask, viewer, generator):
    mine = _picture(owner=viewer)
    job = ask(reference_item_ids=(mine.pk,))
    Item.objects.filter(pk=mine.pk).update(state=Item.State.REMOVED)
    run_job(job_id=job.pk)
    assert generator.requests[0].init_image is None
    assert "was left out" in Job.objects.get(pk=job.pk).result.manifest["warnings"][0]


def test_a_clip_is_not_told_which_likes_to_use(db, small):
    """Only what is drawn reads likes one by one; a clip is chosen by all of them."""
    ids = tuple(_liked(_near(0, 6)))
    person = UserFactory()
    said = {"user_id": person.pk, "instruction": "", "kind": "video", "liked_item_ids": ids}
    assert complete(Guidance(mode="clip", **said), ItemFactory()).liked_item_ids == ids
    assert len(complete(Guidance(mode="create", **said), None).liked_item_ids) == 3
