"""Thresholds from stored runs: who may use them, what a preview shows, whose items count."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Consent
from catalog.models import Item
from common.errors import InvalidInputError
from moderation.models import AuditEntry, CalibrationRun, CheckResult, Rule, Screening
from moderation.services import change_rule
from moderation.services.calibrating import preview_rule, site_scores, store_calibration
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db


def screened(score: float, check: str = "clarity", verdict: str = "pass", **fields: object) -> Item:
    item: Item = ItemFactory(published=True, **fields)
    screening = Screening.objects.create(
        item=item, state=Screening.State.DONE, policy_version="test"
    )
    CheckResult.objects.create(
        screening=screening,
        check_name=check,
        perspective="F7",
        verdict=verdict,
        score=score,
        summary="",
        version="1",
    )
    return item


def run_of(threshold: float = 1.5, number_of: str = "clarity") -> CalibrationRun:
    scores = {number_of: [threshold + step / 100 for step in range(100)]}
    return store_calibration(data="demo", rate=0.02, scores=scores)


def test_runs_are_numbered_and_kept() -> None:
    first, second = run_of(1.5), run_of(1.6)
    assert (first.number, second.number) == (1, 2)
    found = second.of("clarity")
    assert found
    assert found["threshold"] == pytest.approx(1.62)
    assert found["flagged"] == 0.02
    assert second.of("no such check") is None
    assert AuditEntry.objects.filter(action="checks_calibrated").count() == 2


@pytest.mark.parametrize("rate", [0.0, -1.0, 0.7, float("nan")])
def test_a_senseless_rate_is_refused(rate: float) -> None:
    with pytest.raises(InvalidInputError):
        store_calibration(data="demo", rate=rate, scores={"clarity": [1.0] * 100})


def test_too_few_items_make_no_run() -> None:
    with pytest.raises(InvalidInputError, match="fewer than"):
        store_calibration(data="site", rate=0.02, scores={"clarity": [1.0] * 10})
    with pytest.raises(CommandError):
        call_command("calibrate_checks", "--data", "site")
    assert not CalibrationRun.objects.exists()


def test_only_items_that_may_be_learned_from_count() -> None:
    yes, no, changed_mind = UserFactory(), UserFactory(), UserFactory()
    for user, granted in ((yes, True), (no, False), (changed_mind, True), (changed_mind, False)):
        Consent.objects.create(user=user, kind=Consent.Kind.TRAINING, granted=granted)
    screened(1.0, owner=yes)
    screened(2.0, owner=no)
    screened(3.0, owner=changed_mind)
    screened(4.0, owner=UserFactory())
    screened(5.0, ai=True)
    screened(6.0, owner=yes, check="links_and_contacts")
    assert sorted(site_scores()["clarity"]) == [1.0, 5.0]
    assert set(site_scores()) == {"clarity"}


def test_a_preview_tells_what_would_change_and_saves_nothing() -> None:
    low, high = screened(0.5, verdict="flag"), screened(2.0)
    raised = preview_rule(check_name="clarity", threshold=3.0)
    assert (raised.items, raised.flagged_then, raised.flagged_now) == (2, 1, 2)
    assert raised.newly == [high.pk]
    lowered = preview_rule(check_name="clarity", threshold=0.1)
    assert lowered.no_longer == [low.pk]
    # Here less is better: the same scores the other way round.
    screened(0.5, check="artefacts")
    assert preview_rule(check_name="artefacts", threshold=0.4).flagged_now == 1
    assert not Rule.objects.exists()
    with pytest.raises(InvalidInputError):
        preview_rule(check_name="nothing", threshold=1.0)


def test_a_rule_remembers_the_run_until_a_person_chooses() -> None:
    run, moderator = run_of(), UserFactory(moderator=True)
    found = run.of("clarity")
    assert found
    rule = change_rule(
        check_name="clarity",
        threshold=found["threshold"],
        enabled=True,
        by=moderator,
        calibration=run.number,
    )
    assert rule.calibration == run
    # Switched off and on: the threshold is still the run's.
    rule = change_rule(
        check_name="clarity", threshold=found["threshold"], enabled=False, by=moderator
    )
    assert rule.calibration == run
    rule = change_rule(check_name="clarity", threshold=0.7, enabled=True, by=moderator)
    assert rule.calibration is None


@pytest.mark.parametrize(("number", "threshold"), [(1, 9.0), (99, 1.52)])
def test_a_run_that_says_something_else_is_refused(number: int, threshold: float) -> None:
    run_of()
    with pytest.raises(InvalidInputError):
        change_rule(
            check_name="clarity",
            threshold=threshold,
            enabled=True,
            by=UserFactory(moderator=True),
            calibration=number,
        )


def test_the_page_previews_and_takes_over(client: Client) -> None:
    run = run_of()
    item = screened(1.2)
    client.force_login(UserFactory(moderator=True))
    page = client.get("/moderation/rules/").content.decode()
    assert "Calibration 1" in page
    found = run.of("clarity")
    assert found
    sent = {
        "check_name": "clarity",
        "threshold": repr(found["threshold"]),
        "calibration": "1",
        "enabled": "on",
    }
    shown = client.post("/moderation/rules/", {**sent, "preview": "1"}).content.decode()
    assert "Nothing was saved" in shown
    assert f"/items/{item.pk}/" in shown
    assert not Rule.objects.exists()
    assert client.post("/moderation/rules/", sent).status_code == 302
    assert Rule.objects.get().calibration == run
    assert "From calibration 1" in client.get("/moderation/rules/").content.decode()


def test_a_preview_without_a_number_says_so(client: Client) -> None:
    client.force_login(UserFactory(moderator=True))
    sent = {"check_name": "clarity", "threshold": "", "preview": "1"}
    page = client.post("/moderation/rules/", sent, follow=True).content.decode()
    assert "Write the threshold" in page


def test_others_see_neither_page_nor_preview(client: Client) -> None:
    client.force_login(UserFactory(uploader=True))
    sent = {"check_name": "clarity", "threshold": "3", "preview": "1"}
    assert client.post("/moderation/rules/", sent).status_code in {403, 404}
    assert not Rule.objects.exists()


@pytest.mark.slow
def test_the_command_calibrates_on_drawn_garments() -> None:
    call_command("calibrate_checks", "--fpr", "0.05", "--count", "50", verbosity=0)
    run = CalibrationRun.objects.get()
    assert {"clarity", "artefacts", "colour_distance", "whole_garment"} <= set(run.checks)
    assert all(found["flagged"] <= 0.05 for found in run.checks.values())
