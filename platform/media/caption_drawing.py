"""Captions as part of the picture: white letters with a dark outline, inside the safe area.

Drawn with Pillow and laid over the decoded planes themselves, so that what is under no caption is
not converted at all. The wheel of PyAV has no filter that draws text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from media.captions import BadCaptionsError

Font = ImageFont.FreeTypeFont
# Shares of the picture. Television's safe area leaves a tenth free at the bottom; on an upright
# picture the players' buttons and titles lie lower, so that captions stand higher there.
MARGIN = 0.06
BOTTOM = 0.10
BOTTOM_UPRIGHT = 0.20
LETTER = 0.048
SMALLEST = 12
MAX_LINES = 4
OUTLINE = 0.12
# Video range: black and white of luma, and no colour.
BLACK, WHITE, NO_COLOUR = 16, 235, 128


@dataclass(frozen=True)
class Overlay:
    """A drawn caption for planes of 4:2:0 video: where it lies, and how it covers them.

    top and left are even. luma: (h, w) float32 of its own brightness, cover: (h, w) float32 of 0 to
    1, both with even sides.
    """

    top: int
    left: int
    luma: np.ndarray
    cover: np.ndarray

    def lay_over(self, planes: np.ndarray, width: int, height: int) -> None:
        """Draw it into yuv420p planes, (height * 3 / 2, width) uint8, in place."""
        high, wide = self.luma.shape
        rows, columns = slice(self.top, self.top + high), slice(self.left, self.left + wide)
        bright = planes[rows, columns]
        planes[rows, columns] = np.round(bright + (self.luma - bright) * self.cover)
        cover = self.cover.reshape(high // 2, 2, wide // 2, 2).mean((1, 3))
        for plane in _chroma_of(planes, width, height):
            part = plane[
                self.top // 2 : (self.top + high) // 2, self.left // 2 : (self.left + wide) // 2
            ]
            part[:] = np.round(part + (NO_COLOUR - part.astype(np.float32)) * cover)


def draw_caption(text: str, width: int, height: int, font_path: str = "") -> Overlay:
    """Return a caption drawn for a video of this size; `BadCaptionsError` if letters are missing.

    font_path: a TrueType font; "" is the site's own, with Latin, Greek and Cyrillic letters.
    """
    check_letters(text, font_path)
    lines, font = _set_in_lines(text, width, height, font_path)
    outline = max(1, round(font.size * OUTLINE))
    canvas = _drawn(lines, font, outline, width, height)
    top, left, bottom, right = _even_box(canvas.getbbox(), width, height)
    pixels = np.asarray(canvas.crop((left, top, right, bottom)), np.float32)  # (h, w, 2)
    luma = BLACK + pixels[..., 0] * (WHITE - BLACK) / 255
    return Overlay(top, left, luma, pixels[..., 1] / 255)


def check_letters(text: str, font_path: str = "") -> None:
    """Raise `BadCaptionsError` naming the letters that the font cannot draw."""
    letters = sorted({char for char in text if not char.isspace()})
    missing = [char for char in letters if not _has_letter(char, font_path)]
    if missing:
        raise BadCaptionsError(
            f"These letters cannot be drawn into the picture: {' '.join(missing[:10])}. "
            "Keep these captions as a track beside the video, which shows every script."
        )


def _set_in_lines(text: str, width: int, height: int, path: str) -> tuple[list[str], Font]:
    """Return lines that fit the safe width, and the largest font, down to half, that needs few."""
    usual = max(SMALLEST, round(min(height, width * 1.3) * LETTER))
    room = width * (1 - 2 * MARGIN)
    for size in range(usual, max(SMALLEST, usual // 2) - 1, -1):
        font = _font(path, size)
        lines = [part for line in text.split("\n") for part in _wrapped(line, font, room)]
        if len(lines) > 2:
            lines = _wrapped(" ".join(text.split()), font, room)
        if len(lines) <= MAX_LINES:
            return lines, font
    return lines[: 2 * MAX_LINES], font


def _wrapped(line: str, font: Font, room: float) -> list[str]:
    """Return the line in parts that are drawn no wider than `room` pixels."""
    found, current = [], ""
    for word in line.split(" "):
        for piece in _narrow(word, font, room):
            wider = f"{current} {piece}".strip()
            if current and font.getlength(wider) > room:
                found.append(current)
                current = piece
            else:
                current = wider
    return [*found, current] if current else found


def _narrow(word: str, font: Font, room: float) -> list[str]:
    """Return a word in parts that fit: nearly always the word itself."""
    parts = []
    while len(word) > 1 and font.getlength(word) > room:
        most = max(1, int(len(word) * room / font.getlength(word)))
        parts.append(word[:most])
        word = word[most:]
    return [*parts, word]


def _drawn(lines: list[str], font: Font, outline: int, width: int, height: int) -> Image.Image:
    """Return brightness and cover (mode LA) of the whole picture with the lines on it."""
    step = round(font.size * 1.28)
    share = BOTTOM_UPRIGHT if height > width else BOTTOM
    top = max(outline, round(height * (1 - share)) - step * len(lines))
    places = [(width / 2, top + step * (index + 0.5)) for index in range(len(lines))]
    shade = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(shade)
    for line, place in zip(lines, places, strict=True):
        pen.text(place, line, 170, font, "mm", stroke_width=2 * outline)
    # A soft shadow under the outline keeps the letters readable on what is white or busy.
    canvas = Image.new("LA", (width, height), (0, 0))
    canvas.putalpha(shade.filter(ImageFilter.GaussianBlur(1.5 * outline)))
    pen = ImageDraw.Draw(canvas)
    for line, place in zip(lines, places, strict=True):
        pen.text(place, line, (0, 255), font, "mm", stroke_width=outline, stroke_fill=(0, 255))
        pen.text(place, line, (255, 255), font, "mm")
    return canvas


def _even_box(
    box: tuple[int, int, int, int] | None, width: int, height: int
) -> tuple[int, int, int, int]:
    """Return top, left, bottom, right on even pixels around what was drawn."""
    left, top, right, bottom = box or (0, 0, 2, 2)
    return (
        top // 2 * 2,
        left // 2 * 2,
        min(height // 2 * 2, -(-bottom // 2) * 2),
        min(width // 2 * 2, -(-right // 2) * 2),
    )


def _chroma_of(planes: np.ndarray, width: int, height: int) -> list[np.ndarray]:
    """Return views (height / 2, width / 2) of both colour planes."""
    flat = planes.reshape(-1)
    luma, part = width * height, width * height // 4
    shape = (height // 2, width // 2)
    return [flat[luma : luma + part].reshape(shape), flat[luma + part :].reshape(shape)]


@lru_cache(maxsize=64)
def _font(path: str, size: int) -> Font:
    path = path or _own_font()
    font = ImageFont.truetype(path, size) if path else ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise BadCaptionsError("Captions cannot be drawn here: no font could be loaded.")
    return font


@lru_cache(maxsize=1)
def _own_font() -> str:
    """Return the file of Inter (OFL), which comes with the back office; "" where it does not.

    Pillow's own font has not even the letters of French or German.
    """
    found = find_spec("unfold")
    folder = Path(found.origin).parent if found and found.origin else Path()
    file = folder / "static" / "unfold" / "fonts" / "inter" / "Inter-SemiBold.woff2"
    return str(file) if file.is_file() else ""


@lru_cache(maxsize=4096)
def _has_letter(char: str, path: str) -> bool:
    """Return whether the font draws this letter, told by its picture of a letter that none has."""
    font = _font(path, 24)
    try:
        absent, own = font.getmask("\U0010fffe"), font.getmask(char)
    except RuntimeError:
        # The layout engine gives up on what it knows no shapes for.
        return False
    return own.size != absent.size or bytes(own) != bytes(absent)
