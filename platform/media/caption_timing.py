"""From a script, plain text without times, to cues spread over a video."""

from __future__ import annotations

import re
from dataclasses import dataclass

from media.caption_rules import MAX_SECONDS, MIN_GAP, MIN_SECONDS, fit_cues, pieces_of, wrap_lines
from media.captions import MAX_CUES, TOO_MANY, BadCaptionsError, Cue, plain_text

# Characters a second at which most people read along at ease.
EASY_SPEED = 14.0
# Above this nobody reads along: the script does not fit the video.
HOPELESS_SPEED = 30.0
# Time that a reader's eye takes to find a new caption.
GLANCE_S = 0.25

EMPTY = "Write what is said in the video, one or more sentences."
# Marks that end a sentence, with the quotes and brackets that close behind them.
_END = re.compile(r"(?<=[.!?…。！？])[\"'”’»)\]]*(?=\s|$)|(?<=[。！？])")
_ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|No|vs|etc|e\.g|i\.e|approx)|\b[A-Z])\.$")


@dataclass(frozen=True)
class _Piece:
    text: str
    # Seconds that it takes to read at ease.
    needs: float


def time_script(script: str, duration_s: float) -> list[Cue]:
    """Return cues for a script, sentence by sentence, over a video of this length.

    Each gets time by the length of its text, at `EASY_SPEED` where the video is long enough; a
    longer video leaves pauses between them, a shorter one makes all of them faster.
    """
    pieces = [
        _Piece(part, max(MIN_SECONDS, GLANCE_S + len(part) / EASY_SPEED))
        for sentence in sentences_of(script)
        for part in pieces_of(sentence)
    ]
    if not pieces:
        raise BadCaptionsError(EMPTY)
    if len(pieces) > MAX_CUES:
        raise BadCaptionsError(TOO_MANY)
    _check_fits(pieces, duration_s)
    cues, at = [], 0.0
    for piece, slot in zip(pieces, _slots(pieces, duration_s), strict=True):
        shown = min(slot - MIN_GAP if slot > piece.needs + MIN_GAP else slot, MAX_SECONDS)
        # A long pause belongs after the words; a little longer than needed is pleasant.
        shown = min(shown, max(piece.needs * 1.35, MIN_SECONDS))
        cues.append(Cue(at, at + shown, wrap_lines(piece.text)))
        at += slot
    return fit_cues(cues, duration_s)


def _slots(pieces: list[_Piece], duration_s: float) -> list[float]:
    """Return the seconds of the video that belong to each piece, in the proportion of its needs.

    Where time is short, the least time comes first, and only the rest is shared out.
    """
    total, least = sum(piece.needs for piece in pieces), MIN_SECONDS * len(pieces)
    if not least < duration_s < total:
        return [duration_s * piece.needs / total for piece in pieces]
    share = (duration_s - least) / (total - least)
    return [MIN_SECONDS + (piece.needs - MIN_SECONDS) * share for piece in pieces]


def sentences_of(script: str) -> list[str]:
    """Return the script's sentences; a new line begins a new one."""
    found = []
    for line in plain_text(script).split("\n"):
        start = 0
        for mark in _END.finditer(line):
            sentence = line[start : mark.end()].strip()
            if sentence and not _ABBREVIATION.search(sentence):
                found.append(sentence)
                start = mark.end()
        if rest := line[start:].strip():
            found.append(rest)
    return found


def _check_fits(pieces: list[_Piece], duration_s: float) -> None:
    characters = sum(len(piece.text) for piece in pieces)
    if characters > duration_s * HOPELESS_SPEED:
        most = int(duration_s * HOPELESS_SPEED / 10) * 10
        raise BadCaptionsError(
            f"This script is too long for the video: {characters} characters in "
            f"{duration_s:.0f} seconds. Shorten it to {most} or fewer, or choose a longer video."
        )
