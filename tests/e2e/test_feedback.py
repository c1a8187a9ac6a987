"""What a browser keeps when the connection goes, and whose it is."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.running_site import Site, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.worker]
COUNT = """
from recommender.models import Interaction
rows = Interaction.objects.filter(user__username={name!r}, item_id={item}, kind="like")
print(rows.count())
"""


def _likes(site: Site, name: str, item: str) -> int:
    """Return how many likes of this person on this item the server has."""
    return int(site.manage("shell", "-v", "0", "-c", COUNT.format(name=name, item=item)))


def _queued(page: Page) -> list[dict]:
    """Return everything that waits in this browser, whoever's it is."""
    kept = page.evaluate(
        """() => Object.keys(localStorage).filter(k => k.startsWith('weft.events.'))
        .map(k => localStorage.getItem(k))"""
    )
    return [event for events in kept for event in json.loads(events)]


def _unliked_card(page: Page) -> str:
    """Return the id of a card on the page that its person has not reacted to."""
    button = page.locator('[data-react="like"][aria-pressed="false"]').first
    return button.locator("xpath=ancestor::article").get_attribute("data-item")


def _like(page: Page, item: str) -> None:
    card = page.locator(f'article[data-item="{item}"]')
    card.scroll_into_view_if_needed()
    card.locator('[data-react="like"]').click()
    expect(card.locator('[data-react="like"]')).to_have_attribute("aria-pressed", "true")


def _wait_until_sent(page: Page) -> None:
    page.wait_for_function(
        """() => !Object.keys(localStorage).filter(k => k.startsWith('weft.events.'))
        .some(k => localStorage.getItem(k).includes('"like"'))"""
    )


def test_a_like_without_a_connection_is_stored_once_when_it_is_back(
    site: Site, context: BrowserContext
):
    page = sign_in(context, site, "viewer")
    page.goto(site.url)
    item = _unliked_card(page)
    before = _likes(site, "viewer", item)
    context.set_offline(True)
    _like(page, item)
    expect(page.locator("[data-toast]")).to_contain_text("offline")
    assert [event["kind"] for event in _queued(page)].count("like") == 1
    assert _likes(site, "viewer", item) == before
    context.set_offline(False)
    _wait_until_sent(page)
    assert _likes(site, "viewer", item) == before + 1
    # A new visit sends nothing again, and shows the like.
    page.goto(f"{site.url}/feed/why/{item}/")
    page.goto(site.url)
    assert _likes(site, "viewer", item) == before + 1


def test_a_like_and_its_withdrawal_without_a_connection_leave_no_like(
    site: Site, context: BrowserContext
):
    page = sign_in(context, site, "viewer")
    page.goto(site.url)
    item = _unliked_card(page)
    context.set_offline(True)
    _like(page, item)
    button = page.locator(f'article[data-item="{item}"] [data-react="like"]')
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    context.set_offline(False)
    _wait_until_sent(page)
    answer = page.request.get(f"{site.url}/api/v1/me/export/").json()
    kinds = [event["kind"] for event in answer["events"] if event["item_id"] == int(item)]
    assert [kind for kind in kinds if kind in ("like", "undo")][-1] == "undo"


@pytest.mark.slow
def test_who_signs_in_next_on_the_same_browser_does_not_send_it(
    site: Site, context: BrowserContext
):
    page = sign_in(context, site, "viewer")
    page.goto(site.url)
    item = _unliked_card(page)
    mine, theirs = _likes(site, "viewer", item), _likes(site, "uploader", item)
    # The first person's feedback cannot reach the server, but everything else can.
    context.route("**/feed/events/", lambda route: route.abort())
    context.route(f"**/feed/{item}/react/", lambda route: route.abort())
    _like(page, item)
    context.clear_cookies()
    context.unroute("**/feed/events/")
    context.unroute(f"**/feed/{item}/react/")
    second = sign_in(context, site, "uploader")
    second.goto(site.url)
    # The first person's page is still open and tries again, under the other's session.
    page.evaluate("dispatchEvent(new Event('online'))")
    second.wait_for_function("localStorage.length > 1")  # something of their own to send
    with second.expect_response("**/feed/events/"):
        second.evaluate("dispatchEvent(new Event('online'))")
    assert _likes(site, "uploader", item) == theirs
    assert _likes(site, "viewer", item) == mine
    assert any(event["kind"] == "like" for event in _queued(second))
    context.clear_cookies()
    back = sign_in(context, site, "viewer")
    back.goto(site.url)
    _wait_until_sent(back)
    assert _likes(site, "viewer", item) == mine + 1
    assert _likes(site, "uploader", item) == theirs


def test_stars_and_words_in_the_sheet_over_the_feed(site: Site, context: BrowserContext):
    page = sign_in(context, site, "viewer")
    page.goto(site.url)
    page.locator("article[data-item] [data-opinion]").first.click()
    sheet = page.locator("[data-opinion-dialog]")
    expect(sheet).to_be_visible()
    sheet.get_by_role("radio", name="4 stars").first.check(force=True)
    sheet.get_by_role("button", name="Save stars").click()
    expect(sheet).to_contain_text("Your stars are saved.")
    expect(sheet.get_by_role("radio", name="4 stars").first).to_be_checked()
    sheet.get_by_label("What do you think of it?").fill("I like this one's collar")
    sheet.get_by_role("button", name="Say it").click()
    expect(sheet).to_contain_text("you like it; more of collar")
    sheet.get_by_role("button", name="Delete").first.click()
    expect(sheet).to_contain_text("Your remark is deleted.")
    sheet.get_by_role("button", name="Close").click()
    expect(sheet).to_be_hidden()


def test_the_operator_sees_the_people_page(site: Site, context: BrowserContext):
    page = sign_in(context, site, "operator")
    page.goto(f"{site.url}/dashboard/people/")
    expect(page.get_by_role("heading", name="People", exact=True)).to_be_visible()
    expect(page.get_by_role("rowheader", name="Click-through")).to_be_visible()
