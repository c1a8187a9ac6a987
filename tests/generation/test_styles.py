"""Restyling an item: what a job hands in, what comes back, whose colours and whose manner."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from catalog.models import Item
from catalog.services import store_media
from common.errors import InvalidInputError
from common.guidance import Guidance
from generation.core.backends import GenerationCancelled
from generation.operations import Product, Work
from generation.operations.styles import palette_of, restyle
from media.encoding import encode_clip
from tests.factories import ItemFactory


def work(person, source: Item, **said) -> Work:
    guidance = Guidance(
        user_id=person.pk, instruction="another style", mode="style", kind=source.kind, seed=4
    )
    return Work(
        dataclasses.replace(guidance, **said), source, lambda done, total: None, lambda: False
    )


def blue_item(**said) -> Item:
    """A published picture of a blue block on a light ground."""
    picture = np.full((240, 180, 3), (235, 232, 226), np.uint8)
    cv2.rectangle(picture, (45, 40), (135, 200), (40, 90, 200), -1)
    item = ItemFactory(published=True, title="Blue shirt", colours=["blue"], **said)
    store_media(item=item, image=picture)
    return item


@pytest.fixture
def clip(uploader) -> Item:
    """A video of the uploader's with sound, half a second of it."""
    frames = []
    for step in range(6):
        frame = np.full((96, 72, 3), (210, 206, 198), np.uint8)
        cv2.rectangle(frame, (20 + step, 20), (50 + step, 80), (200, 36, 46), -1)
        frames.append(frame)
    tone = np.zeros((22050, 2), np.float32)
    item = ItemFactory(owner=uploader, kind=Item.Kind.VIDEO, title="Red skirt")
    store_media(item=item, video=encode_clip(frames, fps=12, sound=tone), poster=frames[0])
    return item


def test_a_picture_comes_back_in_the_style(uploader, photo):
    made = restyle(work(uploader, photo, style="pencil"))
    assert made.image is not None
    assert made.image.shape == (240, 180, 3)
    assert cv2.cvtColor(made.image, cv2.COLOR_RGB2HSV)[..., 1].mean() < 25
    assert made.manifest["style"] == "pencil"
    assert made.manifest["backend"] == "embedded"
    # The garment is still red to whoever searches for it.
    assert made.attributes is None


def test_a_video_comes_back_as_a_video_with_a_poster(uploader, clip):
    done = []
    asked = work(uploader, clip, style="cartoon")
    made: Product = restyle(dataclasses.replace(asked, report=lambda d, t: done.append(d / t)))
    assert isinstance(made.video, Path)
    assert made.video.stat().st_size > 500
    assert made.poster is not None
    assert made.poster.shape == (96, 72, 3)
    assert made.manifest["frames"] == 6
    assert done[-1] == 1.0


def test_a_palette_is_made_from_liked_garments_newest_first(uploader, viewer, photo):
    liked = blue_item()
    colours = palette_of(Guidance(user_id=viewer.pk, instruction="", liked_item_ids=(liked.pk,)))
    red, green, blue = colours[0][0]
    assert blue > 150 > red
    made = restyle(work(viewer, photo, style="palette", liked_item_ids=(liked.pk,)))
    assert made.image is not None
    assert made.image[..., 2].mean() > made.image[..., 0].mean()
    assert made.attributes is not None
    assert made.attributes.colours[0] == "blue"
    assert made.manifest["palette"]


def test_without_likes_a_palette_says_what_to_do(viewer, photo):
    with pytest.raises(InvalidInputError, match="Like a few items first"):
        restyle(work(viewer, photo, style="palette"))


def test_removed_items_no_longer_colour_anything(viewer, photo):
    liked = blue_item()
    Item.objects.filter(pk=liked.pk).update(state=Item.State.REMOVED)
    with pytest.raises(InvalidInputError, match="Like a few items first"):
        restyle(work(viewer, photo, style="palette", liked_item_ids=(liked.pk,)))


def test_an_exemplar_gives_its_colours(viewer, photo):
    made = restyle(work(viewer, photo, style=None, exemplar_item_id=blue_item().pk))
    assert made.image is not None
    assert made.image[..., 2].mean() > made.image[..., 0].mean()
    assert made.manifest["style"] == "exemplar"


def test_nobody_takes_the_style_of_an_item_they_may_not_see(viewer, photo):
    hidden = ItemFactory(title="Draft of somebody else")
    store_media(item=hidden, image=np.full((64, 48, 3), 90, np.uint8))
    with pytest.raises(InvalidInputError, match="not there any more"):
        restyle(work(viewer, photo, style="exemplar", exemplar_item_id=hidden.pk))


def test_no_style_is_no_wish(viewer, photo):
    with pytest.raises(InvalidInputError, match="Choose a style"):
        restyle(work(viewer, photo))


def test_a_cancelled_video_leaves_nothing_behind(uploader, clip, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    asked = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 4

    with pytest.raises(GenerationCancelled):
        restyle(dataclasses.replace(work(uploader, clip, style="neon"), should_stop=stop))
    assert not list(tmp_path.glob("weft-style-*"))


def test_a_model_named_in_settings_does_it(viewer, photo, settings, monkeypatch):
    class Styler:
        def restyle(self, frames, *, prompt, degree, seed, reporter):
            self.prompt = prompt
            return [255 - frames[0]]

        def manifest(self, prompt, degree, seed):
            return {"backend": "some/model", "revision": "abc"}

    styler = Styler()
    monkeypatch.setattr("generation.core.styles.hub.load_styler", lambda name, **more: styler)
    settings.STYLE_MODEL = "some/model"
    made = restyle(work(viewer, photo, style="watercolour"))
    assert made.manifest["backend"] == "some/model"
    assert "watercolour" in styler.prompt
    assert "red" in styler.prompt
    # A palette is no word: our own does it all the same.
    own = restyle(work(viewer, photo, style="palette", liked_item_ids=(blue_item().pk,)))
    assert own.manifest["backend"] == "embedded"
