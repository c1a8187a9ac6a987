"""The demo world's plan, its people, and what happens when making it was interrupted."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from accounts.models import User
from common.vocabulary import COLOURS, PATTERNS, TYPES
from demo.lookbooks import LOOK_SECONDS, LOOKS
from demo.people import Taste, Traits, browse, draw_chance, sample_taste
from demo.seeding import clear_interrupted, make_people, world_exists
from demo.world import plan_items, plan_lookbooks, render
from media.frames import sample_video
from tests.factories import UserFactory


def test_the_same_seed_plans_the_same_world():
    assert plan_items(40, 8, seed=3) == plan_items(40, 8, seed=3)
    assert plan_items(40, 8, seed=3) != plan_items(40, 8, seed=4)


def test_a_third_are_videos_and_every_type_colour_and_pattern_is_there():
    plans = plan_items(600, 8, seed=1)
    assert sum(plan.kind == "video" for plan in plans) == 200
    assert {(p.spec.type, p.spec.colour) for p in plans} == {(t, c) for t in TYPES for c in COLOURS}
    assert {plan.spec.pattern for plan in plans} == set(PATTERNS)
    assert len(Counter(plan.uploader for plan in plans)) == 8


def test_a_clip_is_stored_as_mp4_with_sound_and_stills():
    plan = next(plan for plan in plan_items(9, 2, seed=1) if plan.kind == "video")
    files = {made.role: made for made in render(plan).renditions}
    assert set(files) == {"master", "poster", "thumb"}
    assert files["master"].mime == "video/mp4"
    assert files["master"].has_sound


def test_the_frames_of_a_clip_are_sampled_as_it_is_drawn():
    plan = next(plan for plan in plan_items(9, 2, seed=1) if plan.kind == "video")
    made = render(plan)
    decoded = sample_video(made.renditions[0].data)
    assert made.sample.times == pytest.approx(decoded.times)
    for known, seen in zip(made.sample.pictures, decoded.pictures, strict=True):
        assert np.abs(known.astype(int) - seen.astype(int)).mean() < 10
    assert render(plan_items(1, 2, seed=1)[0]).sample is None


def test_lookbooks_are_long_and_of_many_tastes():
    plans = plan_lookbooks(8, 3, seed=1)
    assert plans == plan_lookbooks(8, 3, seed=1)
    assert len({plan.title for plan in plans}) == 8
    for plan in plans:
        assert plan.kind == "video"
        assert len({spec.type for spec, _ in plan.scenes}) == len(plan.scenes)
        assert len({spec.colour for spec, _ in plan.scenes}) == len(plan.scenes)


@pytest.mark.slow
def test_a_lookbook_has_music_its_scenes_and_a_still_of_each_look():
    plan = plan_lookbooks(1, 1, seed=2)[0]
    made = render(plan)
    master = made.renditions[0]
    assert master.has_sound
    assert 15 <= master.duration_s <= 25
    assert {int(still.time_s // LOOK_SECONDS) for still in made.sample.stills} == set(range(LOOKS))
    # What the detector finds in the file is what was drawn.
    found = sample_video(master.data).scene_starts
    assert found == pytest.approx(made.sample.scene_starts, abs=0.1)


def _traits() -> Traits:
    return Traits.of([(kind, "red", "plain", "image") for kind in TYPES * 8])


def test_people_like_what_their_hidden_taste_says():
    fond_of_skirts = np.full(len(TYPES), 0.01)
    fond_of_skirts[TYPES.index("skirt")] = 0.85
    taste = Taste(fond_of_skirts, np.full(13, 1 / 13), np.full(6, 1 / 6), video=0.0, openness=1.0)
    traits = _traits()
    acts = browse(taste, traits, np.random.default_rng(1), count=len(traits.types))
    liked = Counter(TYPES[traits.types[act.item]] for act in acts if act.kind == "like")
    assert liked.most_common(1)[0][0] == "skirt"


def test_what_is_shown_is_half_by_lot():
    chance = draw_chance(sample_taste(np.random.default_rng(2)), _traits())
    assert chance.sum() == pytest.approx(1.0)
    assert chance.min() >= 0.5 / len(chance)


@pytest.mark.django_db
def test_demo_logins_work_only_once_the_world_is_complete():
    people = make_people("secret", viewers=3)
    assert not people["viewer"].is_active
    assert not world_exists()
    User.objects.filter(username="viewer").update(is_active=True)
    assert world_exists()


@pytest.mark.django_db(transaction=True)
def test_an_interrupted_world_is_cleared_unless_somebody_else_is_there():
    make_people("secret", viewers=3)
    stranger = UserFactory(username="stranger")
    assert not clear_interrupted()
    stranger.delete()
    assert clear_interrupted()
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_site_in_use_is_never_cleared():
    UserFactory(username="viewer")
    assert not clear_interrupted()
