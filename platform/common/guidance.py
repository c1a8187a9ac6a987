"""`Guidance`: everything that steers one generation, as one typed, logged, showable object."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, Literal

from common.errors import InvalidInputError

Kind = Literal["image", "video"]
Mode = Literal["create", "edit", "revise", "style", "thumbnail", "clip", "caption", "blur"]
Exposure = Literal["direct", "ranked"]
# What an edit changes; "" leaves that to the words.
Edit = Literal["", "recolour", "pattern", "background", "remove", "replace"]

KINDS: tuple[Kind, ...] = ("image", "video")
MODES: tuple[Mode, ...] = (
    *("create", "edit", "revise", "style", "thumbnail", "clip", "caption", "blur"),
)
EXPOSURES: tuple[Exposure, ...] = ("direct", "ranked")
EDITS: tuple[Edit, ...] = ("", "recolour", "pattern", "background", "remove", "replace")
# Lengths of a window of sampled frames, L in the paper's eq. 2.
WINDOWS: tuple[int, ...] = (4, 8, 16, 32)
UPSCALES: tuple[int, ...] = (1, 2, 4)
# Liked items that guide one generation.
MAX_HISTORY = 8
# How literally words are taken and how much liked items count: guidance scales.
MAX_SCALE = 12.0
MAX_INSTRUCTION_CHARS = 500
# A script, or the captions themselves with their times.
MAX_SCRIPT_CHARS = 40_000
# A painted mask is a small PNG; base64 of 96 KB.
MAX_MASK_CHARS = 131_072


@dataclass(frozen=True)
class Attributes:
    """Attributes of a garment in the common vocabulary; an empty value means "not said"."""

    type: str | None = None
    colours: tuple[str, ...] = ()
    pattern: str | None = None
    # Finer words that only the prompt uses: "short", "v-neck", "denim".
    details: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.type or self.colours or self.pattern or self.details)

    def as_caption(self) -> str:
        """Return the caption of these attributes: "black striped skirt", main colour first."""
        words = [*self.details]
        if self.colours:
            words.append(" and ".join(self.colours))
        if self.pattern:
            words.append(self.pattern)
        words.append(self.type or "garment")
        return " ".join(words)


@dataclass(frozen=True)
class Guidance:
    """The conditions of one generation and who it is for.

    Stored as JSON with the job and the item, and shown to the person it served ("made from: your
    words, 12 items you liked"). GeneRec 2023, section 3: the instructor's guidance signals.
    """

    user_id: int
    instruction: str
    kind: Kind = "image"
    mode: Mode = "create"
    turns: tuple[str, ...] = ()
    wanted: Attributes = field(default_factory=Attributes)
    unwanted: Attributes = field(default_factory=Attributes)
    reference_item_ids: tuple[int, ...] = ()
    # User_Hist: the liked items whose embeddings condition the model, newest first.
    liked_item_ids: tuple[int, ...] = ()
    # How much each of them is liked, 1 for a plain like; () where all count the same.
    liked_weights: tuple[float, ...] = ()
    # K: at most so many of them guide; which ones is up to the generator.
    history_size: int = MAX_HISTORY
    # User_Emb: the version of the recommender whose user vector was used, if one was.
    user_vector_model: str | None = None
    # User_Emb itself, in the encoder's space and of unit length; () when none was used.
    user_vector: tuple[float, ...] = ()
    style: str | None = None
    # "photo" or "illustration"; None leaves it to the model.
    look: str | None = None
    # How far a style goes, 0 the source to 1 all of it; the item whose style is taken.
    style_degree: float = 1.0
    exemplar_item_id: int | None = None
    strength: float = 0.6
    # Guidance scales of words and of liked items; None leaves them to the model.
    literalness: float | None = None
    personality: float | None = None
    edit: Edit = ""
    # Base64 of a PNG of the source's shape, white where the picture may change.
    mask_png: str = ""
    start_s: float | None = None
    end_s: float | None = None
    window: int = 8
    script: str = ""
    burn_captions: bool = False
    upscale: int = 1
    duration_s: float | None = None
    aspect: str = "3:4"
    knowledge_passage_ids: tuple[int, ...] = ()
    seed: int = 0
    exposure: Exposure = "direct"
    # For this person's eyes alone, and deleted after they saw it.
    delete_after_view: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.mode not in MODES or self.exposure not in EXPOSURES:
            raise InvalidInputError(
                "This request names a kind, mode or exposure that does not exist."
            )
        if not (0.0 <= self.strength <= 1.0 and 0.0 <= self.style_degree <= 1.0):
            raise InvalidInputError("Strength and degree must lie between 0 and 1.")
        for scale in (self.literalness, self.personality):
            if scale is not None and not 0.0 <= scale <= MAX_SCALE:
                raise InvalidInputError(f"Guidance scales lie between 0 and {MAX_SCALE:g}.")
        if self.edit not in EDITS or self.window not in WINDOWS or self.upscale not in UPSCALES:
            raise InvalidInputError("This request names an edit, window or size that is not there.")
        self._check_likes()
        self._check_span()
        self._check_lengths()

    def _check_likes(self) -> None:
        if not 0 <= self.history_size <= MAX_HISTORY:
            raise InvalidInputError(f"Between 0 and {MAX_HISTORY} liked items can guide.")
        if self.liked_weights and len(self.liked_weights) != len(self.liked_item_ids):
            raise InvalidInputError("Each liked item needs one weight.")
        if not all(0.0 < weight < float("inf") for weight in self.liked_weights):
            raise InvalidInputError("The weight of a liked item must be a number above 0.")

    def _check_span(self) -> None:
        start, end = self.start_s, self.end_s
        if start is not None and not 0.0 <= start < float("inf"):
            raise InvalidInputError("A clip starts at zero seconds or later.")
        if end is not None and not (start or 0.0) < end < float("inf"):
            raise InvalidInputError("A clip must end after it starts.")

    def _check_lengths(self) -> None:
        if len(self.instruction) > MAX_INSTRUCTION_CHARS:
            raise InvalidInputError(
                f"Please keep the instruction under {MAX_INSTRUCTION_CHARS} characters."
            )
        if len(self.script) > MAX_SCRIPT_CHARS:
            raise InvalidInputError(f"Please keep captions under {MAX_SCRIPT_CHARS} characters.")
        if len(self.mask_png) > MAX_MASK_CHARS:
            raise InvalidInputError("The painted mask is too large. Paint it at a smaller size.")

    @property
    def prompt(self) -> str:
        """Return the text that conditions the model: canonical attributes, then own words."""
        if not self.wanted:
            return self.instruction
        return self.wanted.as_caption()

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict; `from_dict` turns it back into an equal object."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Guidance:
        """Rebuild a `Guidance` stored by `as_dict`; keys of later versions are ignored."""
        known = {f.name for f in dataclasses.fields(cls)}
        kept = {key: _tuples(value) for key, value in data.items() if key in known}
        for key in ("wanted", "unwanted"):
            if key in kept:
                kept[key] = Attributes(**{k: _tuples(v) for k, v in kept[key].items()})
        return cls(**kept)


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
