"""Micro-video creation and content revision (GeneRec 2023, sections 4.1.3 and 4.2)."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from common.guidance import Guidance
from generation.conditions import build_request, find_reference
from generation.core import styles
from generation.core.backends import GenerationRequest
from generation.core.retouch.masks import read_mask
from generation.core.styles.video import restyle_video
from generation.core.video import VideoBackend, VideoRequest, VideoResult
from generation.core.video.backends import MAX_CREATED_FRAMES, MAX_REVISED_FRAMES
from generation.core.video.sketch import SKETCH_STRENGTH, sketch_clip
from generation.loading import load_backend, load_video_backend
from generation.operations import Product, Work, open_video
from generation.operations.recolouring import recolour, recolours
from media.encoding import encode_clip
from media.music import music_bed
from media.parts import SOUND_RATE, read_frames, read_sound
from media.videos import read_facts

# Of the code that makes clips: raise it when the same request makes another clip.
STAGE = "video-1"
FPS = 12
# Seconds made when nobody says how many, and the fewest frames that show a movement.
DEFAULT_S, LEAST_FRAMES = 2.0, 8
# A revision of more seconds has fewer frames a second; below the last rate it is cut.
REVISION_RATES = (12, 10, 8, 6)
LONGEST_S = MAX_REVISED_FRAMES / REVISION_RATES[-1]
CUT = (
    "Only the first {kept:.0f} seconds of the chosen part were revised; "
    "choose a shorter part to revise another."
)
SLOWER = "The revised part shows {fps} pictures a second, fewer than the source."
# Moves that need not be asked for: a close-up by lot would hide what was asked.
WHOLE = ("turntable", "runway")
_WORDS_FOR_CAMERA = {
    "close-up": r"close[- ]?up|closer look|detail|macro|zoom|up close|fabric",
    "runway": r"runway|catwalk|walk|stride|coming closer",
    "turntable": r"turn(table|ing|s)?|rotat|spin|360|all sides|every side",
}


def create(work: Work) -> Product:
    """Return a new clip with music for this person."""
    guidance = work.guidance
    pictures = build_request(guidance, None, find_reference(guidance, work.granted_ids))
    seconds = guidance.duration_s or DEFAULT_S
    request = _video_request(
        guidance,
        pictures,
        frames=int(np.clip(round(seconds * FPS), LEAST_FRAMES, MAX_CREATED_FRAMES)),
        fps=FPS,
        camera=choose_camera(guidance.instruction, guidance.seed),
        anchor=pictures.init_image,
    )
    sound = music_bed(guidance.seed % 2**31, request.frames / FPS, SOUND_RATE)
    facts: dict[str, Any] = {"music_seed": guidance.seed}
    if getattr(load_video_backend(work.revision), "begins_with_still", False):
        request = _from_still(work, request, pictures)
        facts["begun_with"] = {"camera": request.camera, "strength": request.strength}
    return _made(work, request, sound, facts)


def _from_still(work: Work, request: VideoRequest, pictures: GenerationRequest) -> VideoRequest:
    """Return the request begun with a picture of the same words, moved as a camera would see it."""
    work.announce("Drawing the picture it begins with")
    still = load_backend().run(pictures, on_step=work.report, should_stop=work.should_stop).image
    return dataclasses.replace(
        request,
        anchor=None,
        source=sketch_clip(still, request.camera, request.frames),
        frames=1,
        # What the picture shows already: only what disagrees with the words is changed.
        source_prompt=request.prompt,
        strength=SKETCH_STRENGTH,
    )


def revise(work: Work) -> Product:
    """Return the source's chosen part with its frames revised and its sound as it was.

    Where only another colour is asked for, the source's own frames are dyed and nothing is drawn.
    """
    assert work.source is not None
    if recolours(work):
        return _in_style(work, recolour(work))
    guidance = work.guidance
    work.announce("Reading the frames")
    with open_video(work.source) as path:
        part = choose_part(guidance, read_facts(path).duration_s)
        frames = read_frames(
            path, start_s=part.start_s, fps=part.fps, count=part.frames, check=work.check
        )
        sound = read_sound(path, start_s=part.start_s, end_s=part.start_s + len(frames) / part.fps)
    pictures = build_request(dataclasses.replace(guidance, mode="create"), None)
    request = _video_request(
        guidance,
        pictures,
        frames=1,
        fps=part.fps,
        source=frames,
        strength=guidance.strength,
        source_prompt=_words_of_source(work),
        mask=read_mask(guidance.mask_png, frames[0]) if guidance.mask_png else None,
    )
    facts = {"part": {"start_s": part.start_s, "end_s": part.start_s + len(frames) / part.fps}}
    return _made(work, request, sound, facts, part.warnings)


@dataclasses.dataclass(frozen=True)
class Part:
    """The part of a video that is revised, and what the person must know of the choice."""

    start_s: float
    fps: int
    frames: int
    warnings: tuple[str, ...]


def choose_part(guidance: Guidance, duration_s: float) -> Part:
    """Return which frames of a video are revised: at most MAX_REVISED_FRAMES of the chosen part."""
    start = min(guidance.start_s or 0.0, max(duration_s - 1 / FPS, 0.0))
    end = min(guidance.end_s or duration_s, duration_s)
    seconds = max(end - start, 1 / FPS)
    warnings = []
    if seconds > LONGEST_S:
        warnings.append(CUT.format(kept=LONGEST_S))
        seconds = LONGEST_S
    fitting = [rate for rate in REVISION_RATES if seconds * rate <= MAX_REVISED_FRAMES + 0.5]
    fps = fitting[0]
    if fps < FPS:
        warnings.append(SLOWER.format(fps=fps))
    frames = min(MAX_REVISED_FRAMES, max(1, round(seconds * fps)))
    return Part(start, fps, frames, tuple(warnings))


def choose_camera(instruction: str, seed: int) -> str:
    """Return the camera move that the words name, or by lot one that shows all of the garment."""
    for camera, words in _WORDS_FOR_CAMERA.items():
        if re.search(rf"\b({words})", instruction, re.IGNORECASE):
            return camera
    return WHOLE[int(np.random.default_rng([31, seed]).integers(len(WHOLE)))]


def _video_request(guidance: Guidance, pictures: GenerationRequest, **details: Any) -> VideoRequest:
    """Return the request with words, liked items and user vector of the guidance."""
    user = np.asarray(guidance.user_vector, np.float32) if guidance.user_vector else None
    return VideoRequest(
        prompt=pictures.prompt,
        negative=pictures.negative,
        history=pictures.history,
        history_weights=pictures.history_weights,
        user=user,
        seed=guidance.seed,
        guidance_text=pictures.guidance_text,
        guidance_history=pictures.guidance_history,
        **details,
    )


def _made(
    work: Work,
    request: VideoRequest,
    sound: np.ndarray | None,
    facts: dict[str, Any],
    warnings: tuple[str, ...] = (),
) -> Product:
    """Return the product of a request; made once for each request and revision of the model."""
    work.check()
    backend: VideoBackend = load_video_backend(work.revision)
    revises = request.source is not None and work.guidance.mode == "revise"
    work.announce("Revising the frames" if revises else "Drawing the frames")
    is_new = False

    def make() -> dict[str, np.ndarray]:
        nonlocal is_new
        is_new = True
        result = backend.run(request, on_step=work.report, should_stop=work.should_stop)
        return _packed(result, sound)

    inputs = {
        "backend": backend.name,
        "revision": backend.revision,
        "request": {one.name: getattr(request, one.name) for one in dataclasses.fields(request)},
        "sound": sound,
    }
    kept = work.cache.get_or_make(STAGE, inputs, make)
    manifest = json.loads(kept["manifest"].tobytes()) | facts
    manifest["liked_item_ids"] = list(work.guidance.liked_item_ids)
    manifest["warnings"] = [*(manifest.get("warnings") or ()), *warnings]
    if not is_new:
        manifest["from_cache"] = True
    product = Product(manifest=manifest, video=kept["video"].tobytes(), poster=kept["poster"])
    return _in_style(work, product)


def _in_style(work: Work, product: Product) -> Product:
    """Return the clip in the style that was asked for beside its content, if one was."""
    guidance = work.guidance
    if not guidance.style or not isinstance(product.video, bytes):
        return product
    work.announce(f"Giving it the {guidance.style} style")
    with TemporaryDirectory(prefix="weft-clip-") as folder:
        plain, styled = Path(folder) / "plain.mp4", Path(folder) / "styled.mp4"
        plain.write_bytes(product.video)
        recipe = styles.Recipe(guidance.style, seed=guidance.seed)
        made = restyle_video(
            plain,
            styled,
            recipe,
            degree=guidance.style_degree,
            report=work.report,
            check=work.check,
        )
        video = styled.read_bytes()
    style = {
        "name": guidance.style,
        "degree": guidance.style_degree,
        "revision": styles.REVISION,
    }
    manifest = product.manifest | {"style": style}
    return dataclasses.replace(
        product, video=video, poster=made.poster, manifest=manifest, plain=product.poster
    )


def _packed(result: VideoResult, sound: np.ndarray | None) -> dict[str, np.ndarray]:
    """Return the clip as MP4 with its sound, its poster and its manifest, as arrays."""
    frames = _even(result.frames)
    clip = encode_clip(frames, fps=result.fps, sound=sound, sound_rate=SOUND_RATE, crf=20)
    camera = result.manifest.get("camera")
    # As the demo world chooses: the fullest view of the garment; a revision shows its middle.
    middle = len(frames) // 2
    index = {"turntable": 0, "runway": -1, "close-up": -1}.get(str(camera), middle)
    return {
        "video": np.frombuffer(clip, np.uint8),
        "poster": frames[index],
        "manifest": np.frombuffer(json.dumps(result.manifest).encode(), np.uint8),
    }


def _even(frames: np.ndarray) -> np.ndarray:
    """Return frames with even sides, as H.264 needs."""
    height, width = frames.shape[1:3]
    return frames[:, : height // 2 * 2, : width // 2 * 2]


def _words_of_source(work: Work) -> str:
    """Return what the source shows, in the words a prompt would use; "" where nobody knows."""
    source = work.source
    assert source is not None
    if not source.garment_type:
        return ""
    colours = " and ".join(source.colours)
    return " ".join(word for word in (colours, source.pattern, source.garment_type) if word)


__all__ = ["Part", "choose_camera", "choose_part", "create", "revise"]
