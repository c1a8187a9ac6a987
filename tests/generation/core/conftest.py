"""A creator of real classes at tiny sizes, and an encoder made of hashed words."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

TEXT_WIDTH, EMBED_DIM, CONTEXT = 24, 16, 8


class WordEncoder:
    """Stands in for the open_clip encoder: each word has its own vector."""

    name = "words"
    dim = EMBED_DIM

    def text_tokens(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        states = np.ones((len(texts), CONTEXT, TEXT_WIDTH), np.float32)
        mask = np.zeros((len(texts), CONTEXT), bool)
        for row, text in enumerate(texts):
            for place, word in enumerate(text.split()[:CONTEXT]):
                states[row, place] = _vector(word, TEXT_WIDTH)
                mask[row, place] = True
        return states, mask

    def encode_texts(self, texts: list[str]) -> np.ndarray:
        rows = np.stack(
            [sum(_vector(w, EMBED_DIM) for w in text.split() or ["-"]) for text in texts]
        )
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def tokenizer(self, texts: list[str]) -> list[str]:
        """Words are their own numbers."""
        return texts

    def describe(self, tokens: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return *self.text_tokens(tokens), self.encode_texts(tokens)

    def on(self, device: str) -> WordEncoder:
        assert device == "cpu"
        return self

    def encode_array(self, images: np.ndarray) -> np.ndarray:
        return self.encode_images(list(images))

    def encode_images(self, images: list[np.ndarray]) -> np.ndarray:
        means = np.stack([image.mean(axis=(0, 1)) for image in images])
        rows = np.resize(means, (len(images), EMBED_DIM)).astype(np.float32) + 1.0
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _vector(word: str, width: int) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "little")
    return np.random.default_rng(seed).standard_normal(width).astype(np.float32)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Tiny tensors gain nothing from a second thread, and lose much when the machine is busy."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def encoder() -> WordEncoder:
    """An encoder without weights."""
    return WordEncoder()


@pytest.fixture(scope="session")
def make_pipeline() -> Callable[[], object]:
    """Build the same tiny pipeline each time: 40 x 30 pictures, enlarged to 160 x 120."""
    import torch

    from generation.core.autoencoder import PatchAutoencoder
    from generation.core.pipelines import WeftPicturePipeline
    from generation.core.superres import SuperResolver
    from generation.core.train.denoiser import build_denoiser
    from generation.core.train.saving import flow_scheduler

    def build() -> WeftPicturePipeline:
        torch.manual_seed(3)
        denoiser = build_denoiser(
            latent_channels=4,
            sample_size=(4, 3),
            text_width=TEXT_WIDTH,
            embed_dim=EMBED_DIM,
            widths=(16, 32),
            context_dim=16,
            heads=2,
            max_text=CONTEXT,
            max_history=4,
        )
        pipeline = WeftPicturePipeline(
            vae=PatchAutoencoder(
                latent_channels=4, encoder_width=8, widths=(16, 16, 8), blocks=(1, 1, 1)
            ),
            unet=denoiser.unet.eval(),
            history=denoiser.history,
            scheduler=flow_scheduler(),
            upscaler=SuperResolver(width=8, blocks=1, fine_width=8),
        )
        _shake(pipeline)
        return pipeline

    return build


def _shake(pipeline: object) -> None:
    """Give the paths that start at zero some weight, so that every input shows in the output."""
    import torch

    generator = torch.Generator().manual_seed(5)
    for part in (pipeline.vae, pipeline.unet, pipeline.upscaler, pipeline.history):
        for parameter in part.parameters():
            parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator)


@pytest.fixture(scope="session")
def saved_pipeline(make_pipeline: Callable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a saved tiny pipeline."""
    folder = tmp_path_factory.mktemp("creator")
    make_pipeline().save_pretrained(folder, safe_serialization=True)
    return folder


@pytest.fixture
def backend(saved_pipeline: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch):
    """The embedded backend on the tiny pipeline."""
    from generation.core import creator

    monkeypatch.setattr(creator, "load_encoder", lambda name: encoder)
    return creator.EmbeddedBackend.load(saved_pipeline)
