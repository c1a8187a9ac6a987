"""Captions: what is said and when, as cues, and as the one WebVTT file that we serve.

A cue's text is plain. Whatever a file brought in (tags, styles, positions, drawings) stays outside,
and what is written is escaped, so that a caption is never more than words.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from media.errors import BadMediaError

MIME = "text/vtt"
MAX_BYTES = 512 * 1024
MAX_CUES = 600
MAX_CUE_CHARS = 400
MAX_LINE_CHARS = 4000

TOO_LARGE = f"This captions file is too large. The most is {MAX_BYTES // 1024} KB."
TOO_MANY = f"These are too many captions. The most is {MAX_CUES} for one video."
_SPACE = re.compile(r"[ \t\u00a0]+")


class BadCaptionsError(BadMediaError):
    """These captions cannot be used; the message says what to change."""


@dataclass(frozen=True)
class Cue:
    """One caption: seconds from the video's start, and plain text of one or more lines.

    auto: written by speech recognition and not yet confirmed by a person.
    """

    start_s: float
    end_s: float
    text: str
    auto: bool = False

    @property
    def seconds(self) -> float:
        return self.end_s - self.start_s

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @property
    def characters(self) -> int:
        """How many characters there are to read; a line break is read as a space."""
        return len(self.text)

    @property
    def speed(self) -> float:
        """Characters a second; infinite for a cue without length."""
        return self.characters / self.seconds if self.seconds > 0 else float("inf")


def write_vtt(cues: Sequence[Cue]) -> str:
    """Return WebVTT with everything escaped that could be more than text."""
    blocks = ["WEBVTT"]
    for number, cue in enumerate(cues, 1):
        name = f"auto-{number}\n" if cue.auto else ""
        when = f"{as_timestamp(cue.start_s)} --> {as_timestamp(cue.end_s)}"
        blocks.append(f"{name}{when}\n{html.escape(plain_text(cue.text), quote=False)}")
    return "\n\n".join(blocks) + "\n"


def as_timestamp(seconds: float) -> str:
    """Return "00:01:02.345"."""
    ms = max(0, round(seconds * 1000))
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


def plain_text(text: str) -> str:
    """Return the text as lines without control characters, empty lines and doubled spaces."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").split("\n")
    kept = (_SPACE.sub(" ", _printable(line)).strip() for line in lines)
    return "\n".join(line for line in kept if line)


def spoken_text(cues: Iterable[Cue]) -> str:
    """Return all that the captions say, a line a cue; for search and for screening."""
    return "\n".join(" ".join(cue.lines) for cue in cues)


def _printable(line: str) -> str:
    return "".join(
        " " if char == "\t" else char
        for char in line
        if char == "\t" or unicodedata.category(char) not in {"Cc", "Cs", "Cn", "Co", "Zl", "Zp"}
    )
