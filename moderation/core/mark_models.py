"""Watermarks by other people's models, behind one interface: their files are handed in by setting.

Nothing is fetched: a model whose file is missing is an error. torch is loaded on first use only.
Both carry our payload with a checksum of ours, so a wrong reading is as unlikely as with our own.
"""

from __future__ import annotations

import importlib
import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from moderation.core import coding


class ModelError(Exception):
    """A configured model cannot be used; the message says why."""


class MarkModel(Protocol):
    """Writes and reads a 48-bit payload."""

    name: str

    def embed(self, image: np.ndarray, payload: int) -> np.ndarray:
        """Return the RGB image (H, W, 3) uint8 with the payload in it."""
        ...

    def detect(self, image: np.ndarray) -> int | None:
        """Return the payload of an RGB image, or None."""
        ...


@lru_cache(maxsize=4)
def load(name: str, path: str) -> MarkModel:
    """Return the model of this name from its file or folder."""
    if name not in MODELS:
        raise ModelError(f"There is no watermark model “{name}”; known: {', '.join(MODELS)}.")
    if not Path(path).exists():
        raise ModelError(f"The weights of {name} are not at {path}.")
    return MODELS[name](path)


class VideoSeal:
    """Video Seal's image model as TorchScript: 256 bits, of which our code fills 234.

    Its `embed` takes pictures (B, 3, H, W) in 0..1 and messages (B, 256); `detect` returns
    (B, 257), a score of presence and one per bit, positive for 1.
    """

    name = "videoseal"
    BITS = 256

    def __init__(self, path: str) -> None:
        import torch

        self._torch = torch
        self._model = torch.jit.load(path, map_location="cpu").eval()

    def embed(self, image: np.ndarray, payload: int) -> np.ndarray:
        """Return the marked RGB image."""
        message = np.zeros(self.BITS, np.float32)
        message[: coding.CODED_BITS] = coding.encode(payload)
        with self._torch.no_grad():
            marked = self._model.embed(
                self._picture(image), self._torch.from_numpy(message).unsqueeze(0)
            )
        pixels = marked[0].clamp(0, 1).permute(1, 2, 0).numpy() * 255.0
        return np.rint(pixels).astype(np.uint8)

    def detect(self, image: np.ndarray) -> int | None:
        """Return the payload, or None."""
        with self._torch.no_grad():
            scores = self._model.detect(self._picture(image))[0, 1:]
        # Our decoder wants positive values where a 0 was sent.
        return coding.decode(-scores.numpy().astype(np.float64)[: coding.CODED_BITS])

    def _picture(self, image: np.ndarray) -> Any:
        pixels = np.ascontiguousarray(image.transpose(2, 0, 1)).astype(np.float32) / 255.0
        return self._torch.from_numpy(pixels).unsqueeze(0)


class TrustMark:
    """Adobe's package with its weights in its own folder: 61 bits, 48 of payload and 13 of CRC."""

    name = "trustmark"
    BITS, CHECK = 61, 13
    # The package fetches what it misses, so all that it opens must be there.
    FILES = tuple(
        f"{part}_Q.{suffix}"
        for part, suffix in (
            ("trustmark", "yaml"),
            ("decoder", "ckpt"),
            ("encoder", "ckpt"),
            ("trustmark_rm", "yaml"),
            ("trustmark_rm", "ckpt"),
        )
    )

    def __init__(self, path: str) -> None:
        missing = [name for name in self.FILES if not (Path(path) / name).is_file()]
        if missing:
            raise ModelError(f"The weights of trustmark lack {', '.join(missing)}.")
        spec = importlib.util.find_spec("trustmark")
        if spec is None or spec.origin is None:
            raise ModelError("The package trustmark is not installed.")
        if Path(spec.origin).parent / "models" != Path(path).resolve():
            raise ModelError("trustmark reads its weights from its own folder “models” only.")
        package = importlib.import_module("trustmark")
        self._model = package.TrustMark(
            verbose=False, model_type="Q", encoding_type=package.TrustMark.Encoding.BCH_5
        )

    def embed(self, image: np.ndarray, payload: int) -> np.ndarray:
        """Return the marked RGB image."""
        check = coding.crc24(payload) >> (coding.CRC_BITS - self.CHECK)
        secret = f"{(payload << self.CHECK) | check:0{self.BITS}b}"
        return np.asarray(self._model.encode(Image.fromarray(image), secret, MODE="binary"))

    def detect(self, image: np.ndarray) -> int | None:
        """Return the payload, or None."""
        secret, present, _ = self._model.decode(Image.fromarray(image), MODE="binary")
        if not present or len(secret) < self.BITS:
            return None
        value = int(secret[: self.BITS], 2)
        payload, check = value >> self.CHECK, value & ((1 << self.CHECK) - 1)
        is_whole = check == coding.crc24(payload) >> (coding.CRC_BITS - self.CHECK)
        return payload if is_whole else None


MODELS: dict[str, Any] = {"videoseal": VideoSeal, "trustmark": TrustMark}
