"""Keys that rotate, sources that are named, and whom we believe."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import av
import numpy as np
import pytest

from media.encoding import encode_clip
from moderation.core import authority, manifest
from moderation.core.manifest import Claim, Ingredient, Keys, State

CLAIM = Claim("A black skirt", "ai", "Weft creator", "abc123", training_data="Drawings.")
EDIT = Claim("Re-coloured", "ai_assisted", "Weft editor", "1", ("c2pa.edited",))


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return manifest.ensure_keys(tmp_path / "ours")


@pytest.fixture
def picture(drawn: list[np.ndarray]) -> bytes:
    import cv2

    return cv2.imencode(".jpg", drawn[0])[1].tobytes()


def state(data: bytes, keys: Keys, mime: str = "image/jpeg") -> State:
    return manifest.read(data, mime, keys).state


@pytest.mark.parametrize("new_root", [False, True])
def test_what_was_signed_before_a_rotation_stays_valid(
    keys: Keys, picture: bytes, new_root: bool
) -> None:
    old = manifest.sign(picture, "image/jpeg", CLAIM, keys)
    named = manifest.digest(old, "image/jpeg", keys)
    before = keys.private_key
    authority.rotate_keys(keys, new_root=new_root)
    assert keys.generation == 2
    assert keys.private_key != before
    new = manifest.sign(picture, "image/jpeg", CLAIM, keys)
    assert state(old, keys) == state(new, keys) == State.VALID
    assert manifest.digest(old, "image/jpeg", keys) == named


def test_keys_of_every_generation_are_for_us_alone(keys: Keys) -> None:
    authority.rotate_keys(keys)
    files = [path for path in keys.folder.rglob("*") if path.is_file()]
    assert len(files) == 6
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_without_the_authoritys_key_nothing_rotates_and_signing_goes_on(
    keys: Keys, picture: bytes
) -> None:
    (keys.folder / "c2pa-ca.key").unlink()
    with pytest.raises(authority.RotationError, match="not here"):
        authority.rotate_keys(keys)
    assert state(manifest.sign(picture, "image/jpeg", CLAIM, keys), keys) == State.VALID


def test_a_signer_on_our_list_is_trusted_but_is_not_us(
    keys: Keys, picture: bytes, tmp_path: Path
) -> None:
    other = manifest.ensure_keys(tmp_path / "other")
    signed = manifest.sign(picture, "image/jpeg", CLAIM, other)
    assert state(signed, keys) == State.UNTRUSTED
    trusting = Keys(keys.folder, known_anchors=other.own_anchors)
    assert state(signed, trusting) == State.KNOWN
    assert state(manifest.sign(picture, "image/jpeg", CLAIM, trusting), trusting) == State.VALID


def test_a_manifest_names_model_training_and_counts(keys: Keys, picture: bytes) -> None:
    claim = Claim("A", "ai", "embedded", "r7", conditions={"liked_items": 3}, training_data="D.")
    report = manifest.read(manifest.sign(picture, "image/jpeg", claim, keys), "image/jpeg", keys)
    assert report.model == {"name": "embedded", "version": "r7", "training_data": "D."}
    assert report.conditions == {"liked_items": 3}


def test_an_edit_was_opened_from_its_source_whose_history_stays(
    keys: Keys, picture: bytes, tmp_path: Path
) -> None:
    camera = manifest.ensure_keys(tmp_path / "camera")
    source = manifest.sign(picture, "image/jpeg", CLAIM, camera)
    parent = Ingredient("Photo", "parentOf", "image/jpeg", source)
    looked_at = Ingredient("Example", "inputTo", "image/jpeg", picture)
    claim = Claim("E", "ai_assisted", "W", "1", ("c2pa.edited",), ingredients=(parent, looked_at))
    report = manifest.read(manifest.sign(picture, "image/jpeg", claim, keys), "image/jpeg", keys)
    assert report.state == State.VALID
    assert report.actions == ("c2pa.opened", "c2pa.edited")
    assert report.says_ai
    by_title = {one.title: one for one in report.ingredients}
    assert by_title["Photo"].has_manifest
    assert by_title["Photo"].says_ai
    assert by_title["Photo"].relationship == "parentOf"
    assert not by_title["Example"].has_manifest


def test_a_packed_source_can_be_named_when_its_file_is_gone(keys: Keys, picture: bytes) -> None:
    signed = manifest.sign(picture, "image/jpeg", CLAIM, keys)
    archive = manifest.pack_ingredient(signed, "image/jpeg", "Upload", keys)
    claim = Claim(
        "B",
        "human",
        "Weft",
        actions=("c2pa.transcoded",),
        ingredients=(Ingredient("", archive=archive),),
    )
    report = manifest.read(manifest.sign(picture, "image/jpeg", claim, keys), "image/jpeg", keys)
    assert report.state == State.VALID
    assert not report.says_ai
    assert report.ingredients[0].has_manifest
    assert report.ingredients[0].title == "Upload"


def test_two_parents_are_one_too_many(keys: Keys, picture: bytes) -> None:
    twice = (Ingredient("A", "parentOf", "image/jpeg", picture),) * 2
    with pytest.raises(manifest.ManifestError, match="one parent"):
        manifest.sign(picture, "image/jpeg", Claim("C", "ai", "W", ingredients=twice), keys)


def test_a_video_is_signed_after_the_mux_and_still_plays(
    keys: Keys, drawn: list[np.ndarray]
) -> None:
    video = encode_clip([drawn[0]] * 4, fps=4)
    signed = manifest.sign(video, "video/mp4", CLAIM, keys)
    assert state(signed, keys, "video/mp4") == State.VALID
    with av.open(io.BytesIO(signed)) as container:
        assert len(list(container.decode(video=0))) == 4
    with av.open(io.BytesIO(signed)) as source:
        remuxed = io.BytesIO()
        with av.open(remuxed, "w", format="mp4") as target:
            stream = target.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    target.mux(packet)
    # Muxing again loses or breaks the signature: that is why it comes last.
    assert state(remuxed.getvalue(), keys, "video/mp4") in {State.ABSENT, State.INVALID}
