"""The embedded video creator, on real classes at tiny sizes: 40 x 30 frames, four a block."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from common.errors import InvalidInputError
from generation.core.backends import GenerationCancelled, ModelUnavailableError
from generation.core.pipelines import WeftPicturePipeline
from generation.core.superres import tensor_to_images
from generation.core.train.video_stages import image_creator, start_from
from generation.core.video.backends import VideoRequest
from generation.core.video.conditioning import MAPS, Neighbours
from generation.core.video.creator import EmbeddedVideoBackend, soft_mask
from generation.core.video.flow import frame_level, picture_level, video_scheduler
from generation.core.video.metrics import clip_sheet, flicker, motion, warp_error
from generation.core.video.pipeline import WeftVideoPipeline, encoder_hash
from tests.generation.core.conftest import EMBED_DIM

STEPS = 3


def save_video(pictures: WeftPicturePipeline, folder: Path, *, shaken: bool) -> Path:
    """Save a video creator that starts from this image creator; shaken, every input shows."""
    model = start_from(pictures)
    if shaken:
        generator = torch.Generator().manual_seed(6)
        for parameter in model.unet.parameters():
            parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator)
    WeftVideoPipeline(
        unet=model.unet,
        history=model.history,
        scheduler=video_scheduler(4),
        latents_of=encoder_hash(pictures.vae),
    ).save_pretrained(folder, safe_serialization=True)
    return folder


@pytest.fixture(scope="module")
def video_folder(saved_pipeline: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("video")
    return save_video(image_creator(saved_pipeline), folder, shaken=True)


@pytest.fixture
def load(saved_pipeline: Path, encoder, monkeypatch: pytest.MonkeyPatch):
    """Load the embedded video backend from a folder."""
    from generation.core.video import creator

    monkeypatch.setattr(creator, "load_encoder", lambda name: encoder)

    def _load(folder: Path, **options) -> EmbeddedVideoBackend:
        return EmbeddedVideoBackend.load(folder, picture_folder=saved_pipeline, **options)

    return _load


@pytest.fixture
def backend(load, video_folder: Path) -> EmbeddedVideoBackend:
    return load(video_folder)


def ask(**said) -> VideoRequest:
    return VideoRequest(**({"prompt": "red dress", "steps": STEPS, "frames": 8} | said))


def unit(*numbers: float) -> np.ndarray:
    vector = np.resize(np.array(numbers, np.float32), EMBED_DIM)
    return vector / np.linalg.norm(vector)


def moving(count: int, height: int = 40, width: int = 30) -> np.ndarray:
    """A bright square that moves to the right, (T, H, W, 3)."""
    frames = np.full((count, height, width, 3), 60, np.uint8)
    for index, frame in enumerate(frames):
        frame[10:25, 2 + 2 * index : 12 + 2 * index] = (220, 180, 40)
    return frames


def test_before_training_it_draws_the_image_creators_picture_in_every_frame(
    saved_pipeline, tmp_path, load
):
    backend = load(save_video(image_creator(saved_pipeline), tmp_path / "new", shaken=False))
    words = backend.encoder.text_tokens(["red dress"])[0], backend.encoder.encode_texts(["red"])
    text = tuple(torch.from_numpy(np.asarray(one, np.float32)) for one in words)
    block = backend.pipeline.draw_block(
        Neighbours(), text, torch.Generator().manual_seed(1), num_inference_steps=STEPS
    )
    spread = (block - block.mean(dim=1, keepdim=True)).abs().max()
    assert block.shape == (1, 4, 4, 4, 3)
    assert float(spread) < 1e-4
    assert float(block.std()) > 0.1


@pytest.mark.parametrize("level", [0.05, 0.5, 0.97, 1.0])
def test_the_mean_of_frames_is_a_picture_with_less_noise(level):
    seen = picture_level(torch.tensor(level), 4)
    assert float(frame_level(seen, 4)) == pytest.approx(level, abs=1e-5)
    clean_to_noise = (1 - level) / (level / 2)
    assert (1 - float(seen)) / float(seen) == pytest.approx(clean_to_noise, abs=1e-4)


def test_neighbours_that_are_unknown_are_zero_and_say_so():
    past = torch.ones(2, 2, 4, 4, 3)
    context = Neighbours(
        past=past, has_past=torch.tensor([True, False]), camera=torch.tensor([1, -1])
    ).as_channels(2, (4, 4, 3))
    assert context.shape == (2, 4 * 4 + MAPS, 4, 3)
    assert float(context[0, :8].min()) == 1
    assert float(context[1].abs().max()) == 0
    # Past known; anchor, future and place unknown; the second camera move.
    assert context[0, 16:, 0, 0].tolist() == [1, 0, 0, 0, 0, 0, 1, 0]


def test_the_frame_beside_a_block_is_the_last_before_it_or_else_the_one_after():
    past = torch.stack([torch.full((1, 2, 2), 1.0), torch.full((1, 2, 2), 2.0)])[None]
    future = torch.full((3, 1, 1, 2, 2), 9.0)
    around = Neighbours(
        past=past.expand(3, -1, -1, -1, -1),
        future=future,
        has_past=torch.tensor([True, False, False]),
        has_future=torch.tensor([True, True, False]),
    )
    beside, known = around.nearest(3, (1, 2, 2))
    assert beside[:, 0, 0, 0].tolist() == [2.0, 9.0, 0.0]
    assert known.tolist() == [1.0, 1.0, 0.0]


def test_before_training_it_already_continues_the_frame_before(saved_pipeline, tmp_path, load):
    backend = load(save_video(image_creator(saved_pipeline), tmp_path / "new", shaken=False))
    said = backend._conditions(ask())[0]
    text = (said["text_tokens"], said["text_vector"])
    seed = torch.Generator().manual_seed(2)
    start = 2.0 * torch.randn(1, 1, 4, 4, 3, generator=seed)
    far, near = (
        float((made - start).square().mean())
        for made in (
            backend.pipeline.draw_block(neighbours, text, torch.Generator().manual_seed(1))
            for neighbours in (Neighbours(), Neighbours(past=start.expand(-1, 2, -1, -1, -1)))
        )
    )
    assert near < 0.5 * far


def test_a_clip_has_the_frames_asked_for_and_comes_back_the_same(backend):
    made = backend.run(ask(frames=6, seed=4))
    assert made.frames.shape == (6, 160, 120, 3)
    assert made.frames.dtype == np.uint8
    assert np.array_equal(made.frames, backend.run(ask(frames=6, seed=4)).frames)
    assert not np.array_equal(made.frames, backend.run(ask(frames=6, seed=5)).frames)
    assert made.manifest["seed"] == 4
    assert made.manifest["revision"] == backend.revision
    assert set(made.manifest["ms"]) == {"encode", "denoise", "decode"}


def test_a_block_continues_from_the_one_before(backend):
    short, long = (backend.run(ask(frames=n)).frames for n in (4, 8))
    words = backend._conditions(ask())[0]
    text = (words["text_tokens"], words["text_vector"])
    after = [
        backend.pipeline.draw_block(
            Neighbours(past=past), text, torch.Generator().manual_seed(1), num_inference_steps=STEPS
        )
        for past in (torch.zeros(1, 2, 4, 4, 3), torch.ones(1, 2, 4, 4, 3))
    ]
    assert np.array_equal(short, long[:4])
    assert not torch.allclose(after[0], after[1], atol=1e-3)


@pytest.mark.parametrize(
    "said",
    [
        {"prompt": "blue hat"},
        {"negative": "striped"},
        {"camera": "runway"},
        {"user": unit(1, -1, 2)},
        {"history": np.stack([unit(1, 2, 3)]), "history_weights": np.ones(1)},
        {"anchor": np.full((40, 30, 3), 200, np.uint8)},
    ],
    ids=lambda said: next(iter(said)),
)
def test_everything_that_is_asked_for_shows(backend, said):
    assert not np.array_equal(backend.run(ask()).frames, backend.run(ask(**said)).frames)


def test_the_person_has_no_influence_when_the_scale_is_zero(backend):
    plain = backend.run(ask(guidance_history=0.0)).frames
    assert np.array_equal(plain, backend.run(ask(guidance_history=0.0, user=unit(3, 1))).frames)


def test_vectors_of_another_encoder_are_left_out_and_said_so(backend):
    stranger = {"history": np.ones((1, 99), np.float32), "history_weights": np.ones(1)}
    made = backend.run(ask(user=np.ones(77, np.float32), **stranger))
    assert np.array_equal(made.frames, backend.run(ask()).frames)
    assert len(made.manifest["warnings"]) == 2


def test_every_step_and_frame_is_reported_and_a_cancel_stops_the_next_one(backend):
    seen: list[tuple[int, int]] = []
    backend.run(ask(), on_step=lambda done, total: seen.append((done, total)))
    total = 2 * STEPS + 8
    assert seen == [(done, total) for done in range(1, total + 1)]
    for stop_at in (0, 4, 2 * STEPS + 3):
        done: list[int] = []
        with pytest.raises(GenerationCancelled):
            backend.run(
                ask(),
                on_step=lambda step, total, done=done: done.append(step),
                should_stop=lambda done=done, at=stop_at: len(done) >= at,
            )
        assert len(done) == stop_at


def test_a_revision_has_the_sources_length_and_changes_more_with_more_strength(backend):
    source = moving(6)
    made = [
        backend.run(ask(source=source, strength=s, steps=10, keeps_rest=False)).frames
        for s in (0.01, 1.0)
    ]
    kept = backend.pipeline.upscale(
        tensor_to_images(backend.pipeline.vae(_tensor(source)))  # what the autoencoder gives back
    )
    near, far = (np.abs(kept.astype(float) - one).mean() for one in made)
    assert made[0].shape == (6, 160, 120, 3)
    assert near < far


def test_what_a_mask_leaves_out_stays_as_the_source_has_it(backend):
    source = moving(4, 160, 120)
    mask = np.zeros((160, 120), np.float32)
    mask[:80] = 1.0
    made = backend.run(ask(source=source, mask=mask, strength=0.9)).frames
    assert np.array_equal(made[:, 110:], source[:, 110:])
    assert not np.array_equal(made[:, :60], source[:, :60])


def test_a_revision_finds_by_itself_what_the_words_change(backend):
    said = {"source": moving(4), "source_prompt": "red dress", "strength": 0.6}
    made = backend.run(ask(prompt="blue dress", **said))
    assert 0.0 <= made.manifest["free_share"] <= 1.0
    assert backend.run(ask(keeps_rest=False, **said)).manifest["free_share"] is None


def test_a_wide_video_is_cut_to_its_middle_and_the_manifest_says_so(backend):
    made = backend.run(ask(source=moving(4, 40, 90)))
    assert made.frames.shape == (4, 160, 120, 3)
    assert "middle" in made.manifest["warnings"][0]


def test_soft_masks_are_wider_than_what_differs_and_gentle():
    changes = torch.full((1, 1, 9, 9), 0.2)
    changes[0, 0, 4, 4] = 9.0
    mask = soft_mask(changes)
    assert float(mask[0, 0, 4, 4]) == 1.0
    assert 0.0 < float(mask[0, 0, 4, 6]) < 1.0
    assert float(mask[0, 0, 0, 0]) == 0.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"strength": 1.5},
        {"frames": 0},
        {"frames": 33},
        {"fps": 0},
        {"camera": "sideways"},
        {"history": np.ones((2, 3)), "history_weights": np.ones(1)},
        {"history": np.ones((1, 3)), "history_weights": -np.ones(1)},
        {"user": np.ones((2, 3))},
        {"source": np.zeros((2, 8, 8), np.uint8)},
        {"source": np.zeros((0, 8, 8, 3), np.uint8)},
        {"source": np.zeros((49, 8, 8, 3), np.uint8)},
        {"source": np.zeros((2, 8, 8, 3), np.uint8), "mask": np.ones(8)},
    ],
    ids=lambda wrong: "-".join(wrong),
)
def test_a_request_that_makes_no_sense_is_refused_with_a_sentence(wrong):
    with pytest.raises(InvalidInputError, match=r"[A-Z].*\."):
        ask(**wrong)


def test_weights_that_are_missing_or_of_another_kind_are_refused(
    load, video_folder, tmp_path, saved_pipeline
):
    with pytest.raises(ModelUnavailableError, match="missing"):
        load(tmp_path / "nothing")
    with pytest.raises(ModelUnavailableError, match="revision"):
        load(video_folder, expected_revision="another")
    pictures = image_creator(saved_pipeline)
    pictures.vae.to_latents.weight.data += 0.1
    with pytest.raises(ModelUnavailableError, match="another autoencoder"):
        load(save_video(pictures, tmp_path / "other", shaken=False))


def test_the_estimate_grows_with_frames_and_steps(backend):
    backend.run(ask())
    first = backend.estimate_ms(ask())
    assert backend.estimate_ms(ask(frames=16)) > first
    assert backend.estimate_ms(ask(steps=9)) > first


def test_a_sheet_shows_a_labelled_strip_of_each_prompt(backend):
    sheet = clip_sheet(backend, [("red dress", "runway"), "hat", "coat"], frames=4, width=30)
    assert sheet.shape == (2 * 40, 2 * (6 * 30 + 6), 3)
    assert sheet[:40, :180].std() > 0


def test_motion_warp_error_and_flicker_tell_stills_moves_and_jumps_apart():
    still = np.repeat(moving(1, 160, 120), 6, axis=0)
    textured = np.random.default_rng(0).integers(0, 255, (160, 140, 3), dtype=np.uint8)
    blurred = cv2.GaussianBlur(textured.astype(np.float32), (0, 0), 4)
    smooth = cv2.normalize(blurred, None, 0, 225, cv2.NORM_MINMAX).astype(np.uint8)
    gliding = np.stack([smooth[:, i : i + 120] for i in range(6)])
    blinking = np.stack([smooth[:, :120] + np.uint8(30 * (i % 2)) for i in range(6)])
    assert motion(still) == 0.0
    assert warp_error(still) == 0.0
    assert motion(gliding) == pytest.approx(1.0, abs=0.3)
    assert flicker(blinking) > 5 * flicker(gliding)
    assert warp_error(blinking) > 5 * warp_error(gliding)


def _tensor(frames: np.ndarray) -> torch.Tensor:
    from generation.core.superres import images_to_tensor

    return images_to_tensor(frames)


def test_a_request_is_never_changed_by_a_run(backend):
    request = ask(source=moving(4), user=unit(1, 2))
    before = {f.name: np.array(getattr(request, f.name)) for f in dataclasses.fields(request)}
    backend.run(request)
    for name, value in before.items():
        assert np.array_equal(value, np.array(getattr(request, name))), name
