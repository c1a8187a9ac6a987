"""A video's next version with captions: from a script, timed captions, or its speech.

As a track beside the picture, or drawn into it where that was asked for.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from catalog.models import Item
from catalog.services.captions import get_cues
from common.errors import InvalidInputError
from generation.core.speech import transcribe
from generation.operations import Product, Work, open_video, read_picture
from media.burning import burn_captions
from media.caption_files import looks_timed, read_caption_text
from media.caption_rules import check_cues, fit_cues
from media.caption_timing import time_script
from media.captions import Cue, write_vtt
from media.videos import VideoFacts, read_facts

NO_SOUND = "This video has no sound. Write a script to give it captions."
NO_SOURCE = "The video that should get captions is not there any more."


def caption(work: Work) -> Product:
    """Return the source with captions; nothing else of picture or sound changes.

    The captions come from `guidance.script`, plain text or WebVTT; without one, from those that the
    video has when they are to be drawn, else from its speech.
    """
    if work.source is None:
        raise InvalidInputError(NO_SOURCE)
    folder = tempfile.TemporaryDirectory(prefix="weft-captions-")
    try:
        return _captioned(work, work.source, folder)
    except BaseException:
        folder.cleanup()
        raise


def _captioned(work: Work, source: Item, folder: tempfile.TemporaryDirectory[str]) -> Product:
    started = time.perf_counter()
    made = Path(folder.name) / "captioned.mp4"
    is_burnt = work.guidance.burn_captions
    with open_video(source) as master:
        facts = read_facts(master)
        cues, origin = _find_cues(work, source, master, facts)
        found = time.perf_counter()
        if is_burnt:
            report = _reporter(work)
            burn_captions(master, made, cues, font_path=settings.CAPTION_FONT, on_frame=report)
        else:
            work.check()
            shutil.copyfile(master, made)
    vtt = write_vtt(cues)
    manifest = {
        "backend": "captions",
        "captions": {
            **origin,
            "cues": len(cues),
            "auto": any(cue.auto for cue in cues),
            "warnings": sum(len(one.warnings) for one in check_cues(cues, facts.duration_s)),
            "burnt": is_burnt,
            # Drawn captions are words too: screening reads them here.
            "vtt": vtt if is_burnt else "",
        },
        "seed": work.guidance.seed,
        "ms": {"captions": _ms(found - started), "video": _ms(time.perf_counter() - found)},
    }
    return Product(
        manifest=manifest,
        video=made,
        poster=read_picture(source),
        # A track beside drawn captions would say everything twice.
        captions="" if is_burnt else vtt,
        folder=folder,
    )


def _find_cues(
    work: Work, source: Item, master: Path, facts: VideoFacts
) -> tuple[list[Cue], dict[str, Any]]:
    """Return the cues, put right as far as that goes, and where they came from."""
    script = work.guidance.script.strip()
    if script and looks_timed(script):
        return fit_cues(read_caption_text(script).cues, facts.duration_s), {"from": "file"}
    if script:
        return time_script(script, facts.duration_s), {"from": "script"}
    if work.guidance.burn_captions and (existing := get_cues(source)):
        return existing, {"from": "the video's own"}
    if not facts.has_sound:
        raise InvalidInputError(NO_SOUND)
    total = max(1, round(facts.duration_s))

    def on_second(seconds: float) -> None:
        work.check()
        work.report(min(total, round(seconds)), total)

    cues, how = transcribe(
        master, settings.WHISPER_MODEL_PATH, duration_s=facts.duration_s, on_second=on_second
    )
    return cues, {"from": "speech", **how}


def _reporter(work: Work) -> Callable[[int, int], None]:
    def on_frame(done: int, total: int) -> None:
        work.check()
        work.report(done, total)

    return on_frame


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
