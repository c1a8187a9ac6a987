"""The hub path, on a Stable-Diffusion-shaped model made on disk."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from generation.core.backends import (
    GenerationCancelled,
    GenerationRequest,
    ModelUnavailableError,
    hash_folder,
    load_backend,
)


@pytest.fixture(scope="module")
def stable_diffusion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny StableDiffusionPipeline with its tokenizer."""
    from vision import torchvision_guard  # noqa: F401

    # isort: split
    import torch
    from diffusers import (
        AutoencoderKL,
        DDIMScheduler,
        StableDiffusionPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("hub") / "tiny"
    pipeline = StableDiffusionPipeline(
        vae=AutoencoderKL(
            block_out_channels=(8, 8),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            latent_channels=4,
            norm_num_groups=4,
        ),
        text_encoder=CLIPTextModel(
            CLIPTextConfig(
                vocab_size=320,
                hidden_size=16,
                intermediate_size=16,
                num_hidden_layers=1,
                num_attention_heads=2,
                max_position_embeddings=16,
                bos_token_id=0,
                eos_token_id=1,
                pad_token_id=1,
            )
        ),
        tokenizer=_tokenizer(tmp_path_factory.mktemp("tokenizer")),
        unet=UNet2DConditionModel(
            sample_size=16,
            block_out_channels=(8, 16),
            layers_per_block=1,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=16,
            attention_head_dim=2,
            norm_num_groups=4,
        ),
        scheduler=DDIMScheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder, safe_serialization=True)
    return folder


def _tokenizer(folder: Path):
    """A tokenizer of single letters, with a maximum of 16 tokens."""
    from string import ascii_lowercase

    from transformers import CLIPTokenizer

    ends = [f"{letter}</w>" for letter in ascii_lowercase]
    words = ["<|startoftext|>", "<|endoftext|>", *ascii_lowercase, *ends]
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(
        vocab_file=str(folder / "vocab.json"),
        merges_file=str(folder / "merges.txt"),
        model_max_length=16,
    )


def test_a_folder_with_a_stable_diffusion_model_makes_pictures(stable_diffusion):
    backend = load_backend(str(stable_diffusion))
    steps = []
    request = GenerationRequest(
        prompt="a b", steps=2, history=np.ones((1, 128)), history_weights=np.ones(1)
    )
    result = backend.run(request, on_step=lambda done, total: steps.append((done, total)))
    assert result.image.shape == (32, 32, 3)
    assert result.image.dtype == np.uint8
    assert steps == [(1, 2), (2, 2)]
    assert result.manifest["revision"] == hash_folder(stable_diffusion)
    assert "liked items" in result.manifest["warnings"][0]
    assert np.array_equal(result.image, backend.run(request).image)


def test_a_hub_model_edits_a_picture_and_can_be_stopped(stable_diffusion):
    backend = load_backend(str(stable_diffusion))
    request = GenerationRequest(
        prompt="a", steps=4, init_image=np.full((40, 30, 3), 128, np.uint8), strength=0.5
    )
    seen = []
    backend.run(request, on_step=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]
    with pytest.raises(GenerationCancelled):
        backend.run(request, should_stop=lambda: True)


def test_a_model_that_exists_only_as_a_pickle_is_refused(stable_diffusion, tmp_path):
    import shutil

    copy = tmp_path / "pickled"
    shutil.copytree(stable_diffusion, copy)
    weights = next((copy / "unet").glob("*.safetensors"))
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(ModelUnavailableError, match="is a pickle"):
        load_backend(str(copy))


def test_a_folder_without_a_model_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(ModelUnavailableError, match="could not be loaded"):
        load_backend(str(tmp_path))


def test_requests_can_be_built_without_torch():
    code = (
        "import sys; from generation.core.backends import GenerationRequest, load_backend;"
        "GenerationRequest(prompt='x'); sys.exit('torch' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": f"{root / 'platform'}:{root}"}, check=False
    )
    assert done.returncode == 0
