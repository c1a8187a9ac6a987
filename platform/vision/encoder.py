"""The open_clip encoder: pictures and words as vectors of one space.

Only workers and commands import this module, since it loads torch. `load_encoder` returns our
embedded model or any open_clip model; every stored vector names the `Encoder.name` that made it.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from vision import torchvision_guard  # noqa: F401

# isort: split
# The guard comes first: open_clip imports torchvision.
import numpy as np
import open_clip
import torch
import torch.nn.functional as F
from open_clip.tokenizer import SimpleTokenizer
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image

from common.errors import InvalidInputError
from vision import tower  # noqa: F401  (registers our picture tower with timm)

logger = logging.getLogger(__name__)

EMBEDDED = "embedded"
# Trained apart from the embedded one; measures what was made, never conditions or selects it.
JUDGE = "judge"
WEIGHTS = Path(__file__).parent / "weights"
EMBEDDED_FOLDER = WEIGHTS / EMBEDDED
BATCH = 32
_NORMS = ("mean", "std")


@dataclass(frozen=True)
class Encoder:
    """One loaded open_clip model with its picture transform and tokenizer."""

    name: str
    dim: int
    model: Any
    transform: Any
    tokenizer: Any

    @property
    def side(self) -> int:
        """The short side, in pixels, of the picture that the model looks at."""
        size = self.model.visual.preprocess_cfg["size"]
        return size if isinstance(size, int) else min(size)

    @property
    def device(self) -> torch.device:
        """Where the model computes."""
        return next(self.model.parameters()).device

    def on(self, device: str) -> Encoder:
        """Move the model to that device, for all who hold it; return this encoder."""
        self.model.to(device)
        return self

    def encode_images(self, images: Sequence[Image.Image | np.ndarray]) -> np.ndarray:
        """Return (N, D) float32 vectors of length 1; arrays are (H, W, 3) uint8 RGB."""
        pictures = [_as_rgb(image) for image in images]
        rows = []
        with torch.inference_mode():
            for start in range(0, len(pictures), BATCH):
                chunk = pictures[start : start + BATCH]
                pixels = torch.stack([self.transform(picture) for picture in chunk])
                rows.append(self._vectors(pixels))
        return self._stacked(rows)

    def encode_array(self, images: np.ndarray) -> np.ndarray:
        """Return vectors as `encode_images` does, of pictures of one size (N, H, W, 3) uint8.

        torch shrinks them, many at once: the vectors differ by about a thousandth.
        """
        settings = self.model.visual.preprocess_cfg
        mean, std = (torch.tensor(settings[k])[:, None, None].to(self.device) for k in _NORMS)
        rows = []
        with torch.inference_mode():
            for start in range(0, len(images), BATCH):
                chunk = torch.from_numpy(np.array(images[start : start + BATCH]))
                pixels = chunk.to(self.device).permute(0, 3, 1, 2).float() / 255
                small = F.interpolate(
                    pixels, (self.side, self.side), mode="bicubic", antialias=True
                ).clamp(0, 1)
                rows.append(self._vectors((small - mean) / std))
        return self._stacked(rows)

    def _vectors(self, pixels: torch.Tensor) -> np.ndarray:
        vectors = self.model.encode_image(pixels.to(self.device), normalize=True)
        return np.asarray(vectors.float().cpu().numpy())

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return (N, D) float32 vectors of length 1, comparable with those of pictures."""
        rows = []
        with torch.inference_mode():
            for start in range(0, len(texts), BATCH):
                tokens = self.tokenizer(list(texts[start : start + BATCH])).to(self.device)
                rows.append(self.model.encode_text(tokens, normalize=True).float().cpu().numpy())
        return self._stacked(rows)

    def text_tokens(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the text tower's hidden states and which of them are real tokens.

        States: (N, L, W) float32 after the final layer norm, L the context length. Mask: (N, L)
        bool, True from the start token up to and including the end token. For cross-attention.
        """
        states, mask, _ = self.describe(self.tokenizer(list(texts)))
        return states, mask

    def describe(self, tokens: torch.Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the states and mask of `text_tokens`, and the vectors of `encode_texts`.

        All in one pass, of texts (N, L) that the tokenizer has made numbers of.
        """
        with torch.inference_mode():
            output = self.model.forward_intermediates(
                text=tokens.to(self.device), text_indices=1, normalize_intermediates=True
            )
        states = output["text_intermediates"][-1].float().cpu().numpy()
        # The end token has the largest id (open_clip's "argmax" pooling rests on the same fact).
        end = tokens.argmax(dim=-1, keepdim=True)
        mask = torch.arange(tokens.shape[1])[None, :] <= end
        return states, mask.numpy(), output["text_features"].float().cpu().numpy()

    def _stacked(self, rows: list[np.ndarray]) -> np.ndarray:
        return np.concatenate(rows) if rows else np.zeros((0, self.dim), dtype=np.float32)


def load_encoder(name_or_path: str = EMBEDDED, pretrained: str | None = None) -> Encoder:
    """Return the encoder of this name, loaded once per process.

    `name_or_path`: "embedded" or "judge" (our weights), a folder with our `config.json` or with
    open_clip's `open_clip_config.json`, or an open_clip name; then `pretrained` is a tag or a
    checkpoint file.
    """
    return _loaded(name_or_path, pretrained or None)


def forget_encoders() -> None:
    """Let the next call load from disk again, as after training."""
    _loaded.cache_clear()


@lru_cache(maxsize=4)
def _loaded(name_or_path: str, pretrained: str | None) -> Encoder:
    is_own = name_or_path in (EMBEDDED, JUDGE)
    folder = WEIGHTS / name_or_path if is_own else Path(name_or_path)
    if (folder / "config.json").is_file():
        return _load_own(folder)
    if (folder / "open_clip_config.json").is_file():
        name = f"{folder.name}:{_digest(_weights_file(folder))}"
        return _assemble(name, f"local-dir:{folder}", None)
    if is_own:
        raise InvalidInputError(f"The {name_or_path} encoder's weights are missing; train them.")
    return _assemble(f"{name_or_path}/{pretrained}", name_or_path, pretrained)


def _load_own(folder: Path) -> Encoder:
    """Load a model of ours: architecture, preprocessing and merges lie beside the weights."""
    config = json.loads((folder / "config.json").read_text())
    architecture = config["architecture"]
    open_clip.add_model_config(folder / f"{architecture}.json")
    weights = folder / config["weights"]
    tokenizer = SimpleTokenizer(
        bpe_path=str(folder / config["merges"]), context_length=config["context_length"]
    )
    model = open_clip.create_model(
        architecture, pretrained=str(weights), force_preprocess_cfg=config["preprocess"]
    )
    return _finish(f"{config['name']}:{_digest(weights)}", model, tokenizer)


def _assemble(name: str, model_name: str, pretrained: str | None) -> Encoder:
    """Load any open_clip model; a name that open_clip does not know is refused."""
    try:
        model = open_clip.create_model(model_name, pretrained=pretrained)
    except RuntimeError as error:
        raise InvalidInputError(f"The encoder {model_name} cannot be loaded: {error}") from error
    return _finish(name, model, open_clip.get_tokenizer(model_name))


def _finish(name: str, model: Any, tokenizer: Any) -> Encoder:
    model.eval().requires_grad_(False)
    transform = image_transform_v2(PreprocessCfg(**model.visual.preprocess_cfg), is_train=False)
    with torch.inference_mode():
        dim = model.encode_text(tokenizer(["a garment"])).shape[-1]
    logger.info("Loaded encoder %s with %s dimensions", name, dim)
    return Encoder(name=name, dim=dim, model=model, transform=transform, tokenizer=tokenizer)


def _weights_file(folder: Path) -> Path:
    files = sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin"), *folder.glob("*.pth")])
    if not files:
        raise InvalidInputError(f"The folder {folder.name} holds no weights.")
    return files[0]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def _as_rgb(image: Image.Image | np.ndarray) -> Image.Image:
    if isinstance(image, np.ndarray):
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise InvalidInputError("A picture must be an RGB image of 8 bits.")
        return Image.fromarray(image)
    return image.convert("RGB")
