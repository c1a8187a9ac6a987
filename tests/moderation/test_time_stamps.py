"""Time stamps in manifests: from a configured authority, none without, never at the item's cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import Asset
from catalog.services import publish_item
from moderation.core import manifest
from moderation.core.manifest import Claim, Keys, State
from moderation.services import ensure_marked, verify_file
from moderation.services.gathering import read_bytes
from tests.moderation.conftest import MakeItem, draw
from tests.moderation.time_authority import TimeAuthority, running_authority

CLAIM = Claim("A black skirt", "ai", "Weft creator")


@pytest.fixture
def authority() -> Iterator[TimeAuthority]:
    with running_authority() as running:
        yield running


@pytest.fixture
def keys(tmp_path: Path, authority: TimeAuthority) -> Keys:
    return manifest.ensure_keys(tmp_path, authority.anchor, authority.url)


@pytest.fixture
def picture() -> bytes:
    return cv2.imencode(".jpg", draw())[1].tobytes()


def test_a_signature_is_stamped_by_the_authority(
    keys: Keys, authority: TimeAuthority, picture: bytes
) -> None:
    signed = manifest.sign(picture, "image/jpeg", CLAIM, keys)
    report = manifest.read(signed, "image/jpeg", keys)
    assert report.state == State.VALID
    assert datetime.fromisoformat(report.stamped_at) == authority.stamped[0]
    assert report.stamp_is_trusted
    alone = manifest.read(signed, "image/jpeg", replace(keys, known_anchors=""))
    assert alone.state == State.VALID
    assert alone.stamped_at
    assert not alone.stamp_is_trusted


def test_without_an_authority_there_is_no_stamp(keys: Keys, picture: bytes) -> None:
    alone = replace(keys, time_authority="")
    report = manifest.read(manifest.sign(picture, "image/jpeg", CLAIM, alone), "image/jpeg", keys)
    assert (report.state, report.stamped_at) == (State.VALID, "")


def test_an_authority_that_does_not_answer_costs_the_stamp_alone(
    keys: Keys, picture: bytes
) -> None:
    silent = replace(keys, time_authority="http://127.0.0.1:9/")
    report = manifest.read(manifest.sign(picture, "image/jpeg", CLAIM, silent), "image/jpeg", keys)
    assert (report.state, report.stamped_at) == (State.VALID, "")


def test_a_stamp_of_something_else_is_none(
    keys: Keys, authority: TimeAuthority, picture: bytes
) -> None:
    authority.lies = True
    report = manifest.read(manifest.sign(picture, "image/jpeg", CLAIM, keys), "image/jpeg", keys)
    assert report.stamped_at == ""


@pytest.mark.django_db
def test_pages_say_when_it_was_stamped_or_that_it_was_not(
    settings, tmp_path: Path, authority: TimeAuthority, pending_ai_item: MakeItem
) -> None:
    plain = pending_ai_item()
    ensure_marked(plain)
    settings.C2PA_TIMESTAMP_URL = authority.url
    stamped = pending_ai_item(draw(9))
    ensure_marked(stamped)
    for item in (plain, stamped):
        publish_item(item=item)
    assert plain.mark.stamped_at is None
    assert stamped.mark.stamped_at - authority.stamped[-1] < timedelta(minutes=1)
    pages = [
        Client().get(reverse("moderation:trust", args=[item.pk])).content.decode()
        for item in (plain, stamped)
    ]
    assert "without a time stamp" in pages[0]
    assert "time-stamped on" in pages[1]
    master = stamped.asset(Asset.Role.MASTER)
    assert master is not None
    told = " ".join(verify_file(data=read_bytes(master)).history)
    assert "time stamp of an authority we do not know" in told
