"""Words for the tools that work on a video: its cover, its captions, a shorter cut."""

from __future__ import annotations

import re
from typing import Literal

Tool = Literal["", "thumbnail", "caption", "clip"]

_TOOLS: tuple[tuple[Tool, re.Pattern[str]], ...] = (
    ("thumbnail", re.compile(r"\b(?:thumbnail|poster|(?:new|better|nicer) cover)s?\b", re.I)),
    ("caption", re.compile(r"\b(?:captions?|captioned|subtitles?|subtitled)\b", re.I)),
    (
        "clip",
        re.compile(
            r"\b(?:cut|trim|crop|shorten)\b.{0,40}\b(?:video|clip|seconds?|secs?|highlights?"
            r"|(?:best|good|nicest|interesting|important) (?:bits?|parts?|moments?|scenes?))\b"
            r"|\b(?:shorter|short) (?:cut|clip|version|video)\b|\bhighlights? (?:of|from)\b"
            r"|\b(?:make|cut) the (?:video|clip|film) (?:shorter|short)\b|\bto \d+ seconds?\b",
            re.I,
        ),
    ),
)


def tool_of(words: str) -> Tool:
    """Return the tool that the words ask for, or ""."""
    return next((name for name, pattern in _TOOLS if pattern.search(words)), "")
