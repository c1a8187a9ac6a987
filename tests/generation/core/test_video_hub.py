"""The hub path of videos, on Wan-, LTX- and AnimateDiff-shaped models made on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vision import torchvision_guard  # noqa: F401

# isort: split
import torch
from diffusers import (
    AnimateDiffPipeline,
    AutoencoderKL,
    AutoencoderKLLTXVideo,
    AutoencoderKLWan,
    DDIMScheduler,
    FlowMatchEulerDiscreteScheduler,
    LTXPipeline,
    LTXVideoTransformer3DModel,
    MotionAdapter,
    StableDiffusionPipeline,
    UNet2DConditionModel,
    WanPipeline,
    WanTransformer3DModel,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    T5Config,
    T5EncoderModel,
    UMT5Config,
    UMT5EncoderModel,
)

from generation.core.backends import GenerationCancelled, ModelUnavailableError, hash_folder
from generation.core.video import VideoRequest, hub, load_video_backend
from tests.generation.core.test_backends import _tokenizer

LETTERS = {"vocab_size": 320, "d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory):
    return _tokenizer(tmp_path_factory.mktemp("letters"))


def wan(tokenizer) -> WanPipeline:
    return WanPipeline(
        tokenizer=tokenizer,
        text_encoder=UMT5EncoderModel(UMT5Config(**LETTERS)),
        vae=AutoencoderKLWan(
            base_dim=3,
            z_dim=16,
            dim_mult=[1, 1, 1, 1],
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        transformer=WanTransformer3DModel(
            patch_size=(1, 2, 2),
            num_attention_heads=2,
            attention_head_dim=12,
            in_channels=16,
            out_channels=16,
            text_dim=16,
            freq_dim=32,
            ffn_dim=16,
            num_layers=1,
            cross_attn_norm=True,
            qk_norm="rms_norm_across_heads",
            rope_max_seq_len=32,
        ),
    )


def ltx(tokenizer) -> LTXPipeline:
    return LTXPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=AutoencoderKLLTXVideo(
            in_channels=3,
            out_channels=3,
            latent_channels=8,
            block_out_channels=(8, 8, 8, 8),
            decoder_block_out_channels=(8, 8, 8, 8),
            layers_per_block=(1, 1, 1, 1, 1),
            decoder_layers_per_block=(1, 1, 1, 1, 1),
            spatio_temporal_scaling=(True, True, False, False),
            decoder_spatio_temporal_scaling=(True, True, False, False),
            decoder_inject_noise=(False, False, False, False, False),
            upsample_residual=(False, False, False, False),
            upsample_factor=(1, 1, 1, 1),
            timestep_conditioning=False,
            patch_size=1,
            patch_size_t=1,
            encoder_causal=True,
            decoder_causal=False,
        ),
        text_encoder=T5EncoderModel(T5Config(**LETTERS)),
        tokenizer=tokenizer,
        transformer=LTXVideoTransformer3DModel(
            in_channels=8,
            out_channels=8,
            num_attention_heads=2,
            attention_head_dim=8,
            cross_attention_dim=16,
            num_layers=1,
            caption_channels=16,
        ),
    )


def animate_diff(tokenizer) -> AnimateDiffPipeline:
    return AnimateDiffPipeline(
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
        tokenizer=tokenizer,
        unet=UNet2DConditionModel(
            sample_size=16,
            layers_per_block=1,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            cross_attention_dim=16,
            attention_head_dim=2,
            block_out_channels=(8, 16),
            norm_num_groups=4,
        ),
        motion_adapter=MotionAdapter(
            motion_norm_num_groups=4,
            block_out_channels=(8, 16),
            motion_layers_per_block=1,
            motion_num_attention_heads=2,
        ),
        scheduler=DDIMScheduler(clip_sample=False),
    )


FAMILIES = {"wan": wan, "ltx": ltx, "animate-diff": animate_diff}


@pytest.fixture(scope="module", params=FAMILIES)
def folder(request, tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("video-hub") / request.param
    FAMILIES[request.param](tokenizer).save_pretrained(folder, safe_serialization=True)
    return folder


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wan and LTX make any size: a small one is quick."""
    monkeypatch.setattr(hub, "HEIGHT", 64)
    monkeypatch.setattr(hub, "WIDTH", 32)


def source(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (count, 50, 40, 3), dtype=np.uint8)


def test_a_folder_makes_clips_of_the_length_asked_for(folder):
    backend = load_video_backend(str(folder))
    steps: list[tuple[int, int]] = []
    request = VideoRequest(
        prompt="a b", steps=2, frames=6, fps=8, user=np.ones(128), guidance_text=3.0
    )
    made = backend.run(request, on_step=lambda done, total: steps.append((done, total)))
    assert made.frames.shape[0] == 6
    assert made.frames.shape[3] == 3
    assert made.frames.dtype == np.uint8
    assert made.fps == 8
    assert steps == [(1, 2), (2, 2)]
    assert made.manifest["revision"] == hash_folder(folder)
    assert "only the words" in made.manifest["warnings"][0]
    assert np.array_equal(made.frames, backend.run(request).frames)


def test_a_folder_revises_a_clip_and_can_be_stopped(folder):
    backend = load_video_backend(str(folder))
    request = VideoRequest(prompt="a", steps=4, source=source(6), strength=0.5, guidance_text=3.0)
    seen: list[tuple[int, int]] = []
    made = backend.run(request, on_step=lambda done, total: seen.append((done, total)))
    assert made.frames.shape[0] == 6
    assert seen == [(1, 2), (2, 2)]
    with pytest.raises(GenerationCancelled):
        backend.run(request, should_stop=lambda: len(seen) > 0)


def test_what_is_no_video_model_is_unsafe_or_has_changed_is_refused(tmp_path, tokenizer):
    with pytest.raises(ModelUnavailableError, match="could not be loaded"):
        load_video_backend(str(tmp_path))
    parts = animate_diff(tokenizer)
    pictures = StableDiffusionPipeline(
        vae=parts.vae,
        text_encoder=parts.text_encoder,
        tokenizer=tokenizer,
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
    pictures.save_pretrained(tmp_path / "pictures", safe_serialization=True)
    with pytest.raises(ModelUnavailableError, match="StableDiffusionPipeline"):
        load_video_backend(str(tmp_path / "pictures"))
    parts.save_pretrained(tmp_path / "clips", safe_serialization=True)
    with pytest.raises(ModelUnavailableError, match="revision"):
        load_video_backend(str(tmp_path / "clips"), revision="0" * 40)
    weights = next((tmp_path / "clips" / "vae").glob("*.safetensors"))
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(ModelUnavailableError, match="pickle"):
        load_video_backend(str(tmp_path / "clips"))


@pytest.mark.parametrize(
    ("kind", "wanted", "made"),
    [
        ("WanPipeline", 16, 17),
        ("WanPipeline", 1, 1),
        ("LTXPipeline", 9, 9),
        ("LTXPipeline", 10, 17),
        ("AnimateDiffPipeline", 16, 16),
    ],
)
def test_models_are_asked_for_lengths_that_they_can_make(kind, wanted, made):
    assert hub.FAMILIES[kind].frames(wanted) == made
