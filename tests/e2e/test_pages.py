"""Every page is free of accessibility faults and of errors in the browser's console."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.e2e.running_site import Site, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAGES = {
    None: ("/", "/search/", "/verify/", "/accounts/login/", "/accounts/signup/", "/transparency/"),
    "viewer": ("/", "/profile/", "/standing/", "/jobs/", "/search/?q=dress"),
    "uploader": ("/studio/",),
    "moderator": (
        *("/moderation/", "/moderation/settings/", "/moderation/rules/", "/moderation/routing/"),
        *("/moderation/policy/", "/moderation/audit/"),
    ),
}
OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("person", list(PAGES))
def test_pages_have_no_accessibility_faults(site: Site, browser: Browser, person, width, scheme):
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = sign_in(context, site, person) if person else context.new_page()
    errors: list[str] = []
    page.on(
        "console", lambda message: errors.append(message.text) if message.type == "error" else None
    )
    faults = {}
    for path in PAGES[person]:
        page.goto(f"{site.url}{path}")
        found = Axe().run(page, options=OPTIONS).response["violations"]
        for fault in found:
            faults[f"{path} {fault['id']}"] = [node["html"][:160] for node in fault["nodes"]][:3]
    context.close()
    assert faults == {}
    assert errors == []
