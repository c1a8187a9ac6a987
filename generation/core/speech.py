"""Captions from speech by faster-whisper, where a model's folder is configured.

The library is optional and loaded only here; nothing is ever downloaded. Whisper is known to loop
and to hear phantom sentences in silence, so what it says goes through voice detection and the gates
below, and every cue stays marked as written by machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from common.errors import DomainError
from media.caption_rules import fit_cues
from media.captions import Cue, plain_text

# Whisper's own measures, at its own usual limits.
NO_SPEECH = 0.6
UNSURE = -1.0
# Text that packs this much better than speech does repeats itself.
MOST_COMPRESSION = 2.4
# A phrase of up to this many words that comes more often in a row than this is a loop.
LONGEST_PHRASE = 8
MOST_REPEATS = 2

NOT_SET_UP = (
    "Captions from speech are not set up here. Write a script, or upload a captions file instead."
)
NOT_INSTALLED = (
    "Captions from speech need faster-whisper, which is not installed here. Write a script, or "
    "upload a captions file instead."
)
NO_MODEL = (
    "The speech model that is configured here cannot be loaded. Write a script, or upload a "
    "captions file instead."
)
NOTHING_SAID = "No speech was found in this video. Write a script to give it captions."


class SpeechUnavailableError(DomainError):
    """Speech cannot be recognised here; the message says why and what to do instead."""


class Segment(Protocol):
    """What faster-whisper says of one stretch of speech."""

    start: float
    end: float
    text: str
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


def transcribe(
    video: Path,
    model_path: str,
    *,
    duration_s: float,
    on_second: Callable[[float], None] = lambda seconds: None,
) -> tuple[list[Cue], dict[str, Any]]:
    """Return what is said in the video as cues marked `auto`, and how it was heard.

    `on_second(t)` is called as recognition gets to second t; it may raise to stop. Raises
    SpeechUnavailableError without library, model or speech.
    """
    model = _load_model(model_path)
    segments, info = model.transcribe(
        str(video),
        vad_filter=True,
        # Each stretch for itself: a loop must not feed the next one.
        condition_on_previous_text=False,
        no_speech_threshold=NO_SPEECH,
        log_prob_threshold=UNSURE,
        compression_ratio_threshold=MOST_COMPRESSION,
        beam_size=5,
    )
    heard, kept = 0, []
    for segment in segments:
        on_second(segment.end)
        heard += 1
        if is_trusted(segment):
            kept.append(segment)
    cues = fit_cues(list(_cues_of(kept)), duration_s)
    if not cues:
        raise SpeechUnavailableError(NOTHING_SAID)
    how = {
        "model": Path(model_path).name,
        "language": str(getattr(info, "language", "")),
        "segments": heard,
        "left_out": heard - len(kept),
    }
    return cues, how


def is_trusted(segment: Segment) -> bool:
    """Return whether a stretch is speech rather than silence or a loop."""
    if segment.no_speech_prob > NO_SPEECH and segment.avg_logprob < UNSURE / 2:
        return False
    if segment.compression_ratio > MOST_COMPRESSION or segment.avg_logprob < 2 * UNSURE:
        return False
    return segment.end > segment.start and bool(segment.text.strip())


def without_loops(text: str) -> str:
    """Return the text with phrases that repeat more than twice in a row said once."""
    words = text.split()
    for length in range(1, min(LONGEST_PHRASE, len(words) // 2) + 1):
        at = 0
        while at + 2 * length <= len(words):
            repeats = _repeats_at(words, at, length)
            if repeats > MOST_REPEATS:
                del words[at + length : at + repeats * length]
            at += 1
    return " ".join(words)


def _repeats_at(words: list[str], at: int, length: int) -> int:
    """Return how often the phrase of `length` words at `at` is said in a row, there included."""
    phrase = [_bare(word) for word in words[at : at + length]]
    count = 1
    while [_bare(w) for w in words[at + count * length : at + (count + 1) * length]] == phrase:
        count += 1
    return count


def _bare(word: str) -> str:
    return re.sub(r"\W", "", word).casefold()


def _cues_of(segments: Iterable[Segment]) -> Iterator[Cue]:
    """Yield a cue a segment; the third and later of equal ones in a row are left out."""
    cues = [
        Cue(one.start, one.end, without_loops(plain_text(one.text)), auto=True) for one in segments
    ]
    repeats = [0]
    for before, after in pairwise(cues):
        same = _bare(before.text) == _bare(after.text)
        repeats.append(repeats[-1] + 1 if same else 0)
    for cue, count in zip(cues, repeats, strict=False):
        if count < MOST_REPEATS and cue.text:
            yield cue


@lru_cache(maxsize=1)
def _load_model(model_path: str) -> Any:
    """Return the model in this folder; it stays in memory for the next video."""
    if not model_path:
        raise SpeechUnavailableError(NOT_SET_UP)
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise SpeechUnavailableError(NOT_INSTALLED) from error
    if not Path(model_path).is_dir():
        # A name instead of a folder would be looked up on the network.
        raise SpeechUnavailableError(NO_MODEL)
    try:
        return WhisperModel(
            model_path, device="auto", compute_type="int8", cpu_threads=1, local_files_only=True
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise SpeechUnavailableError(NO_MODEL) from error
