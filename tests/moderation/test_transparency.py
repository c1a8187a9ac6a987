"""What is told to the public: by the database's fields, and about nobody."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from moderation.core.disclosure_codes import FIELDS
from moderation.models import Statement
from moderation.policy import CATEGORIES, CATEGORY, GROUNDS, REASONS
from moderation.services import appeal_statement, transparency
from moderation.services.statements import state_automatic
from tests.factories import ItemFactory, UserFactory
from tests.moderation.cases import decided, removed_item, reported_case, settled

pytestmark = pytest.mark.django_db
SECRET = "Jane Doe of 5 Elm Street"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def statement(moderator: User) -> Statement:
    owner = UserFactory(uploader=True, username="the_author")
    reporter = settled(username="the_reporter")
    item = ItemFactory(published=True, owner=owner, title=SECRET, description=SECRET)
    case = reported_case(item, by=reporter)
    return decided(case, moderator, "remove", note=f"It names {SECRET}.").statement  # type: ignore[attr-defined]


def test_a_row_has_the_databases_fields(statement: Statement) -> None:
    row = transparency.as_row(statement)
    assert tuple(row) == FIELDS
    assert row["decision_visibility"] == ["DECISION_VISIBILITY_CONTENT_REMOVED"]
    assert row["decision_ground"] == "DECISION_GROUND_INCOMPATIBLE_CONTENT"
    assert row["category"] == "STATEMENT_CATEGORY_SCAMS_AND_FRAUD"
    assert row["source_type"] == "SOURCE_TYPE_OTHER_NOTIFICATION"
    assert row["automated_detection"] == "No"
    assert row["automated_decision"] == "AUTOMATED_DECISION_NOT_AUTOMATED"
    assert row["content_type"] == ["CONTENT_TYPE_IMAGE"]
    assert {"DE", "FR", "IE"} <= set(row["territorial_scope"])


def test_nothing_in_a_row_tells_who_anybody_is(statement: Statement, moderator: User) -> None:
    told = json.dumps(transparency.as_row(statement))
    for private in (SECRET, "the_author", "the_reporter", moderator.username, "/items/"):
        assert private not in told


def test_what_a_check_refused_was_decided_by_machine() -> None:
    item = ItemFactory(ai=True)
    decision = item.decisions.create(action="reject", reason_code="unsafe", policy_version="1")
    row = transparency.as_row(
        state_automatic(
            decision=decision, item=item, check="unsafe", title="Unsafe words", perspective="F3"
        )
    )
    assert row["automated_decision"] == "AUTOMATED_DECISION_FULLY"
    assert row["automated_detection"] == "Yes"
    assert row["decision_visibility"] == ["DECISION_VISIBILITY_CONTENT_DISABLED"]
    assert "CONTENT_TYPE_SYNTHETIC_MEDIA" in row["content_type"]


def test_every_shipped_reason_fits_the_database() -> None:
    for reason in REASONS:
        assert reason.category in CATEGORIES
        assert reason.ground in GROUNDS
        assert bool(reason.legal_ground) == (reason.ground == "illegal")
    assert CATEGORY == "STATEMENT_CATEGORY_"


def test_the_command_prints_csv_json_and_counts(statement: Statement) -> None:
    said = io.StringIO()
    call_command("export_transparency", stdout=said)
    rows = list(csv.DictReader(io.StringIO(said.getvalue())))
    assert rows[0]["puid"] == str(statement.puid)
    assert "|" in rows[0]["territorial_scope"]
    said = io.StringIO()
    call_command("export_transparency", "--format", "json", stdout=said)
    assert json.loads(said.getvalue())["statements"][0]["puid"] == str(statement.puid)
    said = io.StringIO()
    call_command("export_transparency", "--format", "counts", stdout=said)
    assert json.loads(said.getvalue())["statements"] == 1


def test_the_period_leaves_other_days_out(statement: Statement) -> None:
    past = (timezone.now() - timedelta(days=9)).date()
    said = io.StringIO()
    call_command("export_transparency", "--from", str(past), "--to", str(past), stdout=said)
    assert str(statement.puid) not in said.getvalue()
    with pytest.raises(CommandError, match="ends before"):
        call_command("export_transparency", "--from", "2026-02-01", "--to", "2026-01-01")


def test_the_counts_are_public_and_the_statements_are_not(
    statement: Statement, moderator: User
) -> None:
    page = Client().get(reverse("moderation:transparency"))
    assert page.status_code == 200
    assert "Scams and fraud" in page.content.decode()
    assert SECRET not in page.content.decode()
    export = reverse("moderation:export")
    assert Client().get(export).status_code == 302
    assert signed_in(moderator).get(export).status_code == 403
    operator = signed_in(UserFactory(operator=True))
    body = b"".join(operator.get(export).streaming_content)  # type: ignore[attr-defined]
    assert str(statement.puid) in body.decode()
    assert operator.get(export, {"format": "json"}).json()["statements"]
    assert operator.get(export, {"first": "nonsense"}).status_code == 400


def test_what_became_of_reports_is_told_in_the_words_of_reports(statement: Statement) -> None:
    page = Client().get(reverse("moderation:transparency")).content.decode()
    assert "Action was taken" in page
    assert "The decision stands" not in page


def test_an_odd_period_is_answered_with_a_sentence() -> None:
    page = Client().get(
        reverse("moderation:transparency"), {"first": "2026-03-01", "last": "2026-01-01"}
    )
    assert "ends before it begins" in page.content.decode()


def test_what_was_taken_back_is_counted(moderator: User) -> None:
    item, statement = removed_item(moderator)
    appeal = appeal_statement(statement=statement, user=item.owner, text="Mine.")  # type: ignore[arg-type]
    decided(appeal.case, UserFactory(moderator=True), "overturn")  # type: ignore[arg-type]
    counts = Client().get("/api/v1/transparency/").json()
    assert counts["reversed"] == 1
    assert counts["appeals_by_outcome"] == {"overturned": 1}
    assert counts["cases_decided"] == 2
    assert Client().get("/api/v1/transparency/statements/").status_code in {401, 403}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x"])
def test_no_cell_is_a_formula(text: str, statement: Statement) -> None:
    Statement.objects.update(rule=text)
    body = "".join(transparency.as_csv(Statement.objects.all()))
    assert f"'{text}" in body
