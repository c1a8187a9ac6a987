"""The person's list of sessions stays true without three queries on every request."""

from __future__ import annotations

import pytest
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def _touched(client: Client, **headers: str) -> bool:
    with CaptureQueriesContext(connection) as queries:
        client.get("/verify/", **headers)
    return any("usersessions_usersession" in one["sql"] for one in queries)


def test_a_session_is_noted_once_in_five_minutes_and_at_once_from_another_address():
    client = Client()
    client.force_login(UserFactory())
    assert _touched(client)
    assert UserSession.objects.count() == 1
    assert not _touched(client)
    assert _touched(client, REMOTE_ADDR="203.0.113.9")
    assert UserSession.objects.get().ip == "203.0.113.9"


def test_a_visitor_has_no_session_to_note():
    assert not _touched(Client())
    assert not UserSession.objects.exists()
