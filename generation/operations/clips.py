"""Cutting the best part out of a long video (GeneRec 2024, section 5.1.2, eq. 2) as a file."""

from __future__ import annotations

import time
from typing import Any

from catalog.models import Asset, Item
from catalog.services.captions import get_vtt
from common.errors import InvalidInputError
from generation.core.hub import library_versions
from generation.core.selection import select_window, window_span
from generation.operations import Product, Work, open_video
from generation.operations.choosing import Choice, read_choice
from media.cutting import cut_video, shift_captions
from media.errors import BadMediaError

REVISION = "1"
NO_SOURCE = "The video that should be cut is not there any more."
ALREADY_SHORT = (
    "This video is about as short as its best part would be. Set the start and the end yourself "
    "if you want less of it."
)
# A part that is nearly the whole video is no clip of it.
MOST_OF_VIDEO = 0.9


def cut(work: Work) -> Product:
    """Return a part of the source with its sound and captions.

    From guidance.start_s to guidance.end_s where they are given (one alone: from the beginning, to
    the end); else the window of guidance.window sampled frames that fits best, cut at scene edges.
    """
    video = work.source
    if video is None:
        raise InvalidInputError(NO_SOURCE)
    started = time.perf_counter()
    work.check()
    with open_video(video) as path:
        start, end, facts = _span(work, video)
        chosen = time.perf_counter()
        work.announce("Cutting the clip")
        try:
            clip, poster = cut_video(path, start, end, report=work.report, check=work.check)
        except BadMediaError as error:
            raise InvalidInputError(str(error)) from error
    done = time.perf_counter()
    manifest: dict[str, Any] = {
        "backend": "clip",
        "revision": REVISION,
        "source_item_id": video.pk,
        "start_s": start,
        "end_s": end,
        **facts,
        "ms": {
            "choose": round((chosen - started) * 1000, 1),
            "cut": round((done - chosen) * 1000, 1),
        },
        "versions": library_versions(),
    }
    captions = shift_captions(get_vtt(video), start, end)
    return Product(manifest=manifest, video=clip, poster=poster, captions=captions)


def _span(work: Work, video: Item) -> tuple[float, float, dict[str, Any]]:
    """Return start and end in seconds, and what the manifest says of the choice."""
    guidance = work.guidance
    master = video.asset(Asset.Role.MASTER)
    length = master.duration_s if master else 0.0
    if guidance.start_s is not None or guidance.end_s is not None:
        end = guidance.end_s if guidance.end_s is not None else length
        return guidance.start_s or 0.0, end, {"chosen_by": "the times given"}
    work.announce("Looking for the best part")
    choice = read_choice(guidance, video)
    work.check()
    row = choice.frames
    window = select_window(choice.matrix, choice.user, guidance.window, row.details)
    start, end = window_span(window, row.times, row.scene_starts, length)
    if end - start > MOST_OF_VIDEO * length:
        raise InvalidInputError(ALREADY_SHORT)
    return start, end, _facts(choice, guidance.window, window.score)


def _facts(choice: Choice, length: int, score: float) -> dict[str, Any]:
    return {
        "chosen_by": choice.chosen_by,
        "liked_item_ids": list(choice.liked_item_ids),
        "encoder": choice.frames.model,
        "window": length,
        "score": round(score, 4),
        # What the whole video would have scored: how much the choice gains.
        "score_of_whole": round(float((choice.matrix @ choice.user).mean()), 4),
    }
