"""A moderator claims a case, reads the evidence, and decides by keyboard and by form."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.running_site import Site, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.worker]


def _waiting(page: Page, site: Site) -> int:
    page.goto(f"{site.url}/moderation/")
    return int(re.findall(r"(\d+) cases? wait", page.inner_text("main"))[0])


def _claim(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/moderation/")
    page.get_by_role("button", name="Claim next").click()
    page.wait_for_url("**/moderation/cases/*/")


def test_evidence_stands_beside_the_picture_and_a_key_approves(site: Site, context: BrowserContext):
    page = sign_in(context, site, "moderator")
    before = _waiting(page, site)
    assert before > 0
    _claim(page, site)
    expect(page.locator(".case-media .sensitive")).to_be_visible()
    expect(page.locator("main .badge.flag, main .badge.cannot_tell").first).to_be_visible()
    address = page.url
    page.keyboard.press("a")
    page.wait_for_url(lambda url: url != address)
    assert _waiting(page, site) == before - 1


def test_a_rejection_needs_a_reason_that_the_author_reads(site: Site, context: BrowserContext):
    page = sign_in(context, site, "moderator")
    before = _waiting(page, site)
    _claim(page, site)
    address = page.url
    page.keyboard.press("r")
    page.select_option("#reason-reject", index=1)
    page.fill("#note-reject", "Please post your own picture.")
    page.get_by_role("button", name="Reject with this reason").click()
    page.wait_for_url(lambda url: url != address)
    assert _waiting(page, site) == before - 1
    page.goto(f"{site.url}/moderation/audit/")
    expect(page.locator("main")).to_contain_text("reject", ignore_case=True)


def test_a_viewer_does_not_get_in(site: Site, context: BrowserContext):
    page = sign_in(context, site, "viewer")
    response = page.goto(f"{site.url}/moderation/")
    assert response is not None
    assert response.status in (403, 404)
