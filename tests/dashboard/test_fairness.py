"""Parity between groups: what operators read of exposure, creations, diversity and pairs."""

from __future__ import annotations

import json
import uuid
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from catalog.models import Embedding
from dashboard import fairness
from recommender.models import Impression
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db


def shown(item: object, times: int) -> None:
    viewer = UserFactory()
    for position in range(times):
        Impression.objects.create(
            user=viewer,
            item=item,
            feed_id=uuid.uuid4(),
            position=position,
            source="fresh",
            policy="test",
        )


def test_exposure_is_compared_per_published_item() -> None:
    groups = {}
    for name, times in (("a", 6), ("b", 2)):
        for _ in range(6):
            item = ItemFactory(published=True)
            groups[item.owner_id] = name
            shown(item, times)
    first, second = fairness.exposure_parity(groups)
    assert (first.group, first.figure.value, first.over_all) == ("a", 6.0, 1.5)
    assert (second.group, second.figure.value, second.over_all) == ("b", 2.0, 0.5)
    assert first.figure.low is not None


def test_who_is_in_no_group_is_left_out() -> None:
    shown(ItemFactory(published=True), 3)
    assert fairness.exposure_parity({}) == []


def test_outputs_that_are_all_alike_fall_below_the_floor() -> None:
    for _ in range(40):
        item = ItemFactory(ai=True, published=True)
        Embedding.objects.create(item=item, model="m", vector=np.eye(32, dtype=np.float32)[0])
    assert fairness.diversity()["is_above_floor"] is False
    for row in range(1, 32):
        item = ItemFactory(ai=True, published=True)
        Embedding.objects.create(item=item, model="m", vector=np.eye(32, dtype=np.float32)[row])
    assert fairness.diversity()["is_above_floor"] is True


def test_the_command_reads_groups_and_prints_figures(tmp_path: Path) -> None:
    item = ItemFactory(published=True)
    shown(item, 2)
    path = tmp_path / "groups.json"
    path.write_text(json.dumps({item.owner.username: "small shops", "nobody": "x"}))
    out = StringIO()
    call_command("measure_fairness", groups=path, stdout=out)
    figures = json.loads(out.getvalue())
    assert figures["exposure"][0]["group"] == "small shops"
    assert figures["counterfactual"]["flip_rate"] <= 0.01
    assert figures["counterfactual"]["pairs"] >= 100


@pytest.mark.parametrize("content", ["", "[1]", "{"])
def test_a_broken_list_of_groups_is_refused_in_words(tmp_path: Path, content: str) -> None:
    path = tmp_path / "groups.json"
    path.write_text(content)
    with pytest.raises(CommandError):
        call_command("measure_fairness", groups=path)


def test_only_operators_read_the_figures() -> None:
    client = Client()
    assert client.get("/api/v1/dashboard/fairness/").status_code in {401, 403}
    client.force_login(UserFactory(moderator=True))
    assert client.get("/api/v1/dashboard/fairness/").status_code == 403
    client.force_login(UserFactory(operator=True))
    assert client.get("/api/v1/dashboard/fairness/").json()["grouped_by"] == "age band"
