"""The embedded backend: what a request does to the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from common.errors import InvalidInputError
from generation.core.backends import (
    GenerationCancelled,
    GenerationRequest,
    ModelUnavailableError,
    load_backend,
)
from generation.core.creator import (
    LOOK_SHIFT,
    EmbeddedBackend,
    choose_history,
    drawn_words,
    fit_image,
    look_shift,
    sketch_steps,
)

HISTORY = np.eye(16, dtype=np.float32)[:2]
WEIGHTS = np.ones(2, np.float32)


def ask(**changes) -> GenerationRequest:
    arguments = {"prompt": "red dress", "seed": 4, "steps": 3, "history": np.zeros((0, 16))}
    return GenerationRequest(**{**arguments, **changes})


def test_the_picture_is_super_resolved_and_the_manifest_names_how_it_was_made(backend):
    result = backend.run(ask())
    assert result.image.shape == (160, 120, 3)
    assert result.image.dtype == np.uint8
    assert result.manifest["revision"] == backend.revision
    assert result.manifest["seed"] == 4
    assert set(result.manifest["ms"]) == {"encode", "denoise", "decode", "upscale"}


def test_the_same_seed_gives_the_same_picture_and_another_seed_another(backend):
    first = backend.run(ask()).image
    assert np.array_equal(first, backend.run(ask()).image)
    assert not np.array_equal(first, backend.run(ask(seed=5)).image)


def test_words_change_the_picture(backend):
    first = backend.run(ask()).image
    assert not np.array_equal(first, backend.run(ask(prompt="blue hat")).image)
    assert not np.array_equal(first, backend.run(ask(negative="blue")).image)


def test_liked_items_change_the_picture_unless_their_guidance_is_zero(backend):
    liked = {"history": HISTORY, "history_weights": WEIGHTS}
    without = backend.run(ask()).image
    assert not np.array_equal(without, backend.run(ask(**liked)).image)
    assert np.array_equal(without, backend.run(ask(**liked, guidance_history=0.0)).image)


def test_liked_items_of_another_encoder_are_left_out_with_a_warning(backend):
    foreign = {"history": np.ones((1, 512), np.float32), "history_weights": np.ones(1)}
    result = backend.run(ask(**foreign))
    assert np.array_equal(result.image, backend.run(ask()).image)
    assert "another encoder" in result.manifest["warnings"][0]


def test_progress_is_told_after_every_step(backend):
    seen = []
    backend.run(ask(), on_step=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_stopping_takes_effect_within_one_step(backend):
    seen = []
    with pytest.raises(GenerationCancelled):
        backend.run(
            ask(steps=10),
            on_step=lambda done, total: seen.append(done),
            should_stop=lambda: len(seen) >= 2,
        )
    assert seen == [1, 2]


def test_a_weak_edit_stays_nearer_to_its_source_and_takes_fewer_steps(backend):
    source = np.full((90, 120, 3), 200, np.uint8)
    steps: dict[float, int] = {}

    def edit(strength: float) -> np.ndarray:
        request = ask(steps=10, init_image=source, strength=strength)
        image = backend.run(
            request, on_step=lambda done, total: steps.update({strength: total})
        ).image
        return image.astype(float)

    # A picture that no denoising has touched: what the autoencoder makes of the source.
    small = backend.pipeline.vae(_tensor(fit_image(source, 40, 30)))
    kept = backend.pipeline.upscale(_image(small))[0].astype(float)
    assert np.abs(edit(0.01) - kept).mean() < np.abs(edit(1.0) - kept).mean()
    assert steps == {0.01: 2, 1.0: 10}


def test_two_loads_give_the_same_bytes(backend, saved_pipeline):
    again = EmbeddedBackend.load(saved_pipeline)
    assert again.revision == backend.revision
    assert np.array_equal(again.run(ask()).image, backend.run(ask()).image)


def test_another_revision_than_the_one_asked_for_is_refused(backend, saved_pipeline):
    with pytest.raises(ModelUnavailableError, match="not at revision"):
        EmbeddedBackend.load(saved_pipeline, expected_revision="0" * 64)


def test_missing_weights_are_refused_with_a_sentence(tmp_path: Path):
    with pytest.raises(ModelUnavailableError, match="train them first"):
        EmbeddedBackend.load(tmp_path)


def test_only_the_heaviest_liked_items_count_and_they_have_unit_length():
    vectors = np.arange(12, dtype=np.float32).reshape(4, 3) + 1
    chosen, weights = choose_history(vectors, np.array([0.5, 0.0, 2.0, 1.0]), most=2)
    assert np.allclose(np.linalg.norm(chosen, axis=1), 1)
    assert weights.tolist() == [1.0, 0.5]
    assert np.allclose(chosen[0], vectors[2] / np.linalg.norm(vectors[2]))


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": 0},
        {"strength": 1.5},
        {"history": HISTORY},
        {"history": HISTORY, "history_weights": -WEIGHTS},
        {"init_image": np.zeros((4, 4), np.uint8)},
    ],
)
def test_requests_that_make_no_sense_are_refused(changes):
    with pytest.raises(InvalidInputError):
        ask(**changes)


def test_the_shipped_creator_draws_a_red_dress_red():
    from vision.colours import measure_colours

    result = load_backend("embedded").run(GenerationRequest(prompt="red dress", seed=1))
    assert result.image.shape == (640, 480, 3)
    assert measure_colours(result.image)[0][0] in {"red", "orange", "pink"}


def _tensor(image: np.ndarray):
    from generation.core.superres import images_to_tensor

    return images_to_tensor(image[None])


def _image(tensor) -> np.ndarray:
    from generation.core.superres import tensor_to_images

    return tensor_to_images(tensor.detach())


def test_only_words_for_photographs_move_the_text_vector():
    shift = look_shift(
        ["black skirt", "photo of a black skirt", "A Photograph.", "phototoxic"], 128
    )
    lengths = np.linalg.norm(shift, axis=1)
    assert lengths == pytest.approx([0, LOOK_SHIFT, LOOK_SHIFT, 0], abs=1e-6)


@pytest.mark.parametrize(
    ("asked", "drawn"),
    [
        ("photo of a black skirt", "black skirt"),
        ("black skirt, photo", "black skirt"),
        ("a photograph of an orange top, neon style", "orange top, neon style"),
        ("black skirt", "black skirt"),
    ],
)
def test_the_words_for_the_outline_leave_out_the_photograph(asked, drawn):
    assert drawn_words(asked) == drawn


def test_a_photograph_begins_as_a_drawing_and_a_drawing_does_not():
    assert sketch_steps(GenerationRequest(prompt="photo of a hat", steps=12)) == 2
    assert sketch_steps(GenerationRequest(prompt="hat", steps=12)) == 0
