"""Signed manifests: valid where we signed, invalid after a change, untrusted from a stranger."""

from __future__ import annotations

import stat
from pathlib import Path

import cv2
import numpy as np
import pytest

from moderation.core import manifest
from moderation.core.manifest import Claim, Keys, State

CLAIM = Claim(
    "A black skirt", "ai", "Weft creator", "abc123", ("c2pa.edited",), {"liked_items": 12}
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return manifest.ensure_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def picture(drawn: list[np.ndarray]) -> bytes:
    return cv2.imencode(".jpg", drawn[0])[1].tobytes()


def test_a_signed_file_says_who_made_it_and_how(keys: Keys, picture: bytes) -> None:
    report = manifest.read(manifest.sign(picture, "image/jpeg", CLAIM, keys), "image/jpeg", keys)
    assert report.state == State.VALID
    assert report.title == "A black skirt"
    assert report.says_ai
    assert report.actions == ("c2pa.created", "c2pa.edited")


def test_signing_leaves_the_pixels_alone(keys: Keys, picture: bytes) -> None:
    signed = manifest.sign(picture, "image/jpeg", CLAIM, keys)
    before = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    after = cv2.imdecode(np.frombuffer(signed, np.uint8), cv2.IMREAD_COLOR)
    assert (before == after).all()


def test_assisted_items_say_composite(keys: Keys, picture: bytes) -> None:
    claim = Claim("Re-coloured", "ai_assisted", "Weft editor")
    report = manifest.read(manifest.sign(picture, "image/jpeg", claim, keys), "image/jpeg", keys)
    assert report.source_type.endswith("/compositeWithTrainedAlgorithmicMedia")


def test_a_changed_file_is_invalid(keys: Keys, picture: bytes) -> None:
    changed = bytearray(manifest.sign(picture, "image/jpeg", CLAIM, keys))
    changed[-3000] ^= 1
    report = manifest.read(bytes(changed), "image/jpeg", keys)
    assert report.state == State.INVALID
    assert report.problems


def test_a_strangers_signature_is_untrusted_not_invalid(
    keys: Keys, picture: bytes, tmp_path: Path
) -> None:
    stranger = manifest.ensure_keys(tmp_path)
    signed = manifest.sign(picture, "image/jpeg", CLAIM, stranger)
    assert manifest.read(signed, "image/jpeg", keys).state == State.UNTRUSTED


@pytest.mark.parametrize("data", [b"", b"nonsense", b"<svg/>"])
def test_what_is_no_signed_picture_is_absent_or_invalid_but_no_crash(
    keys: Keys, data: bytes
) -> None:
    assert manifest.read(data, "image/jpeg", keys).state in {State.ABSENT, State.INVALID}


def test_a_plain_picture_has_no_manifest(keys: Keys, picture: bytes) -> None:
    assert manifest.read(picture, "image/jpeg", keys).state == State.ABSENT


def test_what_people_made_gets_no_manifest_of_ours(keys: Keys, picture: bytes) -> None:
    with pytest.raises(manifest.ManifestError, match="AI"):
        manifest.sign(picture, "image/jpeg", Claim("Photo", "human", "camera"), keys)


def test_keys_are_made_once_and_for_us_alone(tmp_path: Path) -> None:
    first = manifest.ensure_keys(tmp_path)
    second = manifest.ensure_keys(tmp_path)
    assert first.private_key == second.private_key
    for file in first.folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
