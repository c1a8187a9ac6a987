"""What a block of frames is drawn from: its neighbours, the camera's way, words and a person."""

from __future__ import annotations

from vision import torchvision_guard  # noqa: F401

# isort: split
# The guard comes first: diffusers imports torchvision.
import dataclasses
from dataclasses import dataclass

import torch
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor

from generation.core.conditioning import Conditions, HistoryProjector
from generation.core.video.backends import CAMERAS

# Known frames of a block, in the order of their channels: the last two, one from anywhere else in
# the clip (the anchor, which says what must not drift), and the one that follows.
PAST, FUTURE = 2, 1
NEIGHBOURS = PAST + 1 + FUTURE
# Maps: are past, anchor, future known; is the place in the clip known, which; one per camera move.
MAPS = 5 + len(CAMERAS)
# Frames of the clips that the model was trained on: the place in the clip counts in them.
CLIP_FRAMES = 32
_CPU = torch.device("cpu")


@dataclass
class Neighbours:
    """The surroundings of B blocks; None, or a row with its flag unset, is unknown.

    past (B, 2, C, h, w), anchor (B, 1, C, h, w), future (B, 1, C, h, w): clean latents.
    has_past, has_anchor, has_future (B,) bool; all true when left out. place (B,): share of the
    clip that lies before the block, 0..1, negative where unknown. camera (B,) long: index in
    CAMERAS, negative where unknown.
    """

    past: Tensor | None = None
    anchor: Tensor | None = None
    future: Tensor | None = None
    has_past: Tensor | None = None
    has_anchor: Tensor | None = None
    has_future: Tensor | None = None
    place: Tensor | None = None
    camera: Tensor | None = None
    # Whether the frame beside the block is a sight of it too: not in a revision, whose noised
    # source frames say something else, so that the two would mix.
    weighs_in: bool = True

    @property
    def device(self) -> torch.device:
        """Where the surroundings are; on the CPU if there are none."""
        tensors = (getattr(self, field.name) for field in dataclasses.fields(self))
        return next((one.device for one in tensors if isinstance(one, Tensor)), _CPU)

    def as_channels(self, batch: int, shape: tuple[int, int, int]) -> Tensor:
        """Return the context (B, C * NEIGHBOURS + MAPS, h, w) for latents of shape (C, h, w)."""
        height, width = shape[1:]
        device = self.device
        frames, flags = [], []
        for known, given, count in (
            (self.past, self.has_past, PAST),
            (self.anchor, self.has_anchor, 1),
            (self.future, self.has_future, FUTURE),
        ):
            flag = _flags(known, given, batch, device)
            nothing = torch.zeros(batch, count, *shape, device=device)
            there = nothing if known is None else known.float()
            frames.append((there * flag[:, None, None, None, None]).flatten(1, 2))
            flags.append(flag)
        numbers = torch.stack([*flags, *self._place_and_camera(batch)], dim=1)  # (B, MAPS)
        maps = numbers[:, :, None, None].expand(-1, -1, height, width)
        return torch.cat([*frames, maps], dim=1)

    def nearest(self, batch: int, shape: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
        """Return the frame beside each block, (B, C, h, w), and 1 where there is one, (B,).

        The last one before it, or else the one after it.
        """
        device = self.device
        beside, known = torch.zeros(batch, *shape, device=device), torch.zeros(batch, device=device)
        if not self.weighs_in:
            return beside, known
        for frames, given, index in (
            (self.future, self.has_future, 0),
            (self.past, self.has_past, -1),
        ):
            if frames is None:
                continue
            flag = _flags(frames, given, batch, device)
            beside = torch.where(flag[:, None, None, None] > 0, frames[:, index].float(), beside)
            known = torch.maximum(known, flag)
        return beside, known

    def repeated(self, count: int) -> Neighbours:
        """Return the surroundings of the same blocks, `count` times over."""

        def repeat(value: Tensor | None) -> Tensor | None:
            return None if value is None else value.repeat(count, *[1] * (value.ndim - 1))

        tensors = {
            field.name: repeat(value)
            for field in dataclasses.fields(self)
            if isinstance(value := getattr(self, field.name), Tensor)
        }
        return dataclasses.replace(self, **tensors)  # type: ignore[arg-type]

    def _place_and_camera(self, batch: int) -> list[Tensor]:
        unknown = torch.full((batch,), -1.0, device=self.device)
        place = unknown if self.place is None else self.place.float()
        camera = unknown if self.camera is None else self.camera.float()
        known = (place >= 0).float()
        return [known, place * known, *((camera == i).float() for i in range(len(CAMERAS)))]


def context_channels(latent_channels: int) -> int:
    """Return how many channels `Neighbours.as_channels` has."""
    return latent_channels * NEIGHBOURS + MAPS


# ModelMixin is named again because diffusers looks for it in the module of a saved part.
class TasteProjector(HistoryProjector, ModelMixin):
    """The image creator's projector, whose pooled taste may be a given user vector (User_Emb)."""

    def forward(
        self,
        text_tokens: Tensor | None,
        text_vector: Tensor | None,
        history: Tensor | None,
        history_weights: Tensor | None,
        batch: int = 1,
        keep_text: Tensor | None = None,
        keep_history: Tensor | None = None,
        user: Tensor | None = None,
        keep_user: Tensor | None = None,
    ) -> Conditions:
        """Return the conditions of a batch; a group that is None is the null group.

        As in HistoryProjector; user (B, D) of unit length takes the place of the mean of the liked
        items in the pooled vector, where `keep_user` (B,) bool, if given, is true.
        """
        words, sentence = self._text(text_tokens, text_vector, batch, keep_text)
        items, taste = self._history(history, history_weights, batch, keep_history)
        if user is not None:
            scaled = user * user.shape[-1] ** 0.5
            taste = scaled if keep_user is None else torch.where(keep_user[:, None], scaled, taste)
        vector = torch.cat([sentence, taste], dim=1)  # (B, 2 D)
        summary = self.pooled_in(vector)[:, None]  # (B, 1, C)
        return Conditions(torch.cat([summary, words, items], dim=1), vector)


def _flags(known: Tensor | None, given: Tensor | None, batch: int, device: torch.device) -> Tensor:
    if known is None:
        return torch.zeros(batch, device=device)
    return torch.ones(batch, device=device) if given is None else given.float()
