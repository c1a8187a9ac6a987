"""The running site and a browser, once for all browser tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.e2e.running_site import Site, chromium, find_chromium, running_site

SMALL_WORLD = {
    "DEMO_ITEMS": "60",
    "DEMO_VIEWERS": "12",
    "DEMO_CREATIONS": "2",
    # What the tests make is held for a reason or not at all, never by lot.
    "REVIEW_SAMPLE_SHARE": "0",
}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The whole site with a small demo world, started as `make run` starts it."""
    var = tmp_path_factory.mktemp("site")
    with running_site(var, **SMALL_WORLD) as site:
        yield site


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; without one these tests are skipped, but in CI they fail."""
    if find_chromium() is None:
        message = "no Chromium on this machine: the browser tests cannot run"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with chromium() as browser:
        yield browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh browser profile at desktop size."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(20_000)
    yield context
    context.close()
