"""An uploader sends a picture in, edits it with a sentence, and submits it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from demo.drawing import draw_garment
from demo.garments import sample_spec
from tests.e2e.running_site import Site, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.worker]
WITHIN_MS = 90_000


def _photograph(seed: int) -> dict[str, object]:
    """Return a picture nobody has posted, as a file for the browser's file field."""
    spec = sample_spec(np.random.default_rng(seed), type="shirt", colour="green", pattern="plain")
    buffer = io.BytesIO()
    Image.fromarray(draw_garment(spec)).save(buffer, "JPEG", quality=92)
    return {"name": "my shirt.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()}


def _upload(page: Page, site: Site, file: dict[str, object]) -> None:
    page.goto(f"{site.url}/studio/")
    page.set_input_files("[data-upload] input[type=file]", files=[file])
    button = page.locator("[data-upload-button]")
    if button.is_visible():
        button.click()
    else:
        # Scripts send the file at once: leaving the page before it arrived would stop it.
        page.locator("[data-upload-files] a, [data-upload-files] .refused").first.wait_for()


def test_upload_edit_submit(site: Site, context: BrowserContext):
    page = sign_in(context, site, "uploader")
    _upload(page, site, _photograph(1))
    page.locator("article.studio-card a").first.wait_for()
    page.goto(f"{site.url}/studio/")
    page.locator("article.studio-card a").first.click()
    expect(page.locator(".studio-preview img")).to_be_visible(timeout=WITHIN_MS)

    page.fill("#id_instruction", "make it red")
    page.get_by_role("button", name="Make a version").click()
    expect(page.locator("[data-job-result]").first).to_be_visible(timeout=WITHIN_MS)
    page.reload()
    page.locator("#versions a", has_text="Version 2").click()
    expect(page.locator(".badge.ai_assisted").first).to_be_visible()

    page.get_by_role("button", name="Submit for screening").click()
    outcome = page.locator(
        ".studio-live .badge.published, .studio-live .badge.in_review, .studio-live .badge.rejected"
    )
    expect(outcome.first).to_be_visible(timeout=WITHIN_MS)


def test_a_file_that_is_no_picture_is_refused_with_a_sentence(site: Site, context: BrowserContext):
    page = sign_in(context, site, "uploader")
    file = {"name": "page.jpg", "mimeType": "image/jpeg", "buffer": b"<html>hello</html>"}
    _upload(page, site, file)
    expect(page.locator("[data-upload-files], .notice").first).to_contain_text(
        "picture", ignore_case=True
    )
