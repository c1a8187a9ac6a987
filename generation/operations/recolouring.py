"""Content revision that is only another colour: worked into the source's own frames.

A model that draws clips anew changes more than the colour, and most of all in filmed material.
"""

from __future__ import annotations

import json
import re
import time
from typing import Any

import numpy as np

from common.errors import DomainError
from generation.core.hub import library_versions
from generation.core.retouch.clips import recolour_clip
from generation.core.retouch.masks import read_mask
from generation.operations import Product, Work, open_video
from generation.operations.edits import infer
from media.encoding import encode_clip
from media.parts import SOUND_RATE, read_frames, read_sound
from media.videos import read_facts

# Changes whenever the same request gives another clip.
STAGE = "recolour-1"
# A retouched part may have more frames than a drawn one; (longest seconds, frames a second).
RATES = ((4.0, 24), (8.0, 15), (20.0, 8))
# All frames are held at once, twice.
MOST_PIXELS = 960 * 540
LONGEST_S = RATES[-1][0]
# Below this share of the picture nothing was found that could have another colour.
LEAST_CHANGED = 0.01
# Share of what changed that must surely be cloth.
LEAST_SURE = 0.6
CHANGES = re.compile(r"\b(make|turn|dye|paint|change|colou?r|recolou?r|re-colou?r)\b", re.I)
NOT_FOUND = (
    "I could not tell the garment from the rest of this video. "
    "Brush over it first, or choose a part that shows it better."
)
CUT = f"Only the first {LONGEST_S:.0f} seconds of the chosen part were changed."


class GarmentNotFoundError(DomainError):
    """Nothing in the video could be told apart as the garment to dye."""


def recolours(work: Work) -> bool:
    """Return whether all that is asked of a video is another colour of what it shows.

    Of a video whose garment nobody named, "a red dress" asks for a dress, "make the dress red" for
    another colour.
    """
    source, guidance = work.source, work.guidance
    if source is None or infer(work) != "recolour":
        return False
    named = not guidance.wanted.type or bool(source.garment_type)
    return named or bool(CHANGES.search(guidance.instruction))


def recolour(work: Work) -> Product:
    """Return the chosen part of the source in the first colour wanted, with its sound."""
    source, guidance = work.source, work.guidance
    assert source is not None
    work.announce("Reading the frames")
    with open_video(source) as path:
        duration = read_facts(path).duration_s
        start = min(guidance.start_s or 0.0, max(duration - 0.1, 0.0))
        seconds = max(min(guidance.end_s or duration, duration) - start, 0.1)
        fps = next((rate for longest, rate in RATES if seconds <= longest), RATES[-1][1])
        count = max(1, round(min(seconds, LONGEST_S) * fps))
        frames = read_frames(
            path, start_s=start, fps=fps, count=count, most_pixels=MOST_PIXELS, check=work.check
        )
        end = start + len(frames) / fps
        sound = read_sound(path, start_s=start, end_s=end)
    colour = guidance.wanted.colours[0]
    mask = read_mask(guidance.mask_png, frames[0]) if guidance.mask_png else None
    work.announce("Changing the colour")

    def make() -> dict[str, np.ndarray]:
        started = time.perf_counter()
        made = recolour_clip(frames, colour, mask=mask, report=work.report, check=work.check)
        if made.share < LEAST_CHANGED or (mask is None and made.sureness < LEAST_SURE):
            raise GarmentNotFoundError(NOT_FOUND)
        height, width = (side // 2 * 2 for side in made.frames.shape[1:3])
        shown = made.frames[:, :height, :width]
        clip = encode_clip(shown, fps=fps, sound=sound, sound_rate=SOUND_RATE, crf=18)
        facts = {
            "share": round(made.share, 3),
            "sureness": round(made.sureness, 3),
            "ms": {"retouch": round(1000 * (time.perf_counter() - started), 1)},
        }
        return {
            "video": np.frombuffer(clip, np.uint8),
            "poster": shown[len(shown) // 2],
            "facts": np.frombuffer(json.dumps(facts).encode(), np.uint8),
        }

    inputs = {"frames": frames, "fps": fps, "colour": colour, "mask": mask, "sound": sound}
    kept = work.cache.get_or_make(STAGE, inputs, make)
    manifest: dict[str, Any] = json.loads(kept["facts"].tobytes()) | {
        "backend": "retouch",
        "revision": STAGE,
        "task": "video_revise",
        "edit": "recolour",
        "colour": colour,
        "prompt": guidance.instruction or guidance.prompt,
        "painted": mask is not None,
        "fps": fps,
        "frames": len(frames),
        "part": {"start_s": start, "end_s": end},
        "versions": library_versions(),
        "warnings": [CUT] if seconds > LONGEST_S else [],
    }
    return Product(manifest=manifest, video=kept["video"].tobytes(), poster=kept["poster"])
