"""The worlds: nothing that is evaluated was learnt from, and the same seed gives the same world."""

from __future__ import annotations

import numpy as np
import pytest

from common.errors import InvalidInputError
from evaluation.demo_world import DemoWorld
from evaluation.fashion_world import draw_fashion, photograph_fashion
from evaluation.folder_world import FolderWorld
from evaluation.photographs import load_photographs, swap_backgrounds
from evaluation.worlds import FRAMES, HEIGHT, SEGMENT_FRAMES, WIDTH, Person, World, draw_items


@pytest.fixture(scope="module")
def demo() -> DemoWorld:
    return DemoWorld(people=12, videos=40, seed=3)


@pytest.fixture(scope="module")
def photographs(wardrobe, tmp_path_factory):
    return load_photographs(wardrobe, tmp_path_factory.mktemp("cache"), everybody=True)


@pytest.fixture(scope="module")
def folder(photographs) -> FolderWorld:
    return FolderWorld(photographs, people=12, videos=30, seed=3)


@pytest.mark.parametrize("name", ["demo", "folder"])
def test_nothing_evaluated_is_in_history_or_interactions(name, request):
    world: World = request.getfixturevalue(name)
    world.check()
    learnt = set(world.interactions())
    for index, person in enumerate(world.people):
        assert len(person.history)
        assert len(person.future)
        assert not set(person.future) & set(person.history)
        assert not {(index, int(video)) for video in person.candidates} & learnt


def test_check_finds_a_leak(demo):
    leaky = DemoWorld(people=3, videos=40, seed=3)
    person = leaky.people[1]
    leaky.people[1] = Person(person.history, person.future, person.history)
    with pytest.raises(AssertionError, match="candidate"):
        leaky.check()
    leaky.people[1] = Person(person.history, person.history[:1], person.candidates)
    with pytest.raises(AssertionError, match="future"):
        leaky.check()


def test_videos_of_the_demo_world_hold_eight_known_garments(demo):
    frames = demo.frames(0)
    assert frames.shape == (FRAMES, HEIGHT, WIDTH, 3)
    assert demo.pleasure().shape == (12, 40, FRAMES // SEGMENT_FRAMES)
    assert np.array_equal(demo.frame(0, 21), frames[21])
    # The thumbnail is the opening garment: nearer to the first frame than to other segments'.
    still = demo.thumbnails()[0].astype(float)
    gaps = [np.abs(frames[s * SEGMENT_FRAMES] - still).mean() for s in range(8)]
    assert np.argmin(gaps) == 0


def test_people_of_the_demo_world_like_what_their_taste_says(demo):
    pleasure = demo.pleasure()[:, :, 0]
    for index, person in enumerate(demo.people):
        assert pleasure[index, person.history].mean() > pleasure[index].mean()


def test_same_seed_same_world_and_more_people_change_no_video():
    first, again = DemoWorld(people=4, videos=30, seed=1), DemoWorld(people=9, videos=30, seed=1)
    assert first.reels == again.reels
    assert np.array_equal(first.people[3].history, again.people[3].history)
    assert DemoWorld(people=4, videos=30, seed=2).reels != first.reels


def test_videos_of_a_folder_show_one_type_by_different_people(folder, photographs):
    for reel in folder.reels:
        assert len(set(photographs.types[reel])) == 1
        assert len(set(photographs.senders[reel])) == len(reel)
    assert folder.frames(0).shape == (FRAMES, HEIGHT, WIDTH, 3)
    assert np.array_equal(folder.frame(0, 21), folder.frames(0)[21])


def test_person_is_never_shown_a_video_with_their_own_photograph(folder, photographs):
    for sender, person in zip(folder.senders, folder.people, strict=True):
        own = set(photographs.of(sender))
        assert all(not own & set(folder.reels[video]) for video in person.candidates)


def test_opening_of_both_worlds_moves(demo, folder):
    for world in (demo, folder):
        frames = world.opening(0, 6, 12)
        assert frames.shape == (6, 160, 120, 3)
        assert np.abs(frames[0].astype(int) - frames[-1]).mean() > 1


def test_recommended_items_are_new_and_different(demo):
    items = draw_items(demo.people, runs=3, k=5, rng=np.random.default_rng(0))
    assert items.shape == (12, 3, 5)
    for person, runs in zip(demo.people, items, strict=True):
        assert set(runs.ravel()) <= set(person.candidates)
        assert all(len(set(run)) == 5 for run in runs)
    with pytest.raises(InvalidInputError, match="smaller k"):
        draw_items(demo.people, runs=1, k=1000, rng=np.random.default_rng(0))


def test_only_people_that_no_training_saw_are_evaluated(wardrobe, tmp_path):
    held = load_photographs(wardrobe, tmp_path)
    everybody = load_photographs(wardrobe, tmp_path, everybody=True)
    assert 0 < len(held) < len(everybody)
    # Kept, and read again the same.
    again = load_photographs(wardrobe, tmp_path)
    assert again.digest() == held.digest()


def test_swapped_background_keeps_the_garment(photographs):
    swapped = swap_backgrounds(photographs, np.random.default_rng(0))
    mask = photographs.masks[0]
    assert mask.any()
    assert np.array_equal(swapped[0][mask], photographs.images[0][mask])
    assert not np.array_equal(swapped[0][~mask], photographs.images[0][~mask])


@pytest.mark.parametrize("look", ["illustration", "photo"])
def test_fashion_target_is_not_in_the_history(look, photographs):
    if look == "photo":
        world = photograph_fashion(photographs, people=10, seed=0)
        assert world.swapped is not None
    else:
        world = draw_fashion(people=10, seed=0, corpus=160)
        assert world.swapped is None
    world.check()
    assert world.look == look
    for case in world.cases:
        assert case.target not in case.history
        assert case.target not in world.others(case)
        assert case.instruction


def test_world_too_small_for_anybody_to_like_something_is_refused():
    with pytest.raises(InvalidInputError, match="at least 30"):
        DemoWorld(people=4, videos=6, seed=1)


def test_folder_without_a_list_or_pictures_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"images\.csv"):
        load_photographs(tmp_path, tmp_path)
    (tmp_path / "images.csv").write_text("image,label\na,dress\n")
    with pytest.raises(InvalidInputError, match="columns"):
        load_photographs(tmp_path, tmp_path)
    (tmp_path / "images.csv").write_text("image,sender_id,label\na,1,dress\n")
    with pytest.raises(InvalidInputError, match="None of the pictures"):
        load_photographs(tmp_path, tmp_path, everybody=True)
