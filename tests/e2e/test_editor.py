"""An uploader uses the editor's tools on a picture and on a video; a viewer has a copy made."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import BrowserContext, Page, expect

from demo.clips import render_clip
from demo.drawing import draw_garment
from demo.garments import sample_spec
from media.encoding import encode_clip
from media.music import music_bed
from tests.e2e.running_site import Site, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.worker]
WITHIN_MS = 120_000


def _spec(seed: int, type: str):
    return sample_spec(np.random.default_rng(seed), type=type, colour="green", pattern="plain")


def _photograph() -> dict[str, object]:
    """Return a picture of a skirt with a stain in its middle."""
    buffer = io.BytesIO()
    picture = Image.fromarray(draw_garment(_spec(31, "skirt")))
    x, y = picture.width // 2, picture.height // 2
    ImageDraw.Draw(picture).ellipse((x - 20, y - 20, x + 20, y + 20), fill=(250, 240, 60))
    picture.save(buffer, "JPEG", quality=92)
    return {"name": "skirt.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()}


def _film() -> dict[str, object]:
    frames = list(
        render_clip(_spec(32, "dress"), "runway", seconds=3, fps=12, width=240, height=320)
    )
    sound = music_bed(3, 3.0)
    clip = encode_clip(frames, fps=12, sound=sound)
    return {"name": "walk.mp4", "mimeType": "video/mp4", "buffer": clip}


def _uploaded(context: BrowserContext, site: Site, file: dict[str, object], media: str) -> Page:
    page = sign_in(context, site, "uploader")
    page.goto(f"{site.url}/studio/")
    page.set_input_files("[data-upload] input[type=file]", files=[file])
    page.locator("[data-upload-files] a").first.click()
    expect(page.locator(f".studio-preview {media}")).to_be_visible(timeout=WITHIN_MS)
    return page


def _use(page: Page, tool: str) -> None:
    page.locator(".editor-tabs a", has_text=tool).click()
    expect(page.locator(".editor-tabs a", has_text=tool)).to_have_attribute("aria-current", "true")


@pytest.mark.slow
def test_a_picture_is_recoloured_painted_and_styled(site: Site, context: BrowserContext):
    page = _uploaded(context, site, _photograph(), "img")
    page.fill("#id_instruction", "make it red")
    page.get_by_role("button", name="Make a version").click()
    expect(page.locator("[data-job-result]")).to_have_count(1, timeout=WITHIN_MS)

    page.get_by_role("button", name="Paint a part").click()
    canvas = page.locator(".brush-canvas")
    page.wait_for_timeout(300)
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 30, box["y"] + box["height"] / 2 + 30, steps=6)
    page.mouse.up()
    assert page.locator("[data-mask]").input_value(), "nothing was painted"
    page.select_option("#id_edit", "remove")
    page.fill("#id_instruction", "remove this spot")
    page.get_by_role("button", name="Make a version").click()
    expect(page.locator("[data-job-result]")).to_have_count(2, timeout=WITHIN_MS)

    _use(page, "Style")
    page.locator(".style-tile", has_text="Pencil").click()
    page.get_by_role("button", name="Make it in this style").click()
    expect(page.locator("[data-job-result]").first).to_be_visible(timeout=WITHIN_MS)
    page.reload()
    expect(page.locator("#versions li")).to_have_count(4)


@pytest.mark.slow
def test_a_video_is_styled_with_its_sound_and_cut(site: Site, context: BrowserContext):
    page = _uploaded(context, site, _film(), "video")
    address = page.url.split("?")[0]
    page.locator(".style-tile", has_text="Watercolour").click()
    page.get_by_role("button", name="Make it in this style").click()
    expect(page.locator("[data-job-result]").first).to_be_visible(timeout=WITHIN_MS)

    page.goto(f"{address}?tool=clip")
    page.locator("details.by-hand summary").click()
    page.fill("#id_start_s", "0.5")
    page.fill("#id_end_s", "2")
    page.get_by_role("button", name="Cut it").click()
    expect(page.locator("[data-job-result]").first).to_be_visible(timeout=WITHIN_MS)

    page.goto(address)
    expect(page.locator("#versions li")).to_have_count(3)
    page.locator("#versions a", has_text="cut by hand").click()
    length = page.locator(".studio-preview video").evaluate(
        """video => video.duration || new Promise(
             done => video.onloadedmetadata = () => done(video.duration))"""
    )
    assert 1.2 < length < 1.9


def test_a_viewer_has_a_version_made_where_the_maker_allows_it(site: Site, context: BrowserContext):
    page = sign_in(context, site, "viewer")
    found = site.manage(
        "shell",
        "-c",
        "from catalog.models import Item; "
        "print(Item.objects.visible().filter(allows_edits=True, kind='image').first().pk)",
    )
    page.goto(f"{site.url}/items/{found.split()[-1]}/")
    page.get_by_role("button", name="Cartoon").click()
    page.wait_for_url(lambda url: "#instructor" in url)
    expect(page.locator(".made-picture img, [data-job-result]").first).to_be_visible(
        timeout=WITHIN_MS
    )
