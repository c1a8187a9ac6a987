"""A viewer browses the feed, teaches it, and asks for what is not there."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.running_site import Site, sign_in, sign_up

pytestmark = [pytest.mark.browser, pytest.mark.worker]
MADE_WITHIN_MS = 90_000


def _cards(page: Page) -> list[str]:
    return page.eval_on_selector_all("article[data-item]", "all => all.map(a => a.dataset.item)")


def _card_in_view(page: Page) -> str:
    """Return the id of the card whose middle is nearest the middle of the window."""
    return page.evaluate(
        """() => [...document.querySelectorAll('article[data-item]')]
        .map(a => [Math.abs(a.getBoundingClientRect().top + a.offsetHeight / 2 - innerHeight / 2),
                   a.dataset.item]).sort((a, b) => a[0] - b[0])[0][1]"""
    )


def _wait_for_another_card(page: Page, before: str) -> str:
    """Return the card that the feed has come to rest on; half-way between two, keys do nothing."""
    page.wait_for_function(
        """before => {
            const middle = a => a.getBoundingClientRect().top + a.offsetHeight / 2;
            const feed = document.querySelector('[data-feed]').getBoundingClientRect();
            const centre = feed.top + feed.height / 2;
            return [...document.querySelectorAll('article[data-item]')].some(
                a => a.dataset.item !== before && Math.abs(middle(a) - centre) < 4);
        }""",
        arg=before,
    )
    # The page's own observer hears of it a frame or two later.
    page.wait_for_timeout(500)
    return _card_in_view(page)


def test_every_card_says_from_the_start_who_made_it(site: Site, context: BrowserContext):
    page = context.new_page()
    page.goto(site.url)
    cards = page.locator("article[data-item]").all()
    assert cards
    for card in cards:
        origin = card.locator(".badge.origin")
        expect(origin).to_have_text(re.compile(r"^(Human|AI-assisted|AI) · "))


def test_arrow_keys_move_through_the_feed_and_a_key_likes(site: Site, context: BrowserContext):
    page = sign_in(context, site, "viewer")
    page.goto(site.url)
    first = _card_in_view(page)
    page.keyboard.press("ArrowDown")
    second = _wait_for_another_card(page, first)
    like = page.locator(f"article[data-item='{second}'] [data-react=like]")
    # In a small world the feed repeats: what was liked before is then taken back.
    before = like.get_attribute("aria-pressed")
    page.keyboard.press("l")
    expect(like).to_have_attribute("aria-pressed", "false" if before == "true" else "true")


def test_the_feed_goes_on_without_repeats(site: Site, context: BrowserContext):
    page = sign_in(context, site, "viewer")
    page.goto(site.url)
    before = len(_cards(page))
    for _ in range(before + 3):
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(350)
    page.wait_for_function(f"document.querySelectorAll('article[data-item]').length > {before}")
    ids = _cards(page)
    assert len(ids) == len(set(ids))


def test_asking_to_see_something_finds_it(site: Site, context: BrowserContext):
    page = sign_in(context, site, "viewer")
    page.goto(site.url)
    page.fill("#chat-text", "Show me skirts")
    page.keyboard.press("Enter")
    found = page.locator("[data-chat-log] [data-turn]").last.locator("[data-found]")
    expect(found.first).to_be_visible()
    expect(found.first).to_contain_text("skirt", ignore_case=True)


def test_asking_to_make_something_ends_in_a_marked_picture(site: Site, context: BrowserContext):
    """The whole loop: words, job, progress, screening, marks, and the picture in the panel."""
    page = sign_in(context, site, "viewer")
    page.goto(site.url)
    page.fill("#chat-text", "make me a red skirt with white stripes")
    page.keyboard.press("Enter")
    turn = page.locator("[data-chat-log] [data-turn]").last
    expect(turn.locator("[data-job]").first).to_be_visible()
    made = page.locator("[data-chat-log] [data-made], [data-chat-log] [data-job-result]").last
    expect(made).to_be_visible(timeout=MADE_WITHIN_MS)
    page.goto(f"{site.url}/jobs/")
    page.locator("[data-job] a", has_text="Open").first.click()
    expect(page.locator("main .badge.ai").first).to_be_visible()


def test_without_javascript_the_feed_is_a_list_that_can_be_read_and_liked(site: Site, browser):
    context = browser.new_context(java_script_enabled=False)
    # Somebody new: the others have seen most of this small world by now.
    page = sign_up(context, site, "paper-reader")
    page.goto(site.url)
    like = page.locator("article[data-item] button.like").first
    like.click()
    expect(page.locator("article[data-item]").first).to_be_visible()
    page.get_by_role("link", name="More").click()
    expect(page.locator("article[data-item]").first).to_be_visible()
    context.close()
