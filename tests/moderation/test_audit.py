"""The audit log's chain: whole under load, and honest about every kind of tampering."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from moderation.models import AuditEntry, Decision
from moderation.services import audit
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def settle() -> None:
    """What happens at commit: the entries of this transaction enter the chain."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def write(count: int) -> list[AuditEntry]:
    entries = [
        audit.record(action="tried", number=one, text="naïve “words”\n") for one in range(count)
    ]
    settle()
    return entries


@contextmanager
def without_triggers() -> Iterator[None]:
    """As somebody with all rights over the database could."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield
        cursor.execute("SET session_replication_role = DEFAULT")


def test_every_entry_follows_from_the_one_before() -> None:
    write(5)
    rows = list(AuditEntry.objects.order_by("position"))
    assert [row.position for row in rows] == [1, 2, 3, 4, 5]
    assert [row.previous for row in rows] == [audit.GENESIS, *(row.digest for row in rows[:-1])]
    report = audit.verify_chain()
    assert report.is_whole
    assert report.head == rows[-1].digest


def test_an_empty_log_is_whole() -> None:
    assert audit.verify_chain().is_whole


@pytest.mark.parametrize("value", [1.0, 1e300, -0.0, 1e-7, 2**70, "ü\u2028", [], {}, None, True])
def test_whatever_is_written_reads_back_to_the_same_digest(value: object) -> None:
    audit.record(action="odd", value=value)
    settle()
    assert audit.verify_chain().is_whole


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"data": {"number": 99}}, "changed"),
        ({"action": "other"}, "changed"),
        ({"item_id": 7}, "changed"),
        ({"actor_number": 7}, "changed"),
        ({"digest": "f" * 64}, "changed"),
        ({"previous": "f" * 64}, "follow"),
        ({"position": 90}, "missing"),
        ({"position": None}, "never entered"),
    ],
)
def test_a_changed_entry_is_named(change: dict[str, object], problem: str) -> None:
    entries = write(5)
    with without_triggers():
        AuditEntry.objects.filter(pk=entries[2].pk).update(**change)
    report = audit.verify_chain()
    assert not report.is_whole
    assert problem in report.problem
    if "position" not in change:
        assert report.broken_at == entries[2].pk


def test_a_deleted_entry_is_missed() -> None:
    entries = write(5)
    with without_triggers():
        AuditEntry.objects.filter(pk=entries[2].pk)._raw_delete(using="default")
    report = audit.verify_chain()
    assert report.broken_at == entries[3].pk
    assert "missing" in report.problem


def test_a_cut_end_shows_when_the_head_was_kept_elsewhere() -> None:
    entries = write(5)
    head = audit.verify_chain().head
    with without_triggers():
        AuditEntry.objects.filter(pk=entries[4].pk)._raw_delete(using="default")
    assert audit.verify_chain().is_whole
    assert not audit.verify_chain(expected=head).is_whole


def test_a_head_from_before_is_still_known_later() -> None:
    write(2)
    head = audit.verify_chain().head
    write(3)
    assert audit.verify_chain(expected=head).is_whole


def test_the_newest_entries_can_be_walked_alone() -> None:
    entries = write(6)
    assert audit.verify_chain(last=3).is_whole
    with without_triggers():
        AuditEntry.objects.filter(pk=entries[4].pk).update(action="other")
    assert audit.verify_chain(last=3).broken_at == entries[4].pk
    assert audit.verify_chain(last=1).is_whole


def test_a_long_chain_is_walked_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "BATCH", 2)
    write(5)
    assert audit.verify_chain().length == 5


@pytest.mark.django_db(transaction=True)
def test_people_who_write_at_once_keep_one_chain() -> None:
    start = threading.Barrier(5)

    def work(number: int) -> None:
        try:
            start.wait()
            for one in range(4):
                with transaction.atomic():
                    audit.record(action="first", number=number, one=one)
                    audit.record(action="second", number=number, one=one)
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(work, range(5)))
    report = audit.verify_chain()
    assert report.is_whole
    assert report.length == 40


def test_erasing_a_person_does_not_break_the_chain() -> None:
    person = UserFactory()
    audit.record(action="tried", actor=person)
    settle()
    User.objects.get(pk=person.pk).delete()
    assert AuditEntry.objects.get().actor is None
    assert audit.verify_chain().is_whole


@pytest.mark.parametrize("model", [AuditEntry, Decision])
def test_the_tables_cannot_be_emptied(model: type[AuditEntry] | type[Decision]) -> None:
    write(1)
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SET LOCAL weft.may_empty = 'off'; TRUNCATE {model._meta.db_table} CASCADE")


@pytest.mark.parametrize("change", [{"position": 7}, {"digest": "f" * 64}, {"data": {}}])
def test_the_database_refuses_to_rewrite_an_entry(change: dict[str, object]) -> None:
    write(1)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AuditEntry.objects.update(**change)


# --- command, page, API ---------------------------------------------------------------------


def test_the_command_says_whole_or_names_the_first_broken_entry() -> None:
    entries = write(3)
    said = io.StringIO()
    call_command("verify_audit", stdout=said)
    assert "3 entries" in said.getvalue()
    assert "whole" in said.getvalue()
    with without_triggers():
        AuditEntry.objects.filter(pk=entries[1].pk).update(action="other")
    with pytest.raises(CommandError, match=f"entry no. {entries[1].pk}"):
        call_command("verify_audit", stdout=io.StringIO())


def test_the_command_misses_a_head_that_is_not_there() -> None:
    write(2)
    with pytest.raises(CommandError, match="cut off"):
        call_command("verify_audit", "--expect", "a" * 64, stdout=io.StringIO())


def test_the_command_speaks_json() -> None:
    write(2)
    said = io.StringIO()
    call_command("verify_audit", "--json", stdout=said)
    assert json.loads(said.getvalue())["is_whole"] is True


def test_the_page_and_the_api_show_the_state_of_the_chain(moderator: User) -> None:
    client = Client()
    client.force_login(moderator)
    entries = write(2)
    assert "fit together" in client.get(reverse("moderation:audit")).content.decode()
    assert client.get("/api/v1/audit/verify/").json()["is_whole"] is True
    with without_triggers():
        AuditEntry.objects.filter(pk=entries[0].pk).update(action="other")
    assert "Broken at entry" in client.get(reverse("moderation:audit")).content.decode()
    walked = client.post(reverse("moderation:verify_audit"), follow=True)
    assert f"entry no. {entries[0].pk}" in walked.content.decode()
    assert client.get("/api/v1/audit/verify/").json()["broken_at"] == entries[0].pk
