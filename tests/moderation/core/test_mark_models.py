"""Other people's watermark models behind our interface, with stand-ins that take the same calls."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from moderation.core import mark_models
from tests.moderation.core.conftest import PAYLOAD

PICTURE = np.random.default_rng(0).integers(60, 190, (128, 160, 3)).astype(np.uint8)

# Keeps the secret in the picture's first row, as the real package keeps it in all of it.
PACKAGE = """
import numpy as np
from PIL import Image

class TrustMark:
    class Encoding:
        BCH_5 = 1

    def __init__(self, verbose, model_type, encoding_type):
        assert (verbose, model_type, encoding_type) == (False, "Q", 1)

    def encode(self, cover, secret, MODE):
        assert MODE == "binary" and len(secret) == 61
        pixels = np.array(cover)
        pixels[0, : len(secret), 0] = [255 * int(bit) for bit in secret]
        return Image.fromarray(pixels)

    def decode(self, stego, MODE):
        bits = "".join("1" if value > 127 else "0" for value in np.array(stego)[0, :61, 0])
        return bits, True, 1
"""


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    mark_models.load.cache_clear()
    yield
    mark_models.load.cache_clear()
    sys.modules.pop("trustmark", None)


@pytest.fixture
def video_seal(tmp_path: Path) -> str:
    torch = pytest.importorskip("torch")

    class Tiny(torch.nn.Module):
        """Adds the message to the picture's upper left corner."""

        @torch.jit.export
        def embed(self, imgs: torch.Tensor, msgs: torch.Tensor) -> torch.Tensor:
            marked = imgs.clone()
            marked[:, 0, :16, :16] = 0.25 + 0.5 * msgs.reshape(-1, 16, 16)
            return marked

        @torch.jit.export
        def detect(self, imgs: torch.Tensor) -> torch.Tensor:
            scores = (imgs[:, 0, :16, :16] - 0.5).reshape(-1, 256)
            return torch.cat([torch.ones_like(scores[:, :1]), scores], dim=1)

        def forward(self, imgs: torch.Tensor) -> torch.Tensor:
            return imgs

    path = tmp_path / "model.jit"
    torch.jit.script(Tiny()).save(str(path))
    return str(path)


@pytest.fixture
def trust_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    package = tmp_path / "trustmark"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text(PACKAGE)
    for name in mark_models.TrustMark.FILES:
        (package / "models" / name).write_bytes(b"weights")
    monkeypatch.syspath_prepend(str(tmp_path))
    return str(package / "models")


def test_video_seal_carries_our_payload(video_seal: str) -> None:
    model = mark_models.load("videoseal", video_seal)
    marked = model.embed(PICTURE, PAYLOAD)
    assert marked.dtype == np.uint8
    assert marked.shape == PICTURE.shape
    assert model.detect(marked) == PAYLOAD


def test_trustmark_carries_our_payload(trust_mark: str) -> None:
    model = mark_models.load("trustmark", trust_mark)
    assert model.detect(model.embed(PICTURE, PAYLOAD)) == PAYLOAD


def test_unmarked_pictures_are_not_taken_for_marked(video_seal: str, trust_mark: str) -> None:
    assert mark_models.load("videoseal", video_seal).detect(PICTURE) is None
    assert mark_models.load("trustmark", trust_mark).detect(PICTURE) is None


def test_weights_that_are_missing_are_named_and_never_fetched(trust_mark: str) -> None:
    (Path(trust_mark) / "decoder_Q.ckpt").unlink()
    with pytest.raises(mark_models.ModelError, match="decoder_Q"):
        mark_models.load("trustmark", trust_mark)
    with pytest.raises(mark_models.ModelError, match="not at"):
        mark_models.load("videoseal", "/nowhere/model.jit")


def test_a_package_that_looks_elsewhere_for_its_weights_is_refused(
    trust_mark: str, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name in mark_models.TrustMark.FILES:
        (other / name).write_bytes(b"weights")
    with pytest.raises(mark_models.ModelError, match="own folder"):
        mark_models.load("trustmark", str(other))


def test_unknown_models_are_refused() -> None:
    with pytest.raises(mark_models.ModelError, match="no watermark model"):
        mark_models.load("stamp", "/tmp")
