"""The create page in a browser: a wish, its variants live, and a remix."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.e2e.running_site import Site, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.worker]
MADE_WITHIN_MS = 180_000


def test_a_wish_becomes_variants_that_arrive_by_themselves(site: Site, context: BrowserContext):
    page = sign_in(context, site, "viewer")
    page.goto(site.url)
    page.get_by_role("link", name="Create", exact=True).click()
    page.get_by_role("link", name="A black skirt with white stripes").click()
    expect(page.locator("[data-heard]")).to_contain_text("black and white striped skirt")
    page.locator("label[for^=id_variants]", has_text="2").click()
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url("**/jobs/groups/**")
    expect(page.locator("[data-job]")).to_have_count(2)
    expect(page.locator("[data-job-result]")).to_have_count(2, timeout=MADE_WITHIN_MS)
    expect(page.locator("#group-head")).to_contain_text("2 variants", timeout=20_000)

    page.locator("[data-job]").first.get_by_role("link", name="Remix").click()
    expect(page.locator("#id_instruction")).to_have_value("A black skirt with white stripes")
    assert page.input_value("#id_seed")


def test_the_group_is_cancelled_as_one(site: Site, context: BrowserContext):
    page = sign_in(context, site, "viewer")
    page.goto(f"{site.url}/create/?q=a+green+hat")
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url("**/jobs/groups/**")
    page.get_by_role("button", name="Cancel all").click()
    expect(page.locator("[data-job-state=cancelled]").first).to_be_visible(timeout=30_000)


def test_without_javascript_a_wish_can_be_made(site: Site, browser):
    context = browser.new_context(java_script_enabled=False)
    page = sign_in(context, site, "viewer")
    page.goto(f"{site.url}/create/")
    page.fill("#id_instruction", "a yellow dress")
    page.locator("label[for^=id_variants]", has_text="2").click()
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url("**/jobs/groups/**")
    expect(page.locator("[data-job]")).to_have_count(2)
    expect(page.get_by_role("link", name="Refresh").first).to_be_visible()
    context.close()
