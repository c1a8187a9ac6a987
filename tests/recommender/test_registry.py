"""The winner on validation serves, never automatically a worse one, and one command goes back."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import psycopg
import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from common.errors import ConflictError, InvalidInputError
from recommender.models import Interaction, ModelVersion
from recommender.services import rank_candidates, roll_back, serving, train, train_all
from recommender.services.registry import _LOCK_KEY, why_not_serve
from recommender.tasks import train_every_recommender_task, train_recommender_task
from tests.factories import ItemFactory
from tests.recommender.conftest import with_vector

GOOD = {"users": 500, "ndcg@20": 0.30, "ndcg_error": 0.005}


@pytest.fixture
def history(items, fans):
    """Spread the likes over time, so that the newest fifth can be held out."""
    now = timezone.now()
    rows = list(Interaction.objects.order_by("?"))
    for place, row in enumerate(rows):
        row.created_at = now - timedelta(hours=len(rows) - place)
    Interaction.objects.bulk_update(rows, ["created_at"])
    return fans


@pytest.fixture(autouse=True)
def _short_training(monkeypatch):
    """A few epochs are enough to see that everything fits together."""
    limits = {"epochs": 3, "dimension": 8, "batch": 64}
    monkeypatch.setattr("recommender.services.training.GRAPH_LIMITS", limits)


def version_of(kind: str, **metrics) -> ModelVersion:
    return ModelVersion(kind=kind, folder="x", metrics={**GOOD, **metrics})


@pytest.mark.parametrize(
    ("kind", "metrics", "same_split", "sentence"),
    [
        ("ease", GOOD, None, ""),
        ("ease", {**GOOD, "ndcg@20": 0.291}, None, ""),  # within chance
        ("ease", {**GOOD, "ndcg@20": 0.25}, None, "fell from 0.3000 to 0.2500"),
        ("ease", {"users": 0}, None, ""),
        ("mmgcn", {**GOOD, "ndcg@20": 0.302}, GOOD, "does not lead"),
        ("mmgcn", {**GOOD, "ndcg@20": 0.32}, GOOD, ""),
        # Better than what the serving model scored in its day, but not on today's likes.
        ("mmgcn", {**GOOD, "ndcg@20": 0.32}, {**GOOD, "ndcg@20": 0.4}, "does not lead"),
        ("mmgcn", {"users": 0}, None, "too few"),
    ],
)
def test_who_may_take_over(kind, metrics, same_split, sentence):
    reason = why_not_serve(kind, metrics, version_of("ease"), same_split)
    assert (sentence in reason) if sentence else not reason


def test_all_kinds_are_trained_and_the_best_serves(history):
    versions = train_all()
    assert [version.kind for version in versions] == ["ease", "ials", "lightgcn", "mmgcn"]
    scores = {version.kind: version.metrics["ndcg@20"] for version in versions}
    served = ModelVersion.objects.get(is_serving=True)
    assert scores[served.kind] == max(scores.values())
    held_back = ModelVersion.objects.filter(is_serving=False)
    assert all(version.metrics["held_back"] for version in held_back)
    for version in versions:
        folder = Path(django_settings.VAR_DIR) / version.folder
        assert json.loads((folder / "config.json").read_text())["settings"] is not None


@pytest.mark.parametrize("kind", ["ials", "lightgcn", "mmgcn"])
def test_every_kind_ranks_the_feed_and_names_its_reasons(
    history, items, adult, like, kind, monkeypatch
):
    limits = {"epochs": 15, "dimension": 8, "batch": 64, "rate": 0.01}
    monkeypatch.setattr("recommender.services.training.GRAPH_LIMITS", limits)
    version = train(kind)
    assert version.is_serving
    for item in items[0:12:3]:
        like(adult, item)
    fresh = with_vector(ItemFactory(published=True, garment_type="skirt"), "skirt", 77)
    found = rank_candidates(
        user=adult,
        limit=12,
        exclude_ids=[item.pk for item in items[0:12:3]],
    )
    assert {candidate.policy for candidate in found} == {f"{kind}-{version.pk}"}
    human = [c for c in found if c.origin != "ai" and c.source != "explore"]
    skirts = [candidate.garment_type == "skirt" for candidate in human[:3]]
    # Eighty likes are little for a graph model.
    assert sum(skirts) >= (2 if kind == "mmgcn" else 3)
    liked = {item.pk for item in items[0:12:3]}
    named = [c.reason["item_ids"] for c in found if c.reason.get("kind") == "because_you_liked"]
    assert named
    assert all(set(ids) <= liked for ids in named)
    model = serving.serving_model()
    assert fresh.pk not in model.item_ids


def test_a_created_item_gets_a_factor_from_its_looks(history, items):
    train("ials")
    model = serving.serving_model()
    rows = model.rows_of(np.array([items[0].pk, items[3].pk]))  # two skirts
    looks = np.eye(8, dtype=np.float32)[:3]  # a skirt, a hat, shoes
    scores = model.scores_by_looks(rows, np.ones(2), looks)
    assert scores.argmax() == 0
    assert model.scores_by_looks(rows, np.ones(2), np.ones((1, 5), dtype=np.float32)) is None


def test_another_kind_that_is_no_better_does_not_take_over(history):
    first = train("ials")
    ModelVersion.objects.filter(pk=first.pk).update(metrics={**first.metrics, "ndcg@20": 0.01})
    second = train("lightgcn")  # compared on today's likes, not with the 0.01 of its day
    second.refresh_from_db()
    if second.metrics["ndcg@20"] <= first.metrics["ndcg@20"]:
        assert not second.is_serving
        assert "does not lead" in second.metrics["held_back"]
    else:
        assert second.is_serving


def test_a_fall_on_validation_is_held_back(history):
    first = train("ials")
    # Better than any model can be, so that no likes by lot come near it.
    better = {**first.metrics, "ndcg@20": 2.0, "ndcg_error": 0.0001}
    ModelVersion.objects.filter(pk=first.pk).update(metrics=better)
    second = train("ials")
    second.refresh_from_db()
    assert "fell from 2.0000" in second.metrics["held_back"]
    assert ModelVersion.objects.get(is_serving=True).pk == first.pk


def test_rolling_back_pins_the_version_that_served_before(history, like, items):
    first, second = train(), train()
    assert roll_back().pk == first.pk
    assert serving.serving_model().version == first.pk
    for item in items[:25]:
        like(history[0], item, "share")
    train_recommender_task()
    assert ModelVersion.objects.get(is_serving=True).pk == first.pk
    newest = ModelVersion.objects.filter(kind="ease").latest("pk")
    assert "put back by hand" in newest.metrics["held_back"]
    by_hand = train()
    assert ModelVersion.objects.get(is_serving=True).pk == by_hand.pk
    assert not ModelVersion.objects.filter(is_pinned=True).exists()
    assert second.pk != by_hand.pk


@pytest.mark.django_db
def test_there_is_nothing_to_roll_back_to_at_first():
    with pytest.raises(InvalidInputError, match="No earlier model"):
        roll_back()
    with pytest.raises(CommandError, match="No earlier model"):
        call_command("train_recommender", rollback=True)


def test_a_version_whose_files_are_gone_is_not_put_back(history):
    first = train()
    train()
    for path in (Path(django_settings.VAR_DIR) / first.folder).iterdir():
        path.unlink()
    with pytest.raises(InvalidInputError, match="no longer be read"):
        roll_back()


def test_two_trainings_never_run_at_once(history):
    details = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    with psycopg.connect(**{name: details[name] for name in names if name in details}) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [_LOCK_KEY])
        with pytest.raises(ConflictError, match="Another training"):
            train()
        train_recommender_task()
        train_every_recommender_task()
        assert not ModelVersion.objects.exists()
        other.execute("SELECT pg_advisory_unlock(%s)", [_LOCK_KEY])
    assert train().is_serving


def test_mmgcn_without_any_vector_says_so(history):
    from catalog.models import Embedding

    Embedding.objects.all().delete()
    with pytest.raises(InvalidInputError, match="at least one modality"):
        train("mmgcn")
    assert {version.kind for version in train_all()} == {"ease", "ials", "lightgcn"}


def test_a_folder_is_measured_on_its_test_part(tmp_path, capsys):
    rng = np.random.default_rng(0)
    pairs = [(u, i) for u in range(40) for i in rng.permutation(np.arange(u % 2, 24, 2))[:8]]
    pairs = rng.permutation(pairs)
    for name, part in zip(("train", "valid", "test"), np.split(pairs, [220, 270]), strict=True):
        np.save(tmp_path / f"{name}.npy", part)
    looks = np.repeat(np.eye(2), 12, axis=0)[np.argsort(np.arange(24) % 2, kind="stable").argsort()]
    np.save(tmp_path / "visual.npy", looks + 0.1 * rng.normal(size=(24, 2)))
    out = tmp_path / "figures.json"
    call_command(
        "train_recommender", model="all", data=str(tmp_path), json=out, out=tmp_path / "m", epochs=3
    )
    figures = json.loads(out.read_text())
    assert [entry["model"] for entry in figures] == ["ease", "ials", "lightgcn", "mmgcn"]
    assert all(0 <= entry["test"]["recall@20"] <= 1 for entry in figures)
    assert {path.name for path in (tmp_path / "m").iterdir()} == {
        "ease",
        "ials",
        "lightgcn",
        "mmgcn",
    }
    with pytest.raises(CommandError, match="not a folder"):
        call_command("train_recommender", data=str(tmp_path / "none"))
