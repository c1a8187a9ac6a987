"""Training of the video creator: the cache goes on where it stopped, and a few steps learn."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from generation.core.autoencoder import PatchAutoencoder
from generation.core.train import video_cache
from generation.core.train.cache import Facts
from generation.core.train.denoiser import HistoryTable, TextTable
from generation.core.train.video import PAST, VideoData, train_video
from generation.core.train.video_cache import ClipCache, ClipSample, build_clips
from generation.core.train.video_stages import (
    VideoPlan,
    image_creator,
    poster_vectors,
    run_stages,
    start_from,
)

COLOURS = ("red", "green", "blue")


class Clips:
    """Three colours of squares that move; counts how many were drawn."""

    def __init__(self) -> None:
        self.drawn = 0

    def __call__(self, index: int) -> ClipSample:
        self.drawn += 1
        colour = index % 3
        frames = np.full((12, 40, 30, 3), 70, np.uint8)
        for t in range(12):
            frames[t, 10:30, t : t + 15, colour] = 230
        facts = Facts((f"{COLOURS[colour]} box",), {"colour": COLOURS[colour]})
        return ClipSample(frames, frames[0], ("turntable", "runway")[index % 2], facts)


def autoencoder(seed: int = 0) -> PatchAutoencoder:
    torch.manual_seed(seed)
    return PatchAutoencoder(latent_channels=4, encoder_width=8, widths=(16, 16, 8))


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_cache, "SHARD", 6)


@pytest.fixture
def clips(tmp_path: Path, small_shards: None) -> ClipCache:
    return build_clips(tmp_path / "clips", Clips(), autoencoder(), count=18)


@pytest.fixture
def data(clips: ClipCache, encoder) -> VideoData:
    def encode(texts):
        tokens, mask = encoder.text_tokens(texts)
        return tokens * mask[..., None], encoder.encode_texts(texts).astype(np.float32)

    vectors = poster_vectors(clips, encoder, len(clips)).astype(np.float32)
    return VideoData(
        clips=clips,
        count=len(clips),
        frames=4,
        texts=TextTable(clips.facts, encode),
        likes=HistoryTable(clips.facts, vectors, max_history=8),
    )


def test_the_cache_keeps_latents_posters_facts_and_camera_moves(clips):
    sample = Clips()(7)
    assert len(clips) == 18
    assert clips.frames == 12
    assert clips.facts[7] == sample.facts
    assert clips.cameras[7] == sample.camera
    assert np.array_equal(clips.poster(7), sample.poster)
    wanted = video_cache.encode_images(autoencoder(), sample.frames[[2, 5]])
    assert np.allclose(clips.latents(7, [2, 5]), wanted, atol=1e-2)


def test_a_stopped_drawing_goes_on_and_a_finished_one_is_kept(tmp_path, small_shards):
    build_clips(tmp_path, Clips(), autoencoder(), count=6)
    # As if the process had died while it wrote the second shard.
    (tmp_path / "latents-0001.partial").write_bytes(b"half")
    more = Clips()
    assert len(build_clips(tmp_path, more, autoencoder(), count=12)) == 12
    assert more.drawn == 6
    build_clips(tmp_path, more, autoencoder(), count=12)
    assert more.drawn == 6


def test_clips_of_another_encoder_are_refused_but_another_decoder_is_welcome(
    tmp_path, small_shards
):
    build_clips(tmp_path, Clips(), autoencoder(), count=6)
    polished = autoencoder()
    polished.from_latents.weight.data += 1.0
    build_clips(tmp_path, Clips(), polished, count=6)
    with pytest.raises(ValueError, match="another autoencoder"):
        build_clips(tmp_path, Clips(), autoencoder(seed=1), count=6)


def test_blocks_come_with_what_surrounds_them_hidden_half_of_the_time(data):
    draw = data.draw(np.random.default_rng(0), 400)
    clean, around = data.on(torch.device("cpu")).block(draw)
    assert clean.shape == (400, 4, 4, 4, 3)
    known = around.place >= 0
    start = torch.round(around.place * data.clips.frames).long()
    for row in np.flatnonzero(known.numpy())[:20].tolist():
        first = int(start[row])
        truth = data.clips.latents(int(draw.clips[row]), slice(first, first + 4))
        assert np.allclose(clean[row].numpy(), truth)
    begun = known & (start >= PAST)
    assert not around.has_past[known & (start < PAST)].any()
    assert 0.4 < float(around.has_past[begun].float().mean()) < 0.6
    assert 0.3 < float(around.has_future.float().mean()) < 0.6
    assert 0.3 < float((around.camera < 0).float().mean()) < 0.5


def test_people_like_other_clips_of_the_taste_and_their_vector_is_of_other_likes(data):
    draw = data.draw(np.random.default_rng(1), 60)
    (_, _, items, weights), users = data.on(torch.device("cpu")).conditions(draw)
    assert torch.allclose(users.norm(dim=1), torch.ones(60), atol=1e-5)
    for row, clip in enumerate(draw.clips.tolist()):
        shown = draw.shown[row][draw.weights[row] > 0].tolist()
        known = draw.known[row][draw.knows[row] > 0].tolist()
        assert clip not in {*shown, *known}
        assert len(shown) in {len(known), len(known) + 1}
        assert np.allclose(items[row, : len(shown)], data.likes.vectors[shown])
    assert torch.equal(weights, draw.weights)


@pytest.mark.slow
def test_training_lowers_the_loss_and_continues_after_a_stop(data, saved_pipeline, tmp_path):
    torch.manual_seed(0)
    model = start_from(image_creator(saved_pipeline))
    options = {"folder": tmp_path / "run", "minutes": 5.0, "batch": 12, "rate": 3e-3}
    run = train_video(model, data, max_steps=100, **options)
    first, last = np.mean(run.losses[:15]), np.mean(run.losses[-15:])
    assert last < 0.8 * first
    again = train_video(start_from(image_creator(saved_pipeline)), data, max_steps=105, **options)
    assert again.step == 105
    assert len(again.losses) == 5
    assert np.mean(again.losses) < 0.9 * first


def test_the_stages_train_and_save_what_loads_again(
    saved_pipeline, encoder, tmp_path, small_shards, monkeypatch
):
    from generation.core.train import video_stages
    from generation.core.video import creator

    pictures = image_creator(saved_pipeline)
    build_clips(tmp_path / "clips", Clips(), pictures.vae, count=18)
    monkeypatch.setattr(video_stages, "HELD", 6)
    monkeypatch.setattr(video_stages, "load_encoder", lambda name: encoder)
    monkeypatch.setattr(creator, "load_encoder", lambda name: encoder)
    monkeypatch.setattr(video_stages, "save_samples", lambda plan, file: None)
    plan = VideoPlan(tmp_path, tmp_path / "out", minutes=0.02, start=saved_pipeline)
    steps = run_stages(plan, ["denoiser"])["denoiser"]["steps"]
    assert json.loads((tmp_path / "run.json").read_text()) == {
        "steps": steps,
        "loss": pytest.approx(1.0, abs=1.0),
        "clips": 12,
    }
    assert not (tmp_path / "out" / "vae").exists()
    backend = creator.EmbeddedVideoBackend.load(plan.out, picture_folder=saved_pipeline)
    assert backend.pipeline.block == 4
    assert str(tmp_path) not in (plan.out / "unet" / "config.json").read_text()
    with pytest.raises(ValueError, match="unknown stages"):
        run_stages(plan, ["polish"])
