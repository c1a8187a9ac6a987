"""The instructor's panel in a browser: pictures, lasting wishes, speech."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.running_site import Site, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.worker]
LOOKED_AT_WITHIN_MS = 90_000
# Stands for a browser's speech recognition, which headless Chromium has no service for.
FAKE_SPEECH = """
window.SpeechRecognition = window.webkitSpeechRecognition = class extends EventTarget {
  start() {
    window.heardIn = this.lang;
    const say = (words, isFinal) => {
      const event = new Event("result");
      event.results = [Object.assign([{ transcript: words }], { isFinal })];
      this.dispatchEvent(event);
    };
    say("black", false);
    window.finishSpeech = () => {
      say("black skirts", true);
      this.dispatchEvent(new Event("end"));
    };
  }
  stop() { window.finishSpeech(); }
  abort() { this.dispatchEvent(new Event("end")); }
};
"""


def picture(colour: tuple[int, int, int] = (200, 30, 40)) -> dict:
    buffer = io.BytesIO()
    Image.new("RGB", (300, 400), colour).save(buffer, "PNG")
    return {"name": "mine.png", "mimeType": "image/png", "buffer": buffer.getvalue()}


def open_panel(site: Site, context: BrowserContext, person: str = "viewer") -> Page:
    page = sign_in(context, site, person)
    page.goto(site.url)
    return page


def test_a_picture_is_attached_and_things_like_it_are_found(site: Site, context: BrowserContext):
    page = open_panel(site, context)
    page.locator("[data-attach]").set_input_files([picture()])
    expect(page.locator("[data-tray-item] img")).to_be_visible()
    page.fill("#chat-text", "find something like this")
    # Sent at once, it waits for the bytes by itself.
    page.keyboard.press("Enter")
    expect(page.locator(".turn.from-person .sent-media").last).to_be_visible()
    expect(page.locator("[data-tray-item]")).to_have_count(0)
    expect(page.locator(".turn.from-instructor").last.locator("[data-found]").first).to_be_visible(
        timeout=LOOKED_AT_WITHIN_MS
    )
    expect(page.locator(".sent-media img").last).to_be_visible()


def test_a_bare_picture_is_asked_about_and_a_bad_file_is_refused(
    site: Site, context: BrowserContext
):
    page = open_panel(site, context, "uploader")
    page.fill("#chat-text", "my words stay")
    page.locator("[data-attach]").set_input_files(
        [{"name": "a.png", "mimeType": "image/png", "buffer": b"GIF89a nothing"}]
    )
    expect(page.locator("[data-tray-item].refused")).to_contain_text("GIF")
    expect(page.locator("#chat-text")).to_have_value("my words stay")
    page.get_by_role("button", name="Remove a.png").click()
    page.fill("#chat-text", "")
    page.locator("[data-attach]").set_input_files([picture((30, 60, 200))])
    expect(page.locator("[data-tray-item] img")).to_be_visible()
    page.get_by_role("button", name="Send", exact=True).click()
    chip = page.get_by_role("button", name="Make me one like this")
    expect(chip).to_be_visible(timeout=LOOKED_AT_WITHIN_MS)


def test_what_is_said_for_good_is_shown_and_can_be_removed(site: Site, context: BrowserContext):
    page = open_panel(site, context)
    page.fill("#chat-text", "I never wear leather")
    page.keyboard.press("Enter")
    told = page.locator("#chat-wishes")
    expect(told).to_contain_text("no leather")
    page.goto(f"{site.url}/profile/")
    page.select_option("#wish-polarity", "wanted")
    page.fill("#wish-text", "linen")
    page.locator("#wishes").get_by_role("button", name="Add").click()
    expect(page.locator("#wishes")).to_contain_text("you like linen")
    page.goto(site.url)
    expect(told).to_contain_text("you like linen")
    page.get_by_role("button", name="Forget: no leather").click()
    expect(told).not_to_contain_text("no leather")
    page.goto(f"{site.url}/profile/")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Forget all of it").click()
    expect(page.locator("#wishes")).to_contain_text("Nothing yet")


def test_speech_fills_the_field_and_sends_nothing(site: Site, context: BrowserContext):
    context.add_init_script(FAKE_SPEECH)
    page = open_panel(site, context)
    turns = page.locator(".turn").count()
    page.get_by_role("button", name="Speak your message").click()
    expect(page.locator("#chat-text")).to_have_value("black")
    stop = page.get_by_role("button", name="Stop listening")
    expect(stop).to_have_attribute("aria-pressed", "true")
    stop.click()
    expect(page.locator("#chat-text")).to_have_value("black skirts")
    assert page.evaluate("window.heardIn") == page.evaluate("navigator.language")
    assert page.locator(".turn").count() == turns


def test_without_speech_the_microphone_is_not_there(site: Site, context: BrowserContext):
    context.add_init_script(
        "delete window.SpeechRecognition; delete window.webkitSpeechRecognition;"
    )
    page = open_panel(site, context)
    expect(page.locator("#chat-text")).to_be_visible()
    expect(page.locator("[data-mic]")).to_be_hidden()


def test_without_javascript_a_picture_can_be_sent(site: Site, browser):
    context = browser.new_context(java_script_enabled=False)
    page = open_panel(site, context, "moderator")
    page.goto(f"{site.url}/#instructor")
    page.locator("[data-attach]").set_input_files([picture()])
    page.fill("#chat-text", "find something like this")
    page.locator(".chat-send").click()
    expect(page.locator(".turn.from-person .sent-media").last).to_be_visible()
    context.close()
