"""Training writes an artefact that serves, says how good it is, and is skipped when idle."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from accounts.models import Consent
from common.errors import InvalidInputError
from recommender.models import ModelVersion
from recommender.services import serving, train, train_if_needed
from recommender.tasks import train_recommender_task
from tests.factories import ItemFactory


def test_training_puts_one_version_into_service(items, fans, settings):
    first, second = train(), train()
    assert list(ModelVersion.objects.filter(is_serving=True)) == [second]
    assert first.folder != second.folder
    folder = Path(settings.VAR_DIR) / second.folder
    config = json.loads((folder / "config.json").read_text())
    assert (config["items"], config["users"]) == (30, 12)
    assert second.metrics["users"] > 0
    assert "popularity" in second.metrics


def test_serving_reads_what_was_trained_and_reloads_on_change(items, fans):
    train()
    held = serving.serving_model()
    assert held is serving.serving_model()
    assert isinstance(held.ranker.weights.data, np.memmap)
    version = train()
    assert serving.serving_model().version == version.pk


def test_old_versions_are_dropped_with_their_folders(items, fans, settings):
    for _ in range(5):
        train()
    assert ModelVersion.objects.count() == 3
    assert len(list((Path(settings.VAR_DIR) / "models").iterdir())) == 3


def test_who_refused_is_not_learnt_from(items, fans):
    for person in fans[:6]:
        Consent.objects.create(user=person, kind="personalisation", granted=False)
    version = train()
    config = Path(serving.settings.VAR_DIR) / version.folder / "config.json"
    assert json.loads(config.read_text())["users"] == 6


def test_the_task_trains_once_and_then_waits_for_news(items, fans, like):
    train_recommender_task()
    version = ModelVersion.objects.get(is_serving=True)
    before = set(ModelVersion.objects.values_list("kind", flat=True))
    assert before == {"ease", "ials"}
    train_recommender_task()
    assert ModelVersion.objects.count() == 2
    for item in items[:20]:
        like(fans[0], item, "share")
    assert train_if_needed().pk != version.pk


def test_an_unpublished_item_is_not_in_the_model(items, fans):
    held = ItemFactory(state="in_review")
    train()
    assert held.pk not in serving.serving_model().item_ids


@pytest.mark.django_db
def test_nothing_to_train_on_is_a_sentence():
    assert train_if_needed() is None
    with pytest.raises(InvalidInputError, match="Nothing is published"):
        train()
    with pytest.raises(CommandError, match="Nothing is published"):
        call_command("train_recommender")


def test_the_command_writes_its_figures(items, fans, tmp_path, capsys):
    call_command("train_recommender", json=tmp_path / "out" / "figures.json")
    figures = json.loads((tmp_path / "out" / "figures.json").read_text())
    assert {"recall@20", "ndcg@20", "popularity", "seconds"} <= set(figures)
