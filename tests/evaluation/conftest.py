"""Small worlds and networks that see average colours, for tests without trained weights."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from demo.drawing import draw_garment
from demo.garments import sample_spec
from evaluation.judging import Judge
from evaluation.study import Networks


class ColourEye:
    """Stands in for an encoder: a picture's vector is its colours in a grid of 3 x 2."""

    def __init__(self, name: str, turn: int) -> None:
        self.name = name
        rng = np.random.default_rng(turn)
        self.mixed = np.linalg.qr(rng.normal(size=(18, 18)))[0].astype(np.float32)
        self.model = SimpleNamespace(logit_scale=np.float32(2.0))
        self.dim = 18

    def raw(self, images: list[np.ndarray]) -> np.ndarray:
        small = [cv2.resize(one, (2, 3), interpolation=cv2.INTER_AREA) for one in images]
        return (np.stack(small).reshape(-1, 18) / 127.5 - 1).astype(np.float32) @ self.mixed

    def encode_images(self, images: list[np.ndarray]) -> np.ndarray:
        rows = self.raw(images)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def encode_texts(self, texts: list[str]) -> np.ndarray:
        rows = np.stack(
            [np.random.default_rng(list(text.encode())).normal(size=18) for text in texts]
        )
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def networks() -> Iterator[Networks]:
    """Two different eyes; what is loaded by name is these."""
    encoder, judge = ColourEye("eye", 1), ColourEye("judge-eye", 2)
    judge.model.logit_scale = SimpleNamespace(exp=lambda: 10.0)
    found = Networks(
        encoder,  # type: ignore[arg-type]
        Judge(judge, judge.encode_texts(["a", "b"]), judge.encode_texts(["c", "d", "e"])),  # type: ignore[arg-type]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evaluation.vectors.raw_vectors", lambda eye, images: eye.raw(images))
        patch.setattr("evaluation.study.load_networks", lambda: found)
        yield found


@dataclass
class FakeBackend:
    """Paints the mean of what the person likes, as `ColourEye` saw it; else any colours."""

    name: str = "fake"
    revision: str = "1"
    requests: list[Any] = field(default_factory=list)

    def estimate_ms(self, request: Any) -> float:
        return 1.0

    def run(self, request: Any) -> Any:
        self.requests.append(request)
        rng = np.random.default_rng(len(self.requests))
        user = getattr(request, "user", None)
        taste = request.history.mean(axis=0) if len(request.history) else user
        if taste is None:
            taste = rng.normal(0, 0.3, 18).astype(np.float32)
        grid = (3 * taste @ ColourEye("eye", 1).mixed.T).reshape(3, 2, 3)
        small = ((grid + 1) * 127.5).clip(0, 255).astype(np.uint8)
        picture = cv2.resize(small, (120, 160), interpolation=cv2.INTER_NEAREST)
        frames = np.stack([np.roll(picture, t, axis=0) for t in range(4)])
        return SimpleNamespace(image=frames[0], frames=frames)


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture(scope="session")
def wardrobe(tmp_path_factory) -> Path:
    """A folder as of photographs: 24 people with 6 garments each, drawn, of two types."""
    folder = tmp_path_factory.mktemp("wardrobe")
    (folder / "images").mkdir()
    rng = np.random.default_rng(5)
    with (folder / "images.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "sender_id", "label", "kids"])
        for sender in range(24):
            for number in range(6):
                kind = ("t-shirt", "dress")[number % 2]
                picture = draw_garment(sample_spec(rng, type=kind), 60, 80)
                name = f"p{sender}-{number}"
                cv2.imwrite(str(folder / "images" / f"{name}.jpg"), picture[:, :, ::-1])
                writer.writerow([name, str(sender), kind, "False"])
    return folder
