"""Write or look for the invisible mark in files: pictures and videos."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError, CommandParser
from PIL import Image

from common.errors import DomainError
from media.probe import HEAD_BYTES, sniff
from moderation.core import coding, moving, watermark
from moderation.services import keys
from moderation.services.finding import find_mark
from moderation.services.gathering import decode

QUALITY = 92
UNREADABLE = "This file is no picture or video that can be read."


class Command(BaseCommand):
    help = "Embed the invisible mark into files, or detect it; one line per file."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        embed = actions.add_parser("embed", help="write marked copies into a folder")
        embed.add_argument("files", nargs="+", type=Path, metavar="FILE")
        embed.add_argument("--out", type=Path, required=True, metavar="FOLDER")
        embed.add_argument("--payload", default="", help="12 hexadecimal digits; random without")
        detect = actions.add_parser("detect", help="say which files carry a mark")
        detect.add_argument("files", nargs="+", type=Path, metavar="FILE")
        for one in (embed, detect):
            one.add_argument("--json", action="store_true", help="one JSON object per line")

    def handle(self, *args: Any, **options: Any) -> None:
        payload = _payload(options["payload"]) if options["action"] == "embed" else 0
        broken = 0
        for path in options["files"]:
            try:
                if options["action"] == "embed":
                    row = _embed(path, options["out"], payload)
                else:
                    row = _detect(path)
            except (watermark.WatermarkError, DomainError, OSError) as error:
                row, broken = {"error": str(error)}, broken + 1
            self._print({"file": str(path), **row}, as_json=options["json"])
        if broken:
            raise CommandError(f"{broken} of {len(options['files'])} files could not be handled.")

    def _print(self, row: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(row))
        elif "error" in row:
            self.stdout.write(f"{row['file']}: {row['error']}")
        else:
            told = ", ".join(f"{name} {value}" for name, value in row.items() if name != "file")
            self.stdout.write(f"{row['file']}: {told}")


def _payload(given: str) -> int | None:
    """Return the payload of an option, or None for a fresh one in each file."""
    if not given:
        return None
    try:
        payload = int(given, 16)
    except ValueError as error:
        raise CommandError("The payload is up to 12 hexadecimal digits.") from error
    if not 0 <= payload < 1 << coding.PAYLOAD_BITS:
        raise CommandError("The payload is up to 12 hexadecimal digits.")
    return payload


def _embed(path: Path, folder: Path, given: int | None) -> dict[str, Any]:
    payload = coding.random_payload() if given is None else given
    key, data = keys.watermark_key(), path.read_bytes()
    folder.mkdir(parents=True, exist_ok=True)
    if _is_video(data):
        video = moving.embed_video(data, payload, key)
        target = _target(path, folder, ".mp4")
        target.write_bytes(video.data)
        psnr, z = video.psnr, video.z
    else:
        picture = watermark.embed_measured(_picture(data), payload, key)
        is_lossless = path.suffix.lower() in (".png", ".webp")
        target = _target(path, folder, ".png" if is_lossless else ".jpg")
        Image.fromarray(picture.image).save(target, quality=QUALITY, subsampling=0)
        psnr, z = picture.psnr, picture.z
    return {
        "payload": f"{payload:012x}",
        "out": str(target),
        "psnr": round(psnr, 2),
        "z": round(z, 2),
        "version": watermark.VERSION,
        "key": keys.current_id(),
    }


def _target(path: Path, folder: Path, suffix: str) -> Path:
    """Return where the copy goes; what lies there already is not overwritten."""
    target = folder / f"{path.stem}{suffix}"
    if target.exists():
        raise watermark.WatermarkError(f"{target} exists already.")
    return target


def _detect(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    pictures = moving.key_frames(data) if _is_video(data) else [_picture(data)]
    found = find_mark(pictures)
    read = found.read
    return {
        "payload": None if read.payload is None else f"{read.payload:012x}",
        "found": read.found,
        "z": round(read.z, 2),
        "version": read.version if read.found else None,
        "key": found.key_id if read.found else None,
    }


def _is_video(data: bytes) -> bool:
    return sniff(data[:HEAD_BYTES]).kind == "video"


def _picture(data: bytes) -> np.ndarray:
    try:
        picture = decode(data)
    except Image.DecompressionBombError as error:
        raise watermark.WatermarkError(UNREADABLE) from error
    if picture is None:
        raise watermark.WatermarkError(UNREADABLE)
    return picture
