"""Drawing a cover for one person from a video and what they like (GeneRec 2024, section 5.1.1).

The paper conditions a retrieval-augmented diffusion model on the video's frames and the liked
thumbnails together. Here the creator paints over the frame that eq. 1 selects, with both as its
liked items; of a few drawings that one is kept which is nearest to the person among those that the
video is still recognised by.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PIL import Image

from catalog.models import Embedding, Item
from catalog.services import name_colours
from catalog.services.vectors import load_current_encoder
from common.errors import DomainError, InvalidInputError
from common.guidance import Guidance
from common.vocabulary import LOOKS, TYPES
from generation.conditions import CLEAR_MARGIN, get_history, negative_of, prompt_of, scales_of
from generation.core.backends import Backend, GenerationRequest
from generation.core.selection import select_frame
from generation.loading import load_backend
from generation.operations import Product, Work, open_video
from generation.operations.choosing import Choice, read_choice
from generation.operations.pictures import draw
from media.cutting import read_frame
from vision.encoder import Encoder

# (height, width) of a cover.
SIZE = (640, 480)
# Rounds of drawings: what share of the strength asked for, and how many. The next round is drawn
# only where none of the one before is recognisable.
ROUNDS = ((1.0, 3), (0.4, 2), (0.12, 2))
# Least cosine of a cover to the frame that it was painted over, by the encoder.
RECOGNISABLE = 0.7
# A frame as near as this to the video's poster shows the garment that the video is said to show.
SAME_GARMENT = 0.7
# Frames among the conditions, and what each weighs beside the heaviest like.
FRAME_TOKENS = 3
FRAME_WEIGHT = 0.5
LIKE_TOKENS = 5
NO_SOURCE = "The video that should get a cover is not there any more."
LOST_ITSELF = (
    "The covers that came out no longer showed what the video shows. Let less change, or leave out "
    "the words."
)


class UnrecognisableError(DomainError):
    """No drawing kept enough of the video."""


@dataclass(frozen=True)
class Drawing:
    """One candidate: how near it is to the person, and to the frame that it was painted over."""

    image: np.ndarray
    manifest: dict[str, Any]
    relevance: float
    fidelity: float
    strength: float
    seed: int


def generate(work: Work) -> Product:
    """Return a cover of the source, 480 x 640, for the person whose likes the guidance names.

    Raises UnrecognisableError where no drawing reaches `RECOGNISABLE`.
    """
    video = work.source
    if video is None:
        raise InvalidInputError(NO_SOURCE)
    backend, encoder = load_backend(work.revision), load_current_encoder()
    work.announce("Looking through the video")
    choice = read_choice(work.guidance, video, encoder)
    names = encoder.encode_texts([f"a photo of a {name}" for name in TYPES])  # (16, D)
    at, score = select_frame(choice.matrix, choice.user, _whole_garments(choice.matrix, names))
    with open_video(video) as path:
        frame = _framed(read_frame(path, choice.frames.times[at]))
    work.check()
    guidance = _describing(work.guidance, video, frame, choice.matrix[at], encoder.name, names)
    request = _request(guidance, video, choice, at, frame)
    drawings = _draw_all(work, backend, encoder, request, choice)
    kept = max(
        (one for one in drawings if one.fidelity >= RECOGNISABLE),
        key=lambda one: one.relevance,
        default=None,
    )
    if kept is None:
        raise UnrecognisableError(LOST_ITSELF)
    facts = {
        "source_item_id": video.pk,
        "frame_s": choice.frames.times[at],
        "frame_relevance": round(score, 4),
        "chosen_by": choice.chosen_by,
        "liked_item_ids": list(choice.liked_item_ids),
        "least_fidelity": RECOGNISABLE,
        "drawings": [_numbers(one) for one in drawings],
        "kept_seed": kept.seed,
    }
    return Product(manifest=kept.manifest | facts, image=_sized(kept.image))


def _draw_all(
    work: Work, backend: Backend, encoder: Encoder, request: GenerationRequest, choice: Choice
) -> list[Drawing]:
    """Draw until one is recognisable: a round of variants, then gentler ones."""
    assert request.init_image is not None
    source = encoder.encode_images([request.init_image])[0]
    drawings: list[Drawing] = []
    for share, variants in ROUNDS:
        strength = request.strength * share
        for _ in range(variants):
            work.announce(f"Drawing cover {len(drawings) + 1}")
            seed = request.seed + len(drawings)
            one = dataclasses.replace(request, seed=seed, strength=strength)
            image, manifest = draw(work, backend, one)
            vector = encoder.encode_images([image])[0]
            relevance, fidelity = float(vector @ choice.user), float(vector @ source)
            drawings.append(Drawing(image, manifest, relevance, fidelity, strength, seed))
        if any(drawing.fidelity >= RECOGNISABLE for drawing in drawings):
            break
    return drawings


def _whole_garments(matrix: np.ndarray, names: np.ndarray) -> np.ndarray | None:
    """Return which frames (N,) clearly show some garment; None, for any, where none does.

    The creator draws whole garments: painted over a close view of cloth it would lose the video.
    """
    likeness = np.sort(matrix @ names.T, axis=1)  # (N, 16)
    clear = likeness[:, -1] - likeness[:, -2] >= CLEAR_MARGIN
    return clear if clear.any() else None


def _describing(
    guidance: Guidance,
    video: Item,
    frame: np.ndarray,
    vector: np.ndarray,
    model: str,
    names: np.ndarray,
) -> Guidance:
    """Return the guidance whose words say what the frame shows.

    A video of several garments is described by its poster's: words for another garment than the
    frame's would draw that one over it. What the person asked for in so many words stays.
    """
    stored = Embedding.objects.filter(item=video, model=model).first()
    if stored is None or float(np.asarray(stored.vector) @ vector) >= SAME_GARMENT:
        return guidance
    wanted = guidance.wanted
    shown = TYPES[int(np.argmax(names @ vector))]
    own_type = wanted.type if wanted.type != (video.garment_type or None) else None
    own_colours = wanted.colours if wanted.colours != tuple(video.colours) else ()
    described = dataclasses.replace(
        wanted,
        type=own_type or shown,
        colours=own_colours or tuple(name_colours(Image.fromarray(frame))),
        pattern=wanted.pattern if wanted.pattern != (video.pattern or None) else None,
    )
    return dataclasses.replace(guidance, wanted=described)


def _request(
    guidance: Guidance, video: Item, choice: Choice, at: int, frame: np.ndarray
) -> GenerationRequest:
    """Return the request: words of what the video shows, its frames and the likes as history."""
    look = guidance.look or (video.look if video.look in LOOKS else None)
    guidance = dataclasses.replace(guidance, look=look)
    ids = [pk for pk in guidance.liked_item_ids if pk != video.pk]
    liked, weights = get_history(ids, most=LIKE_TOKENS)
    frames = choice.matrix[_spread(at, len(choice.matrix))]
    heaviest = float(weights.max(initial=0.0)) or 1.0
    frame_weights = np.full(len(frames), FRAME_WEIGHT * heaviest, np.float32)
    same_space = liked.shape[1] == frames.shape[1]
    return GenerationRequest(
        prompt=prompt_of(guidance),
        negative=negative_of(guidance.unwanted),
        history=np.concatenate([frames, liked]) if same_space else frames,
        history_weights=np.concatenate([frame_weights, weights]) if same_space else frame_weights,
        seed=guidance.seed,
        init_image=frame,
        strength=guidance.strength,
        **scales_of(guidance),
    )


def _spread(at: int, count: int) -> list[int]:
    """Return the selected frame and others spread over the video."""
    others = np.linspace(0, count - 1, FRAME_TOKENS + 1).round().astype(int).tolist()
    return list(dict.fromkeys([at, *others]))[:FRAME_TOKENS]


def _framed(frame: np.ndarray) -> np.ndarray:
    """Return the middle of a frame in the shape of a cover, at its size or smaller."""
    height, width = frame.shape[:2]
    across, down = min(width, height * SIZE[1] // SIZE[0]), min(height, width * SIZE[0] // SIZE[1])
    left, top = (width - across) // 2, (height - down) // 2
    return np.ascontiguousarray(frame[top : top + down, left : left + across])


def _sized(image: np.ndarray) -> np.ndarray:
    if image.shape[:2] == SIZE:
        return image
    smaller = image.shape[0] > SIZE[0]
    method = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return cv2.resize(image, SIZE[::-1], interpolation=method)


def _numbers(one: Drawing) -> dict[str, Any]:
    return {
        "seed": one.seed,
        "strength": round(one.strength, 3),
        "relevance": round(one.relevance, 4),
        "fidelity": round(one.fidelity, 4),
    }
