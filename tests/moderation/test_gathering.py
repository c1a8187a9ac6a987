"""Which neighbours a screening compares with, and which words it reads."""

from __future__ import annotations

import dataclasses

import pytest

from catalog.services import replace_asset
from common.guidance import Attributes, Guidance
from media.captions import MIME, Cue, write_vtt
from moderation.core.checks.contract import Neighbour
from moderation.services.gathering import _request, _texts, _unlikeness
from tests.factories import ItemFactory

CAPTIONS = write_vtt([Cue(0, 1, "Call me at"), Cue(1, 2, "someone@example.org & more")])


def test_an_exact_copy_is_the_first_neighbour_not_the_last():
    copy = Neighbour(1, "copy", 0, 1.0)
    alike = Neighbour(2, "alike", 12, 0.98)
    by_vector_only = Neighbour(3, "no hash", None, 0.99)
    assert sorted([by_vector_only, alike, copy], key=_unlikeness) == [copy, alike, by_vector_only]


@pytest.mark.django_db
def test_captions_are_read_wherever_they_are():
    beside, drawn_in, without = ItemFactory.create_batch(3, kind="video")
    replace_asset(item=beside, role="captions", content=CAPTIONS.encode(), mime=MIME)
    drawn_in.manifest = {"captions": {"burnt": True, "vtt": CAPTIONS}}
    for item in (beside, drawn_in):
        assert _texts(item, None)["captions"] == "Call me at\nsomeone@example.org & more"
    assert "captions" not in _texts(without, None)


def test_beneath_a_style_neither_garment_nor_colours_are_judged():
    plain = Guidance(user_id=1, instruction="a red dress", wanted=Attributes("dress", ("red",)))
    item = ItemFactory.build(garment_type="dress")
    assert _request(item, plain) == Attributes("dress", ("red",))
    styled = dataclasses.replace(plain, style="neon")
    assert _request(item, styled) is None
