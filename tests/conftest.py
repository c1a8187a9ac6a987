"""Fixtures that every test may use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def _clean_media() -> Iterator[None]:
    """Media written by tests goes to a folder of its own, emptied before and after."""
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
    yield
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photographs and videos; tests that need it skip where it is absent."""
    if not SHARED_DATA.exists():
        pytest.skip("the folder of real photographs and videos is not there")
    return SHARED_DATA


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """In CI a browser, worker or database test that was skipped has failed."""
    outcome = yield
    report = outcome.get_result()
    must_run = any(item.get_closest_marker(name) for name in ("browser", "worker", "django_db"))
    if os.environ.get("CI") and report.skipped and must_run and not item.get_closest_marker("data"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and CI must run it: {report.longrepr}"
