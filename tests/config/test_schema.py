"""The API describes itself without a doubt: names do not collide, every path is there."""

from __future__ import annotations

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator


@pytest.mark.django_db
def test_the_schema_has_every_subject_and_no_warnings():
    GENERATOR_STATS.reset()
    schema = SchemaGenerator().get_schema(request=None, public=True)
    for subject in ("items", "feed", "feed/events", "conversations", "jobs", "reviews", "verify"):
        assert f"/api/v1/{subject}/" in schema["paths"]
    assert not GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache


@pytest.mark.django_db
def test_the_documentation_page_opens(client):
    assert client.get("/api/v1/docs/").status_code == 200
    assert client.get("/api/v1/schema/").status_code == 200
