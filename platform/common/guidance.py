"""`Guidance`: everything that steers one generation, as one typed, logged, showable object."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, Literal

from common.errors import InvalidInputError

Kind = Literal["image", "video"]
Mode = Literal["create", "edit", "revise", "style", "thumbnail", "clip"]
Exposure = Literal["direct", "ranked"]

KINDS: tuple[Kind, ...] = ("image", "video")
MODES: tuple[Mode, ...] = ("create", "edit", "revise", "style", "thumbnail", "clip")
EXPOSURES: tuple[Exposure, ...] = ("direct", "ranked")
MAX_INSTRUCTION_CHARS = 500


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
    # User_Emb: the version of the recommender whose user vector was used, if one was.
    user_vector_model: str | None = None
    style: str | None = None
    strength: float = 0.6
    duration_s: float | None = None
    aspect: str = "3:4"
    knowledge_passage_ids: tuple[int, ...] = ()
    seed: int = 0
    exposure: Exposure = "direct"

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.mode not in MODES or self.exposure not in EXPOSURES:
            raise InvalidInputError(
                "This request names a kind, mode or exposure that does not exist."
            )
        if not 0.0 <= self.strength <= 1.0:
            raise InvalidInputError("Strength must lie between 0 and 1.")
        if len(self.instruction) > MAX_INSTRUCTION_CHARS:
            raise InvalidInputError(
                f"Please keep the instruction under {MAX_INSTRUCTION_CHARS} characters."
            )

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
