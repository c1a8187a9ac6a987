"""Captions from a file or a text field: WebVTT, SubRip or ASS, by whomever, in any state.

pysubs2 reads the formats. Size, lines and cues are limited before it, since its patterns take
quadratic time on what nobody writes by hand.
"""

from __future__ import annotations

import codecs
import html
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import pysubs2

from media.captions import (
    MAX_BYTES,
    MAX_CUE_CHARS,
    MAX_CUES,
    MAX_LINE_CHARS,
    TOO_LARGE,
    TOO_MANY,
    BadCaptionsError,
    Cue,
    plain_text,
)

NO_TEXT = "This is not a text file. Please upload captions as WebVTT, SRT or ASS."
NO_CUES = "There are no captions in this file. Please upload WebVTT, SRT or ASS with timed lines."
UNKNOWN = "This is not WebVTT, SRT or ASS. Please export your captions in one of these formats."
LONG_LINE = "One line of this file is far too long for a caption. Please check the file."
BROKEN = "These captions are damaged and cannot be read. Please export them again."
EMPTY = "This captions file is empty."

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Neither pattern can look further than the next bracket: linear on whatever comes.
_TAG = re.compile(r"</?[A-Za-z0-9.][^<>]*>")
_OVERRIDE = re.compile(r"\{\\[^{}]*\}")
_ANY_BRACES = re.compile(r"\{[^{}]*\}")
_DRAWING = re.compile(r"\\p[1-9]")
# "-00:00:01,500" at the start of a timing line: before the video begins.
_NEGATIVE = re.compile(r"(?<![\d-])-\d{1,4}:\d{1,2}(:\d{1,2})?[.,]\d{1,3}")
# Set behind a number that is said; taken away again after reading.
_SAID = "\u2060"
_BLANK_LINES = re.compile(r"\n{3,}")
# Names that `write_vtt` gives to cues that nobody has confirmed.
_AUTO = re.compile(r"^auto-\d+\n(\d+:\d\d:\d\d\.\d{3}) -->", re.MULTILINE)


@dataclass(frozen=True)
class Reading:
    """The cues of a file, in order of time, and what had to be left out or guessed."""

    cues: list[Cue]
    notes: list[str]


def read_captions(content: bytes) -> Reading:
    """Return the cues of an uploaded file; `BadCaptionsError` says why it cannot be used."""
    if not content.strip():
        raise BadCaptionsError(EMPTY)
    if len(content) > MAX_BYTES:
        raise BadCaptionsError(TOO_LARGE)
    text, notes = _decoded(content)
    reading = read_caption_text(text)
    return Reading(reading.cues, [*notes, *reading.notes])


def read_caption_text(text: str) -> Reading:
    """Return the cues of captions that are text already; the format is told by its content."""
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise BadCaptionsError(TOO_LARGE)
    text = _tidied(text)
    form = _format_of(text)
    try:
        with warnings.catch_warnings():
            # pysubs2 warns of styles that it does not know; styles are dropped here.
            warnings.simplefilter("ignore")
            subtitles = pysubs2.SSAFile.from_string(text, format_=form, **_options(form))
    except (pysubs2.Pysubs2Error, ValueError, KeyError, IndexError, OverflowError) as error:
        raise BadCaptionsError(BROKEN) from error
    if len(subtitles.events) > MAX_CUES:
        raise BadCaptionsError(TOO_MANY)
    auto = {_ms_of(stamp) for stamp in _AUTO.findall(text)} if form == "vtt" else set()
    return _collected(subtitles.events, form, auto)


def looks_timed(text: str) -> bool:
    """Return whether a text is captions with times rather than a plain script."""
    return "-->" in text or "[Script Info]" in text or text.lstrip("\ufeff \n").startswith("WEBVTT")


def _options(form: str) -> dict[str, bool]:
    return {} if form in {"ass", "ssa"} else {"keep_html_tags": True}


