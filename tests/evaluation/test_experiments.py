"""Every table on a small world with networks that see colours only: structure and sanity."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from evaluation.demo_world import DemoWorld
from evaluation.experiments import clips, creation, fashion, revision, thumbnails
from evaluation.fashion_world import make_fashion
from evaluation.making import Maker
from evaluation.study import Options, Study, open_study

WORDS = []


@pytest.fixture(scope="module")
def options(tmp_path_factory) -> Options:
    cache = tmp_path_factory.mktemp("evaluation")
    return Options(runs=2, ks=(1, 3), people=30, videos=30, made_for=4, seed=1, cache=cache)


@pytest.fixture(scope="module")
def study(options, networks) -> Study:
    return open_study(options, WORDS.append)


@pytest.fixture
def maker(backend, networks, tmp_path) -> Maker:
    return Maker(backend, networks.judge, tmp_path, WORDS.append)


def test_thumbnails_prints_the_papers_rows_and_columns(study, maker, backend):
    result = thumbnails.evaluate(study, maker)
    assert list(result.table.rows) == ["Random Frame", "Original", "CLIP", "RDM"]
    assert result.table.columns == ["Cosine@1", "Cosine@3", "PS@1", "PS@3"]
    assert result.table.rows["CLIP"]["Cosine@3"].n == 30
    assert result.table.rows["RDM"]["Cosine@3"].n == 4
    assert len(backend.requests) == 4 * 3
    json.dumps(result.as_dict())
    assert "hidden tastes" in result.controls[-1].title


def test_selection_beats_chance_and_only_for_the_person_itself(study):
    result = thumbnails.evaluate(study, None)
    first = result.verdicts[0]
    assert (first.better, first.worse) == ("CLIP", "Random Frame")
    assert first.holds
    personal = {test["row"]: test for test in result.facts["permutation"]}["CLIP"]
    assert personal["personal_gain"]["low"] > 0
    assert "RDM" not in result.table.rows


def test_clips_are_chosen_for_every_length(study):
    result = clips.evaluate(study)
    assert list(result.table.rows) == ["Random", "1st Clip", "Unclipped", "CLIP"]
    assert result.verdicts[0].holds
    lengths = next(table for table in result.controls if table.title == "The choice of L")
    assert {f"CLIP, L = {n}" for n in (4, 8, 16, 32)} <= set(lengths.rows)
    # Chosen windows shrink towards the average of the whole video as they grow.
    values = [lengths.rows[f"CLIP, L = {n}"]["Cosine@3"].value for n in (8, 16, 32)]
    assert values == sorted(values, reverse=True)


@pytest.mark.slow
def test_fashion_rewards_history_and_reports_distances_with_their_size(options, networks, maker):
    options = replace(options, people=12)
    world = make_fashion(options)
    result = fashion.evaluate(world, networks, maker, options, pictures=2)
    assert list(result.table.rows) == ["Random", "SD-Creator w/o history", "SD-Creator"]
    random = result.table.rows["Random"]
    assert "FID_own" not in random
    cell = result.table.rows["SD-Creator"]["FID_own"]
    assert cell.n == 24
    assert cell.low < cell.value < cell.high
    # The stand-in paints the liked items' mean: nearer to history than a picture by lot.
    assert any(v.column == "Cosine (%)" and v.holds for v in result.verdicts)


@pytest.mark.slow
def test_fashion_on_photographs_has_the_background_control(options, networks, maker, wardrobe):
    options = replace(options, people=8, data=str(wardrobe), everybody=True)
    world = make_fashion(options)
    result = fashion.evaluate(world, networks, maker, options, pictures=1)
    control = result.controls[-1]
    assert "other people's backgrounds" in control.title
    assert "SD-Creator" in control.rows
    assert "backgrounds (p" in control.notes[0]


@pytest.mark.parametrize("table", [revision, creation])
def test_videos_are_made_under_both_user_conditions(table, study, maker, backend):
    result = table.evaluate(study, maker)
    rows = result.table.rows
    assert set(rows) == {"Original", "User_Hist", "User_Emb", "Unconditional"}
    assert ("PS@3" in rows["User_Emb"]) == (table is revision)
    assert list(rows["Unconditional"]) == ["FVD_own"]
    assert rows["User_Hist"]["Cosine@3"].n == 4
    has_history = [len(request.history) > 0 for request in backend.requests]
    has_user = [request.user is not None for request in backend.requests]
    assert sum(has_history) == sum(has_user) == 4 * 3
    assert not any(a and b for a, b in zip(has_history, has_user, strict=True))
    if table is revision:
        assert all(request.source.shape == (16, 160, 120, 3) for request in backend.requests)
    else:
        assert all(request.source is None for request in backend.requests)
    json.dumps(result.as_dict())


def test_results_are_made_once_and_kept(study, maker, backend):
    first = thumbnails.evaluate(study, maker)
    made = len(backend.requests)
    again = thumbnails.evaluate(study, maker)
    assert len(backend.requests) == made
    assert again.table.rows["RDM"]["Cosine@3"] == first.table.rows["RDM"]["Cosine@3"]


def test_another_revision_of_the_weights_is_made_anew(study, maker, backend):
    thumbnails.evaluate(study, maker)
    made = len(backend.requests)
    backend.revision = "2"
    thumbnails.evaluate(study, maker)
    assert len(backend.requests) == 2 * made


def test_no_target_conditions_a_generation(study, maker, backend):
    """What is held out must not reach the generator as a liked item."""
    thumbnails.evaluate(study, maker)
    for index, request in enumerate(backend.requests):
        person = study.world.people[index // 3]
        kept_back = study.vectors.pictures[np.concatenate([person.future, person.candidates])]
        nearest = (request.history @ kept_back.T).max()
        assert nearest < 1 - 1e-6


def test_folder_world_gives_the_same_tables(options, networks, wardrobe):
    options = replace(options, data=str(wardrobe), everybody=True, people=10)
    study = open_study(options, WORDS.append)
    result = thumbnails.evaluate(study, None)
    assert result.table.rows["CLIP"]["Cosine@1"].n == 10
    required = [verdict for verdict in result.verdicts if verdict.required]
    assert {(v.better, v.worse) for v in required} == {("CLIP", "Random Frame")}


def test_same_options_give_the_same_numbers(study, options, networks):
    first = clips.evaluate(study).table.rows
    again = clips.evaluate(open_study(options, WORDS.append)).table.rows
    assert first == again


def test_people_of_the_world_are_those_asked_for(study):
    assert isinstance(study.world, DemoWorld)
    assert study.items.shape == (30, 2, 3)
