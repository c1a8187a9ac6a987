"""The hub path, on models of the hub's shape made on disk and loaded by the same calls."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from generation.core.backends import GenerationCancelled, ModelUnavailableError, StepReporter
from generation.core.styles.hub import (
    OVERLAP,
    WINDOW,
    load_styler,
    prompt_of,
    restyle_video_by_model,
    steps_of,
)
from tests.generation.core.styles.test_video import frames_of, sound_of


def _parts(folder: Path) -> dict:
    """The parts that a picture and a video model have in common, tiny."""
    from vision import torchvision_guard  # noqa: F401

    # isort: split
    from string import ascii_lowercase

    from diffusers import AutoencoderKL, DDIMScheduler
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    ends = [f"{letter}</w>" for letter in ascii_lowercase]
    words = ["<|startoftext|>", "<|endoftext|>", *ascii_lowercase, *ends]
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return {
        "vae": AutoencoderKL(
            block_out_channels=(8, 8),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            latent_channels=4,
            norm_num_groups=4,
        ),
        "text_encoder": CLIPTextModel(
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
        "tokenizer": CLIPTokenizer(
            vocab_file=str(folder / "vocab.json"),
            merges_file=str(folder / "merges.txt"),
            model_max_length=16,
        ),
        "scheduler": DDIMScheduler(),
        "feature_extractor": None,
    }


def _unet():
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=16,
        attention_head_dim=2,
        norm_num_groups=4,
    )


@pytest.fixture(scope="module")
def picture_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a tiny Stable Diffusion."""
    parts = _parts(tmp_path_factory.mktemp("words"))
    import torch
    from diffusers import StableDiffusionPipeline

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("hub") / "picture"
    pipeline = StableDiffusionPipeline(
        unet=_unet(), safety_checker=None, requires_safety_checker=False, **parts
    )
    pipeline.save_pretrained(folder, safe_serialization=True)
    return str(folder)


@pytest.fixture(scope="module")
def video_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a tiny AnimateDiff, which makes videos from words and from videos."""
    parts = _parts(tmp_path_factory.mktemp("words"))
    import torch
    from diffusers import AnimateDiffPipeline, MotionAdapter

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("hub") / "video"
    adapter = MotionAdapter(
        block_out_channels=(8, 16),
        motion_layers_per_block=1,
        motion_norm_num_groups=2,
        motion_num_attention_heads=2,
        motion_max_seq_length=32,
    )
    pipeline = AnimateDiffPipeline(unet=_unet(), motion_adapter=adapter, **parts)
    pipeline.save_pretrained(folder, safe_serialization=True)
    return str(folder)


def test_a_picture_keeps_its_shape_and_the_degree_sets_the_steps(picture_model, picture):
    styler = load_styler(picture_model)
    steps = []
    reporter = StepReporter(steps_of(0.5), lambda done, total: steps.append((done, total)), None)
    made = styler.restyle([picture], prompt="a", degree=0.5, seed=1, reporter=reporter)
    assert [frame.shape for frame in made] == [picture.shape]
    assert steps[-1] == (steps_of(0.5), steps_of(0.5))
    assert steps_of(0.1) < steps_of(0.5) < steps_of(1.0)
    manifest = styler.manifest("a", 0.5, 1)
    assert manifest["pipeline"] == "StableDiffusionImg2ImgPipeline"
    assert manifest["revision"] not in ("", "unpinned")


def test_cancelling_a_model_stops_at_once(picture_model, picture):
    reporter = StepReporter(15, None, lambda: True)
    with pytest.raises(GenerationCancelled):
        load_styler(picture_model).restyle(
            [picture], prompt="a", degree=1.0, seed=1, reporter=reporter
        )


@pytest.mark.slow
def test_a_video_goes_through_in_windows_with_its_sound(video_model, moving, clip_of, tmp_path):
    frames = (moving * 2)[: WINDOW + OVERLAP]
    source = clip_of(frames, sound=True)
    styler = load_styler(video_model, moving=True)
    assert styler.manifest("a", 0.1, 1)["pipeline"] == "AnimateDiffVideoToVideoPipeline"
    seen = []
    made = restyle_video_by_model(
        styler,
        source,
        tmp_path / "out.mp4",
        prompt="a",
        degree=0.1,
        seed=1,
        report=lambda done, total: seen.append(done / total),
    )
    assert made.frames == len(frames)
    assert made.poster.shape == frames[0].shape
    assert len(frames_of(tmp_path / "out.mp4")) == len(frames)
    assert sound_of(tmp_path / "out.mp4") == sound_of(source)
    assert seen[-1] == 1.0


def test_a_picture_model_cannot_take_videos(picture_model):
    with pytest.raises(ModelUnavailableError, match="cannot change the style of a video"):
        load_styler(picture_model, moving=True)


def test_a_folder_without_a_model_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(ModelUnavailableError, match="could not be loaded"):
        load_styler(str(tmp_path))


def test_prompts_name_what_is_seen_and_the_style():
    assert prompt_of("pencil", "red skirt").startswith("red skirt, graphite pencil")
    assert np.all([prompt_of(style, "") for style in ("cartoon", "neon", "vintage")])
