"""Training: what a phrase is true of, and that a few steps teach something."""

from __future__ import annotations

import csv
import json
import random

import numpy as np
import pytest
from PIL import Image

from common.vocabulary import ALIASES, COLOURS, PATTERNS, TYPES
from vision.encoder import load_encoder
from vision.losses import agreement
from vision.phrases import SINGLES, UNKNOWN, Attributes, class_phrases, sample_phrase
from vision.samples import SampleSet, drawn_samples, type_of_label, wardrobe_samples
from vision.training import Settings, run, train

RED, BLUE = list(COLOURS).index("red"), list(COLOURS).index("blue")
DRESS, HAT = TYPES.index("dress"), TYPES.index("hat")
STRIPED = PATTERNS.index("striped")


def coloured_samples(count=48, held=8):
    """Blocks of plain colour: the easiest thing to learn."""
    rng = random.Random(3)
    values = list(COLOURS.values())

    def blocks():
        while True:
            colour = rng.randrange(len(values))
            picture = np.full((160, 120, 3), 235, np.uint8)
            picture[40:120, 30:90] = values[colour]
            yield picture, Attributes(HAT, colour, UNKNOWN, 0), ""

    return drawn_samples(blocks(), count, held)


def test_a_phrase_states_only_what_is_known():
    rng = random.Random(0)
    for _ in range(200):
        text, stated = sample_phrase(rng, Attributes(type=DRESS, colour=RED))
        assert text == text.strip()
        assert stated.pattern == stated.second == UNKNOWN
        assert stated.type in (DRESS, UNKNOWN)
        assert stated.colour in (RED, UNKNOWN)
        assert (stated.type, stated.colour) != (UNKNOWN, UNKNOWN)


def test_class_phrases_use_every_word_people_say():
    rng = random.Random(0)
    said = " ".join(" ".join(class_phrases(rng)) for _ in range(200)).split()
    spoken = {word for word, (kind, _) in ALIASES.items() if kind != "style" and "-" not in word}
    assert len(class_phrases(rng)) == len(SINGLES)
    assert len(spoken - set(said)) <= 0.15 * len(spoken)


def test_agreement_leaves_out_what_cannot_be_told():
    drawn = Attributes(DRESS, RED, UNKNOWN, STRIPED)
    photo = Attributes(DRESS, RED, UNKNOWN, UNKNOWN)
    other = Attributes(HAT, BLUE, UNKNOWN, STRIPED)
    stated = [drawn, Attributes(type=DRESS), Attributes(pattern=STRIPED)]
    true, unsure = agreement([drawn, photo, other], stated, [False] * 3, [""] * 3)
    assert true.tolist() == [[True, True, True], [False, True, False], [False, False, True]]
    assert unsure.tolist() == [[False] * 3, [True, False, True], [False] * 3]


def test_a_finer_caption_is_no_proof_against_a_like_garment():
    same = Attributes(DRESS, RED, UNKNOWN, STRIPED)
    true, unsure = agreement([same] * 2, [same] * 2, [True] * 2, ["long dress", "short dress"])
    assert true.tolist() == [[True, False], [False, True]]
    assert unsure.tolist() == [[False, True], [True, False]]


def test_a_few_steps_lower_the_loss_and_leave_a_loadable_model(tmp_path):
    samples = coloured_samples()
    train([samples], Settings(out=tmp_path, steps=20, batch=16, seed=4, warm_up=5))
    rows = list(csv.DictReader((tmp_path / "loss.csv").open()))
    assert float(rows[-1]["loss"]) < 0.9 * float(rows[0]["loss"])
    assert load_encoder(str(tmp_path)).encode_images(samples.images[:2]).shape == (2, 128)


def test_a_second_run_continues_and_reports_both(tmp_path):
    coloured_samples().save(tmp_path / "drawn")
    settings = Settings(out=tmp_path / "out", steps=2, batch=8, command="manage.py train_encoder")
    run(settings, drawn=tmp_path / "drawn", wardrobe=None, cache=tmp_path)
    metrics = run(settings, drawn=tmp_path / "drawn", wardrobe=None, cache=tmp_path)
    assert metrics["steps"] == 4
    assert [entry["steps"] for entry in metrics["runs"]] == [2, 2]
    assert metrics["held_out"]["drawn"]["pictures"] == 8
    assert json.loads((tmp_path / "out" / "metrics.json").read_text()) == metrics


@pytest.mark.parametrize(
    ("label", "meant"),
    [("T-Shirt", "t-shirt"), ("Outwear", "outwear"), ("Not sure", None), ("Skip", None)],
)
def test_labels_become_types_or_stay_untyped(label, meant):
    assert type_of_label(label) == (TYPES.index(meant) if meant else UNKNOWN)


def test_photographs_are_held_out_by_sender_and_a_bad_file_is_left_out(tmp_path, caplog):
    (tmp_path / "images").mkdir()
    lines = ["image,sender_id,label,kids"]
    for index in range(40):
        picture = Image.new("RGB", (90, 120), (240, 240, 240))
        picture.paste((200, 30, 40), (20, 30, 70, 90))
        picture.save(tmp_path / "images" / f"p{index}.jpg")
        lines.append(f"p{index},{index % 10},Dress,False")
    (tmp_path / "images" / "p3.jpg").write_bytes(b"not a picture")
    (tmp_path / "images.csv").write_text("\n".join(lines))
    samples = wardrobe_samples(tmp_path, seed=1)
    assert len(samples) == 39
    assert "p3" in caplog.text
    assert samples.known[0] == Attributes(type=DRESS, colour=RED)
    assert 0 < samples.held.sum() <= 6
    samples.save(tmp_path / "kept")
    again = SampleSet.load(tmp_path / "kept")
    assert again.known == samples.known
    np.testing.assert_array_equal(again.images[5], samples.images[5])
