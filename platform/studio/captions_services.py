"""What uploaders do with the captions of their own videos."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from accounts.models import User
from catalog.models import Asset, Item
from catalog.services.captions import get_cues, save_captions
from common.errors import InvalidInputError
from common.guidance import MAX_SCRIPT_CHARS, Guidance
from generation.models import Job
from generation.services import submit_job
from media.caption_files import Reading, looks_timed, read_caption_text, read_captions
from media.caption_rules import CheckedCue, check_cues, fit_cues
from media.caption_timing import time_script
from media.captions import MAX_BYTES, TOO_LARGE, BadCaptionsError, write_vtt

NO_CUES = "There are no captions yet to draw into the picture. Write or upload some first."
NO_VIDEO = "Captions belong to videos. This item is a picture."


@dataclass(frozen=True)
class CaptionsState:
    """All that the page and the API show of an item's captions."""

    cues: list[CheckedCue]
    vtt: str
    duration_s: float
    has_sound: bool
    # Whether they can be changed as they are; else they go onto a new version.
    can_change: bool

    @property
    def text(self) -> str:
        """The WebVTT as a person edits it: a plain "&" where it cannot be taken for more."""
        return re.sub(r"&amp;(?![#\w])", "&", self.vtt)

    @property
    def warned(self) -> int:
        return sum(bool(one.warnings) for one in self.cues)

    @property
    def auto(self) -> int:
        return sum(one.cue.auto for one in self.cues)


def get_captions(item: Item) -> CaptionsState:
    """Return the captions of a video with the rules that each breaks; refuses pictures."""
    if item.kind != Item.Kind.VIDEO:
        raise InvalidInputError(NO_VIDEO)
    master = item.asset(Asset.Role.MASTER)
    cues = get_cues(item)
    duration = master.duration_s if master else 0.0
    return CaptionsState(
        cues=check_cues(cues, duration or None),
        vtt=write_vtt(cues) if cues else "",
        duration_s=duration,
        has_sound=bool(master and master.has_sound),
        can_change=item.state in {Item.State.DRAFT, Item.State.REJECTED}
        and item.media_state == Item.MediaState.READY,
    )


def can_hear() -> bool:
    """Return whether captions from speech are set up here."""
    return bool(settings.WHISPER_MODEL_PATH)


def save_text(*, user: User, item: Item, text: str) -> list[str]:
    """Store captions written with their times; return notes on what was left out."""
    return _save(user, item, read_caption_text(text))


def save_file(*, user: User, item: Item, file: Any) -> list[str]:
    """Store the captions of an uploaded file; return notes on what was left out or guessed."""
    if file.size > MAX_BYTES:
        raise BadCaptionsError(TOO_LARGE)
    file.seek(0)
    return _save(user, item, read_captions(file.read(MAX_BYTES + 1)))


def save_script(*, user: User, item: Item, script: str) -> list[str]:
    """Store captions made from a plain script, spread over the video."""
    if looks_timed(script):
        return save_text(user=user, item=item, text=script)
    duration = get_captions(item).duration_s
    save_captions(item=item, by=user, cues=time_script(script, duration))
    return []


def put_right(*, user: User, item: Item) -> int:
    """Wrap and time the captions by the rules; return how many still break one."""
    duration = get_captions(item).duration_s
    cues = fit_cues(get_cues(item), duration)
    save_captions(item=item, by=user, cues=cues)
    return sum(bool(one.warnings) for one in check_cues(cues, duration))


def confirm_cues(*, user: User, item: Item) -> None:
    """Take the mark of speech recognition off: a person has read them."""
    cues = [replace(cue, auto=False) for cue in get_cues(item)]
    save_captions(item=item, by=user, cues=cues)


def remove_captions(*, user: User, item: Item) -> None:
    """Take the captions away; harmless when there are none."""
    save_captions(item=item, by=user, cues=[])


def request_version(
    *, user: User, item: Item, request_key: str, script: str = "", burn: bool = False
) -> Job:
    """Queue a new version of the video with captions; `burn` draws them into the picture.

    From `script`, plain or timed; without one, from the captions there are when they are to be
    drawn, else from speech.
    """
    state = get_captions(item)
    script = script.strip()
    if len(script) > MAX_SCRIPT_CHARS:
        raise InvalidInputError(f"Please keep captions under {MAX_SCRIPT_CHARS:,} characters.")
    _check_script(script, state.duration_s)
    if not script and burn and not state.cues and not can_hear():
        raise InvalidInputError(NO_CUES)
    guidance = Guidance(
        user_id=user.pk,
        instruction="",
        kind="video",
        mode="caption",
        script=script,
        burn_captions=burn,
        exposure="ranked",
    )
    key = f"captions:{item.pk}:{request_key}"
    return submit_job(user=user, guidance=guidance, source=item, request_key=key)


def _check_script(script: str, duration_s: float) -> None:
    """Refuse at once what the worker would refuse later."""
    if script and looks_timed(script):
        read_caption_text(script)
    elif script:
        time_script(script, duration_s)


def _save(user: User, item: Item, reading: Reading) -> list[str]:
    save_captions(item=item, by=user, cues=reading.cues)
    return reading.notes
