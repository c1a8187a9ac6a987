"""`manage.py signing_keys`: show the keys that sign manifests, and make the next ones."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from moderation.core.authority import RotationError, rotate_keys
from moderation.services import audit, keys


class Command(BaseCommand):
    help = (
        "Show which keys sign manifests and until when. --rotate makes a new issuer and signing "
        "key; what was signed before stays valid. Processes use the new key at once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rotate", action="store_true")
        parser.add_argument(
            "--new-root", action="store_true", help="with --rotate: a new authority as well"
        )

    def handle(self, *args: Any, rotate: bool, new_root: bool, **options: Any) -> None:
        if new_root and not rotate:
            raise CommandError("--new-root goes with --rotate.")
        signing = keys.signing_keys()
        if rotate:
            try:
                rotate_keys(signing, new_root=new_root)
            except RotationError as error:
                raise CommandError(str(error)) from error
            audit.record(action="signing_keys_rotated", generation=signing.generation)
        left = (signing.valid_until - timezone.now()).days
        self.stdout.write(
            f"Generation {signing.generation} signs, until {signing.valid_until:%Y-%m-%d} "
            f"({left} days). Keys: {signing.folder}"
        )
