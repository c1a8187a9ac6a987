"""`make screenshots`: a picture of every page, wide and narrow, light and dark.

Starts a site of its own with the demo world unless --url names one, and writes to var/screenshots.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from contextlib import nullcontext
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.e2e.running_site import ROOT, Site, chromium, running_site, sign_in

PAGES = {
    "anonymous": (
        *("/", "/search/", "/verify/", "/facts/", "/transparency/"),
        *("/accounts/login/", "/accounts/signup/"),
    ),
    "viewer": (
        *("/", "/create/", "/following/", "/profile/", "/profile/delete/"),
        *("/jobs/", "/standing/", "/search/?q=dress", "@item"),
    ),
    "uploader": ("/studio/", "/studio/upload/", "/studio/requests/", "@studio"),
    "moderator": (
        *("/moderation/", "@case", "/moderation/rules/", "/moderation/routing/"),
        *("/moderation/policy/", "/moderation/settings/", "/moderation/audit/"),
    ),
    "operator": (
        *("/dashboard/", "/dashboard/people/", "/dashboard/policy/", "/dashboard/attacks/"),
        *("/dashboard/knowledge/", "/dashboard/fairness/", "/admin/", "/admin/catalog/item/"),
    ),
}
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a running site whose demo password is that of the tests")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "screenshots")
    parser.add_argument("--only", help="only this person's pages")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        started = (
            nullcontext(Site(arguments.url, Path(folder), Path(folder) / "none"))
            if arguments.url
            else running_site(Path(folder) / "site", DEMO_ITEMS="200", DEMO_VIEWERS="20")
        )
        with started as site, chromium() as browser:
            for person in PAGES:
                if arguments.only in (None, person):
                    _photograph(browser, site, person, arguments.out)


def _photograph(browser: Browser, site: Site, person: str, out: Path) -> None:
    for size, (width, height) in SIZES.items():
        for scheme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            page = context.new_page() if person == "anonymous" else sign_in(context, site, person)
            for path in PAGES[person]:
                address = _resolve(page, site, path)
                if address is None:
                    continue
                page.goto(address)
                page.wait_for_timeout(1200)
                name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "feed"
                page.screenshot(path=out / f"{person}-{name}-{size}-{scheme}.png")
            context.close()


def _resolve(page: Page, site: Site, path: str) -> str | None:
    """Return the address of a page, following the first link for those that need an id."""
    lists = {
        "@item": ("/search/?q=skirt", "main a[href^='/items/']"),
        "@studio": ("/studio/", "article.studio-card a"),
        "@case": ("/moderation/", "main a[href^='/moderation/cases/']"),
    }
    if path not in lists:
        return f"{site.url}{path}"
    listing, selector = lists[path]
    page.goto(f"{site.url}{listing}")
    link = page.locator(selector).first
    return f"{site.url}{link.get_attribute('href')}" if link.count() else None


if __name__ == "__main__":
    main()
