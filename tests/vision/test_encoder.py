"""The embedded encoder finds what is asked for; any other open_clip model loads the same way."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from common.errors import InvalidInputError
from common.vocabulary import COLOURS, PATTERNS, TYPES
from vision.encoder import EMBEDDED_FOLDER, load_encoder


@pytest.fixture(scope="module")
def encoder():
    return load_encoder()


@pytest.fixture(scope="module")
def vectors(encoder, fresh_garments):
    return encoder.encode_images(fresh_garments[1])


def share_right(encoder, vectors, prompts, truth):
    guesses = (vectors @ encoder.encode_texts(prompts).T).argmax(1)
    return float(np.mean(guesses == np.array(truth)))


def test_the_shipped_model_is_small_and_says_how_it_was_made():
    weights = EMBEDDED_FOLDER / "model.safetensors"
    metrics = json.loads((EMBEDDED_FOLDER / "metrics.json").read_text())
    assert weights.stat().st_size <= 9_000_000
    assert metrics["runs"][0]["command"].startswith("manage.py train_encoder")
    assert {"drawn", "photographs"} <= set(metrics["held_out"])
    assert metrics["name"] == load_encoder().name


def test_vectors_have_length_one_and_one_size(encoder, vectors):
    words = encoder.encode_texts(["a red dress", "", "x" * 5000])
    for rows in (vectors, words):
        assert rows.dtype == np.float32
        assert rows.shape[1] == encoder.dim == 128
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)


def test_nothing_in_nothing_out(encoder):
    assert encoder.encode_images([]).shape == (0, 128)
    assert encoder.encode_texts([]).shape == (0, 128)


def test_form_and_company_of_a_picture_do_not_change_its_vector(encoder, fresh_garments, vectors):
    picture = Image.fromarray(fresh_garments[1][0])
    alone = encoder.encode_images([picture.convert("RGBA")])
    np.testing.assert_allclose(alone[0], vectors[0], atol=1e-3)


def test_what_is_no_picture_is_refused(encoder):
    with pytest.raises(InvalidInputError, match="picture"):
        encoder.encode_images([np.zeros((10, 10), np.uint8)])


def test_tokens_are_masked_up_to_the_end_of_the_text(encoder):
    states, mask = encoder.text_tokens(["dress", "a black and white striped dress"])
    assert states.shape == (2, 32, 192)
    assert mask.shape == (2, 32)
    assert mask.dtype == bool
    # Start, "dress", end.
    assert mask[0].sum() == 3
    assert mask[1].sum() == 8
    assert mask[:, 0].all()
    assert np.isfinite(states).all()


def test_padding_does_not_reach_the_real_tokens(encoder):
    alone, mask = encoder.text_tokens(["a red skirt"])
    beside, _ = encoder.text_tokens(["a red skirt", "a very long text " * 20])
    np.testing.assert_allclose(alone[0][mask[0]], beside[0][mask[0]], atol=1e-4)


@pytest.mark.parametrize(
    ("attribute", "names", "form", "least"),
    [
        ("type", TYPES, "a {}", 0.9),
        ("colour", tuple(COLOURS), "a {} garment", 0.88),
        ("pattern", PATTERNS, "a {} garment", 0.8),
    ],
)
def test_unseen_garments_are_named_by_plain_words(
    encoder, fresh_garments, vectors, attribute, names, form, least
):
    truth = [names.index(getattr(spec, attribute)) for spec in fresh_garments[0]]
    prompts = [form.format(name) for name in names]
    assert share_right(encoder, vectors, prompts, truth) >= least


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("a navy tartan frock", "a navy checked dress"),
        ("burgundy trousers", "red pants"),
        ("sneakers in cream", "beige shoes"),
        ("a teal jumper with polka dots", "a blue dotted longsleeve"),
        ("stripy lilac tee", "a purple striped t-shirt"),
    ],
)
def test_people_s_own_words_mean_the_vocabulary_s(encoder, said, meant):
    others = ["a green plain hat", "a white printed hoodie", "an orange floral blouse"]
    query, *candidates = encoder.encode_texts([said, meant, *others])
    assert np.argmax(np.array(candidates) @ query) == 0


def test_a_full_phrase_finds_its_garment_among_many(encoder, fresh_garments, vectors):
    specs = fresh_garments[0]
    phrases = [f"a {spec.colour} {spec.pattern} {spec.type}" for spec in specs]
    best = (encoder.encode_texts(phrases) @ vectors.T).argmax(1)
    wanted = [(spec.type, spec.colour) for spec in specs]
    found = [wanted[index] for index in best]
    assert np.mean([a == b for a, b in zip(found, wanted, strict=True)]) >= 0.8


@pytest.fixture
def hub_folder(tmp_path):
    """A tiny open_clip model as the hub would hold it: configuration and weights in one folder."""
    import open_clip
    from safetensors.torch import save_file

    model_cfg = {
        "embed_dim": 16,
        "vision_cfg": {
            "image_size": 32,
            "layers": 1,
            "width": 32,
            "head_width": 16,
            "patch_size": 16,
        },
        "text_cfg": {
            "context_length": 20,
            "vocab_size": 49408,
            "width": 32,
            "heads": 2,
            "layers": 1,
        },
    }
    (tmp_path / "tiny.json").write_text(json.dumps(model_cfg))
    open_clip.add_model_config(tmp_path / "tiny.json")
    model = open_clip.create_model("tiny")
    save_file(model.state_dict(), tmp_path / "open_clip_model.safetensors")
    config = {"model_cfg": model_cfg, "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3}}
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
    return tmp_path


def test_another_open_clip_model_loads_through_the_same_call(hub_folder, fresh_garments):
    other = load_encoder(str(hub_folder))
    by_name = load_encoder("tiny", str(hub_folder / "open_clip_model.safetensors"))
    assert other.dim == 16
    assert other.name.startswith(hub_folder.name)
    rows = other.encode_images(fresh_garments[1][:3])
    assert rows.shape == (3, 16)
    words = ["a hat", "two shoes"]
    np.testing.assert_allclose(other.encode_texts(words), by_name.encode_texts(words), atol=1e-5)
    states, mask = other.text_tokens(words)
    assert states.shape == (2, 20, 32)
    assert mask.sum(1).tolist() == [4, 4]


def test_an_unknown_model_is_refused_with_a_sentence():
    with pytest.raises(InvalidInputError, match="no-such-model"):
        load_encoder("no-such-model")
