"""What makes captions readable: rules checked for each cue, and what can be put right by itself.

Limits are those that broadcasters' guides agree on: two lines of 42 characters, 20 characters a
second, at least 0.8 seconds, no overlap, and no gap so short that it flickers.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from media.captions import Cue, plain_text

MAX_SPEED = 20.0
MAX_LINE = 42
MAX_LINES = 2
MIN_SECONDS = 0.8
MAX_SECONDS = 7.0
# Two frames at 25 a second.
MIN_GAP = 0.08
ROUNDING = 0.0015


@dataclass(frozen=True)
class Warning:
    """A rule that one cue breaks, and a sentence about it."""

    rule: str
    sentence: str


@dataclass(frozen=True)
class CheckedCue:
    """A cue with its number, from 1, and the rules it breaks."""

    number: int
    cue: Cue
    warnings: tuple[Warning, ...]


def check_cues(cues: Sequence[Cue], duration_s: float | None = None) -> list[CheckedCue]:
    """Return each cue with what is wrong with it; `duration_s` is the video's length, if known."""
    checked = []
    for index, cue in enumerate(cues):
        following = cues[index + 1] if index + 1 < len(cues) else None
        found = (*_of_text(cue), *_of_time(cue, duration_s), *_of_neighbour(cue, following))
        checked.append(CheckedCue(index + 1, cue, found))
    return checked


def _of_text(cue: Cue) -> Iterator[Warning]:
    longest = max(map(len, cue.lines))
    if longest > MAX_LINE:
        yield Warning("line", f"A line has {longest} characters; {MAX_LINE} is the most.")
    if len(cue.lines) > MAX_LINES:
        yield Warning("lines", f"It has {len(cue.lines)} lines; {MAX_LINES} is the most.")
    if cue.speed > MAX_SPEED * 1.005:
        yield Warning(
            "speed", f"{cue.speed:.0f} characters a second; {MAX_SPEED:.0f} is the most to read."
        )


def _of_time(cue: Cue, duration_s: float | None) -> Iterator[Warning]:
    if cue.seconds < MIN_SECONDS - ROUNDING:
        yield Warning("short", f"Shown for {cue.seconds:.1f} s; {MIN_SECONDS} s is the least.")
    if cue.seconds > MAX_SECONDS + ROUNDING:
        yield Warning("long", f"Shown for {cue.seconds:.0f} s; {MAX_SECONDS:.0f} s is enough.")
    if duration_s is not None and cue.end_s > duration_s + 0.1:
        yield Warning("outside", f"It lasts beyond the video's end at {duration_s:.1f} s.")


def _of_neighbour(cue: Cue, following: Cue | None) -> Iterator[Warning]:
    if following is None:
        return
    gap = following.start_s - cue.end_s
    if gap < -ROUNDING:
        yield Warning("overlap", "It is still shown when the next one begins.")
    elif ROUNDING < gap < MIN_GAP - ROUNDING:
        yield Warning("gap", f"Only {gap:.2f} s before the next one: that flickers.")


def fit_cues(cues: Sequence[Cue], duration_s: float | None = None) -> list[Cue]:
    """Return the cues with everything put right that can be without changing a word.

    Lines are wrapped, long cues split, overlaps ended, short and hasty ones given the free time
    around them. What is still too fast or too short stays so, for `check_cues` to say.
    """
    inside = [one for cue in cues if (one := _clamped(cue, duration_s)) is not None]
    parts = [part for cue in sorted(inside, key=lambda one: one.start_s) for part in _split(cue)]
    return _timed(parts, duration_s)


def wrap_lines(text: str, most: int = MAX_LINE) -> str:
    """Return the text in as few lines as need be, of about equal length."""
    words = " ".join(text.split())
    if len(words) <= most:
        return words
    count = len(_wrapped(words, most))
    # The narrowest width that needs no more lines makes them even.
    for width in range(max(1, len(words) // count), most + 1):
        lines = _wrapped(words, width)
        if len(lines) <= count:
            return "\n".join(lines)
    return "\n".join(_wrapped(words, most))


def pieces_of(text: str, most: int = MAX_LINE * MAX_LINES) -> list[str]:
    """Return the text in pieces that fit one cue each, cut where a reader would pause."""
    words = " ".join(text.split())
    pieces = []
    while words and (len(words) > most or wrap_lines(words).count("\n") >= MAX_LINES):
        cut = _pause(words, most)
        pieces.append(words[:cut].strip())
        words = words[cut:].strip()
    return [*pieces, words] if words else pieces


def _pause(words: str, most: int) -> int:
    """Return where to cut: near the middle or later, after a mark rather than between words."""
    count = -(-len(words) // most)
    target = min(most - 4, len(words) / max(2, count))
    best, best_cost = 0, float("inf")
    for at in range(1, min(len(words), most) + 1):
        if at < len(words) and words[at] != " ":
            continue
        if wrap_lines(words[:at]).count("\n") >= MAX_LINES:
            break
        cost = abs(at - target) - (14 if words[at - 1] in ",;:.!?–—" else 0)
        if cost < best_cost:
            best, best_cost = at, cost
    return best or min(most, MAX_LINE)


def _wrapped(words: str, width: int) -> list[str]:
    return textwrap.wrap(words, width, break_long_words=True, break_on_hyphens=False) or [words]


def _clamped(cue: Cue, duration_s: float | None) -> Cue | None:
    start, end = max(0.0, cue.start_s), cue.end_s
    if duration_s is not None:
        end = min(end, duration_s)
    text = plain_text(cue.text)
    return replace(cue, start_s=start, end_s=end, text=text) if text and end > start else None


def _split(cue: Cue) -> list[Cue]:
    """Return the cue with its lines wrapped, as several cues where it holds too much text."""
    if len(cue.lines) <= MAX_LINES and max(map(len, cue.lines)) <= MAX_LINE:
        return [cue]
    pieces = pieces_of(cue.text)
    if len(pieces) == 1 or cue.seconds < MIN_SECONDS * len(pieces):
        return [replace(cue, text=wrap_lines(cue.text))]
    total, at, found = sum(map(len, pieces)), cue.start_s, []
    for piece in pieces:
        end = at + cue.seconds * len(piece) / total
        found.append(replace(cue, start_s=at, end_s=end, text=wrap_lines(piece)))
        at = end
    return found


def _timed(cues: list[Cue], duration_s: float | None) -> list[Cue]:
    """Return the cues without overlaps, each as long as it needs where there is room."""
    found: list[Cue] = []
    for index, cue in enumerate(cues):
        start = max(cue.start_s, found[-1].end_s if found else 0.0)
        following = cues[index + 1].start_s if index + 1 < len(cues) else duration_s
        limit = following if following is not None else cue.end_s + MAX_SECONDS
        limit = max(limit, start + min(0.2, cue.seconds))
        needed = max(MIN_SECONDS, len(cue.text) / MAX_SPEED)
        end = max(min(cue.end_s, limit), min(start + needed, limit))
        if index + 1 < len(cues) and 0 < limit - end < MIN_GAP:
            end = limit
        found.append(replace(cue, start_s=round(start, 3), end_s=round(end, 3)))
    return [cue for cue in found if cue.seconds > 0]
