"""Training: a few steps on made-up pictures lower the loss, and a stopped run continues."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from generation.core.autoencoder import PatchAutoencoder
from generation.core.metrics import psnr
from generation.core.superres import SuperResolver, tensor_to_images, upscale_image
from generation.core.train.autoencoder import encode_images, fit_patches, train_autoencoder
from generation.core.train.cache import Facts, PictureCache, Sample, build_cache
from generation.core.train.denoiser import (
    DenoiserData,
    HistoryTable,
    TextTable,
    build_denoiser,
    train_denoiser,
)
from generation.core.train.polish import Finisher, train_polish
from generation.core.train.run import Average, learning_rate
from generation.core.train.superres import DrawnPairs, train_superres

COLOURS = {"red": (200, 30, 40), "green": (40, 140, 70), "blue": (50, 110, 210)}


def draw(index: int, large: bool = False) -> Sample:
    """A rectangle of one of three colours on a pale ground."""
    name = sorted(COLOURS)[index % 3]

    def picture(zoom: int) -> np.ndarray:
        image = np.full((160 * zoom, 120 * zoom, 3), 230, np.uint8)
        top = (30 + index % 7 * 5) * zoom
        image[top : top + 60 * zoom, 30 * zoom : 90 * zoom] = COLOURS[name]
        return image

    facts = Facts(captions=(f"{name} box", f"a {name} one"), taste={"colour": name})
    return Sample(image=picture(1), facts=facts, large=picture(4) if large else None)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> PictureCache:
    """24 pictures, 4 of them large."""
    return build_cache(tmp_path_factory.mktemp("cache"), draw, count=24, large=4)


def small_autoencoder() -> PatchAutoencoder:
    torch.manual_seed(0)
    return PatchAutoencoder(
        latent_channels=6, encoder_width=8, widths=(16, 16, 8), blocks=(1, 1, 1)
    )


def mean_of(losses: list[float]) -> tuple[float, float]:
    """The mean loss of the first and of the last quarter."""
    quarter = len(losses) // 4
    return float(np.mean(losses[:quarter])), float(np.mean(losses[-quarter:]))


def test_the_cache_keeps_pictures_facts_and_large_twins(cache):
    assert len(cache) == 24
    assert cache.facts[1] == draw(1).facts
    assert np.array_equal(cache.images[5], draw(5).image)
    assert np.array_equal(cache.large[3], draw(3, large=True).large)


def test_a_sample_that_cannot_be_had_is_left_out(tmp_path):
    kept = build_cache(tmp_path, lambda i, large: None if i == 1 else draw(i), count=4, large=0)
    assert [one.captions[0] for one in kept.facts] == ["blue box", "red box", "blue box"]


def test_the_linear_start_already_gives_pictures_back(cache):
    model = small_autoencoder()
    kept = fit_patches(model, cache.images, seed=0, count=2000)
    assert kept > 0.9
    latents = torch.from_numpy(encode_images(model, cache.images[:8])).float()
    assert latents.shape == (8, 6, 16, 12)
    assert 0.3 < float(latents.square().mean()) < 3


def test_autoencoder_training_lowers_the_loss(cache, tmp_path):
    model = small_autoencoder()
    fit_patches(model, cache.images, seed=0, count=2000)
    run = train_autoencoder(
        model, cache.images, folder=tmp_path, minutes=5, max_steps=60, batch=4, rate=4e-3
    )
    first, last = mean_of(run.losses)
    assert last < first


def tiny_data(cache: PictureCache, encoder) -> tuple[DenoiserData, torch.nn.Module]:
    latents = np.random.default_rng(0).standard_normal((24, 4, 4, 3)).astype(np.float16)

    def encode(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        return encoder.text_tokens(texts)[0], encoder.encode_texts(texts)

    data = DenoiserData(
        latents=latents,
        texts=TextTable(cache.facts, encode),
        history=HistoryTable(cache.facts, encoder.encode_images(list(cache.images)), max_history=4),
    )
    torch.manual_seed(0)
    model = build_denoiser(
        latent_channels=4,
        sample_size=(4, 3),
        text_width=24,
        embed_dim=16,
        widths=(32, 32),
        context_dim=16,
        heads=2,
        max_text=8,
        max_history=4,
    )
    return data, model


def test_denoiser_training_lowers_the_loss_and_continues_where_it_stopped(
    cache, encoder, tmp_path: Path
):
    data, model = tiny_data(cache, encoder)
    settings = {"folder": tmp_path, "minutes": 5, "batch": 24, "rate": 1e-2}
    first, last = mean_of(train_denoiser(model, data, max_steps=80, **settings).losses)
    assert last < first
    _, fresh = tiny_data(cache, encoder)
    run = train_denoiser(fresh, data, max_steps=84, **settings)
    assert run.step == 84
    assert len(run.losses) == 4
    assert run.losses[0] < first


def test_the_target_is_never_in_its_own_history(cache):
    table = HistoryTable(cache.facts, np.zeros((24, 16)), max_history=4)
    rng = np.random.default_rng(0)
    drawn = [table.liked(5, rng) for _ in range(200)]
    assert all(5 not in liked for liked in drawn)
    same = [cache.facts[one].taste == cache.facts[5].taste for liked in drawn for one in liked]
    assert np.mean(same) > 0.8


def test_super_resolution_training_comes_nearer_to_the_large_pictures(cache, tmp_path):
    torch.manual_seed(0)
    model = SuperResolver(width=8, blocks=1, fine_width=8)
    before = upscale_image(model, cache.images[0])
    pairs = DrawnPairs(cache.images[:4], cache.large)
    train_superres(model, pairs, folder=tmp_path, minutes=5, max_steps=120, batch=4, rate=8e-3)
    after = upscale_image(model, cache.images[0])
    assert after.shape == (640, 480, 3)
    assert psnr(after, cache.large[0]) > psnr(before, cache.large[0])


@pytest.mark.slow
def test_polishing_brings_rough_latents_nearer_to_the_picture(cache, tmp_path):
    vae = small_autoencoder()
    fit_patches(vae, cache.images, seed=0, count=2000)
    clean = encode_images(vae, cache.images[:4])
    rough = clean + 0.2 * np.random.default_rng(0).standard_normal(clean.shape).astype(np.float16)
    finisher = Finisher(vae, SuperResolver(width=8, blocks=1, fine_width=8))
    encoder_before = vae.to_latents.weight.clone()
    before = finish(finisher, rough)
    train_polish(
        finisher,
        rough,
        cache.images[:4],
        cache.large,
        folder=tmp_path,
        minutes=5,
        max_steps=60,
        batch=4,
        rate=4e-3,
    )
    assert psnr(finish(finisher, rough), cache.large) > psnr(before, cache.large)
    assert torch.equal(vae.to_latents.weight, encoder_before)


def finish(finisher: Finisher, latents: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        small = finisher.vae.decode(torch.from_numpy(latents).float())
        return tensor_to_images(finisher.upscaler(small))


def test_the_rate_warms_up_and_decays_with_time():
    assert learning_rate(1.0, step=0, share=0.0) < 0.01
    assert learning_rate(1.0, step=500, share=0.0) == pytest.approx(1.0)
    assert learning_rate(1.0, step=500, share=1.0) == pytest.approx(0.02)


def test_the_average_follows_the_weights():
    layer = torch.nn.Linear(2, 2)
    average = Average(layer, decay=0.9)
    with torch.no_grad():
        layer.weight.fill_(1.0)
    for step in range(200):
        average.update(layer, step)
    assert torch.allclose(average.module.weight, layer.weight, atol=1e-3)
