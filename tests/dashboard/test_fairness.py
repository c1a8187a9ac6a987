"""Parity between groups: what operators read of exposure, creations, diversity and pairs."""

from __future__ import annotations

import csv
import json
import uuid
from datetime import timedelta
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import Embedding
from dashboard import fairness
from dashboard.fairness_history import keep_measurement
from dashboard.models import FairnessMeasurement
from dashboard.tasks import measure_fairness_task
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
    assert client.get("/api/v1/dashboard/fairness/").json()["measured_at"]


# --- the operator's page ------------------------------------------------------------------


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(UserFactory(operator=True))
    return client


@pytest.fixture
def measured() -> FairnessMeasurement:
    """Two groups of six uploaders, one shown five times as often as the other."""
    groups = {}
    for name, times in (("=big", 5), ("small", 1)):
        for _ in range(6):
            item = ItemFactory(published=True)
            groups[item.owner_id] = name
            shown(item, times)
    return keep_measurement(groups)


def test_the_page_says_who_is_shown_more_with_intervals(operator, measured) -> None:
    page = operator.get(reverse("dashboard:fairness")).text
    assert "more than all" in page
    assert "less than all" in page
    assert "1.67 ×" in page
    assert "None of" in page


def test_the_page_before_the_first_measurement_says_so(operator) -> None:
    assert "Not measured yet" in operator.get(reverse("dashboard:fairness")).text


def test_measuring_again_is_queued_and_kept(operator, django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks() as queued:
        operator.post(reverse("dashboard:fairness-measure"))
    assert len(queued) == 1
    measure_fairness_task()
    assert FairnessMeasurement.objects.count() == 1
    assert "Measured" in operator.get(reverse("dashboard:fairness")).text


def test_old_measurements_can_be_read_and_very_old_ones_go(operator, measured) -> None:
    FairnessMeasurement.objects.update(measured_at=timezone.now() - timedelta(days=399))
    newer = keep_measurement()
    page = operator.get(reverse("dashboard:fairness"), {"at": measured.pk}).text
    assert "a supplied list" in page
    FairnessMeasurement.objects.filter(pk=measured.pk).update(
        measured_at=timezone.now() - timedelta(days=401)
    )
    keep_measurement()
    assert not FairnessMeasurement.objects.filter(pk=measured.pk).exists()
    assert FairnessMeasurement.objects.filter(pk=newer.pk).exists()


@pytest.mark.parametrize("at", ["999999", "x", "-1", "9" * 30])
def test_a_measurement_that_is_not_there_breaks_nothing(operator, at: str) -> None:
    assert operator.get(reverse("dashboard:fairness"), {"at": at}).status_code in {200, 404}


def test_a_measurement_is_exported_as_csv_and_json(operator, measured) -> None:
    address = reverse("dashboard:fairness-export", args=[measured.pk, "csv"])
    rows = list(csv.DictReader(StringIO(operator.get(address).text)))
    # A spreadsheet must not run what a group is called.
    assert [row["group"] for row in rows if row["section"] == "exposure"] == ["'=big", "small"]
    assert float(rows[0]["low"]) <= 5.0 <= float(rows[0]["high"])
    assert {row["section"] for row in rows} >= {"flip_rate", "diversity_vendi"}
    address = reverse("dashboard:fairness-export", args=[measured.pk, "json"])
    assert operator.get(address).json()["exposure"] == measured.figures["exposure"]


@pytest.mark.parametrize("name", ["fairness", "fairness-export"])
def test_nobody_but_operators_sees_the_page_or_its_files(client, measured, name: str) -> None:
    address = reverse(f"dashboard:{name}", args=[measured.pk, "csv"] if "export" in name else [])
    assert client.get(address).status_code == 302
    client.force_login(UserFactory(moderator=True))
    assert client.get(address).status_code == 403


def test_the_command_can_keep_what_it_measured() -> None:
    call_command("measure_fairness", keep=True, stdout=StringIO())
    assert FairnessMeasurement.objects.get().grouped_by == "age band"
