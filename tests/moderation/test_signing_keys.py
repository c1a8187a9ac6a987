"""The command that shows and rotates the keys which sign manifests."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from moderation.core import manifest
from moderation.core.manifest import Claim, State
from moderation.models import AuditEntry
from moderation.services import keys
from tests.media_files import jpeg

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_keys(settings, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


def said(*arguments: str) -> str:
    out = io.StringIO()
    call_command("signing_keys", *arguments, stdout=out)
    return out.getvalue()


def test_rotation_is_told_logged_and_breaks_nothing() -> None:
    assert "Generation 1 signs" in said()
    old = manifest.sign(jpeg(), "image/jpeg", Claim("A", "ai", "W"), keys.signing_keys())
    assert "Generation 2 signs" in said("--rotate")
    assert "Generation 3 signs" in said("--rotate", "--new-root")
    assert manifest.read(old, "image/jpeg", keys.signing_keys()).state == State.VALID
    assert AuditEntry.objects.filter(action="signing_keys_rotated").count() == 2


def test_a_new_root_comes_with_a_rotation_only() -> None:
    with pytest.raises(CommandError):
        call_command("signing_keys", "--new-root")


def test_trust_in_others_is_a_file_by_setting(settings, tmp_path: Path) -> None:
    other = manifest.ensure_keys(tmp_path / "other")
    anchors = tmp_path / "anchors.pem"
    anchors.write_text(other.own_anchors)
    settings.C2PA_TRUST_ANCHORS = str(anchors)
    signed = manifest.sign(jpeg(), "image/jpeg", Claim("A", "ai", "W"), other)
    assert manifest.read(signed, "image/jpeg", keys.signing_keys()).state == State.KNOWN