def _collected(events: list[pysubs2.SSAEvent], form: str, auto: set[int]) -> Reading:
    cues, empty, backwards, shortened = [], 0, 0, 0
    for event in events:
        text = _text_of(event, form)
        if not text or event.is_comment:
            empty += 1
        elif event.end <= max(0, event.start):
            backwards += 1
        else:
            shortened += len(text) > MAX_CUE_CHARS
            start = max(0, event.start)
            cues.append(
                Cue(start / 1000, event.end / 1000, text[:MAX_CUE_CHARS].strip(), start in auto)
            )
    if not cues:
        raise BadCaptionsError(NO_CUES)
    notes = [
        f"{_counted(count)} {why}"
        for count, why in (
            (empty, "without text left out."),
            (backwards, "left out: the end was not after the start."),
            (shortened, f"shortened to {MAX_CUE_CHARS} characters."),
        )
        if count
    ]
    return Reading(sorted(cues, key=lambda cue: (cue.start_s, cue.end_s)), notes)


def _counted(count: int) -> str:
    return f"{count} caption{'' if count == 1 else 's'}"


def _text_of(event: pysubs2.SSAEvent, form: str) -> str:
    """Return what the cue says, without any markup."""
    text = event.text
    if form in {"ass", "ssa"}:
        if _DRAWING.search(text):
            return ""
        text = _ANY_BRACES.sub("", text).replace(r"\h", " ").replace(r"\n", " ")
    elif form == "vtt":
        # A cue ends at the first empty line: what pysubs2 adds is the next cue's name, or a note.
        text = re.split(r"\\N[ \t]*\\N", text, maxsplit=1)[0]
    text = _OVERRIDE.sub("", text).replace(r"\N", "\n")
    return plain_text(html.unescape(_TAG.sub("", text.replace(_SAID, ""))))


def _format_of(text: str) -> str:
    head = text.lstrip()[:4000]
    if head.startswith("WEBVTT"):
        return "vtt"
    if "[Script Info]" in head or "[V4+ Styles]" in head or "[V4 Styles]" in head:
        return "ass" if "V4 Styles" not in head else "ssa"
    if "-->" in text:
        return "srt" if "," in text.split("-->", 1)[1][:40].split("\n")[0] else "vtt"
    raise BadCaptionsError(UNKNOWN)


def _tidied(text: str) -> str:
    """Return the text with plain line ends, no negative times, and nothing endless."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").lstrip("\ufeff")
    text = _BLANK_LINES.sub("\n\n", re.sub(r"[ \t]+\n", "\n", _short_spaces(text)))
    lines = text.split("\n")
    if max(map(len, lines)) > MAX_LINE_CHARS:
        raise BadCaptionsError(LONG_LINE)
    return "\n".join(_kept_numbers(lines))


def _kept_numbers(lines: list[str]) -> Iterator[str]:
    """Yield the lines; numbers that are said are marked, since pysubs2 takes them for counters."""
    for index, line in enumerate(lines):
        if "-->" in line:
            yield _NEGATIVE.sub(lambda found: _zero_like(found.group()), line)
        elif line.strip().isdecimal() and _is_said(lines, index):
            yield line + _SAID
        else:
            yield line


def _is_said(lines: list[str], index: int) -> bool:
    """Return whether a number belongs to a caption: it follows text, and no time follows it."""
    after = lines[index + 1] if index + 1 < len(lines) else ""
    return index > 0 and lines[index - 1].strip() != "" and "-->" not in after


def _short_spaces(text: str) -> str:
    return re.sub(r"[ \t]{2,}", " ", text)


def _zero_like(stamp: str) -> str:
    return "00:00:00,000" if "," in stamp else "00:00:00.000"


def _decoded(content: bytes) -> tuple[str, list[str]]:
    """Return the text, and a note where its encoding had to be guessed."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            try:
                return content.decode(encoding), []
            except UnicodeDecodeError as error:
                raise BadCaptionsError(BROKEN) from error
    try:
        text, notes = content.decode("utf-8"), []
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
        notes = [
            "The file was not UTF-8 and was read as Western European text. Check the letters, or "
            "save it as UTF-8 and upload it again."
        ]
    controls = sum(ord(char) < 32 and char not in "\n\r\t\f" for char in text)
    if controls > len(text) / 200:
        raise BadCaptionsError(NO_TEXT)
    return text, notes


def _ms_of(stamp: str) -> int:
    """Return the milliseconds of "00:01:02.345"."""
    hours, minutes, seconds = stamp.split(":")
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000)
