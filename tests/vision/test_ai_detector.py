"""A hub's AI-image detector: really loaded and run, named, and refused where it is none."""

from __future__ import annotations

import numpy as np
import pytest

from vision.ai_detector import AiDetectorError, ai_hint_of

PICTURE = np.full((40, 50, 3), 90, np.uint8)


@pytest.fixture(scope="module")
def make_detector(tmp_path_factory):
    """Save a tiny model of the same class as the hub's, which always leans to its first label."""
    import torch
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

    def make(*labels: str) -> str:
        folder = tmp_path_factory.mktemp("detector")
        config = ViTConfig(
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            image_size=32,
            patch_size=16,
            num_labels=len(labels),
            id2label=dict(enumerate(labels)),
            label2id={label: place for place, label in enumerate(labels)},
        )
        model = ViTForImageClassification(config)
        with torch.no_grad():
            model.classifier.weight.zero_()
            model.classifier.bias.zero_()
            model.classifier.bias[0] = 2.0
        model.save_pretrained(folder)
        ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
        return str(folder)

    return make


@pytest.mark.parametrize(
    ("labels", "share"),
    [
        (("artificial", "human"), 0.881),
        (("real", "AI_generated"), 0.119),
        (("Fake", "deepfake", "Real"), 0.893),
    ],
)
def test_its_share_of_ai_is_told_with_its_name(make_detector, labels, share):
    model = make_detector(*labels)
    hint = ai_hint_of(PICTURE, model)
    assert hint.model == model
    assert hint.share == pytest.approx(share, abs=0.002)


def test_a_classifier_of_something_else_is_refused_by_its_labels(make_detector):
    with pytest.raises(AiDetectorError, match="do not tell AI from human: cat, dog"):
        ai_hint_of(PICTURE, make_detector("cat", "dog"))


def test_a_model_that_is_not_there_is_refused_by_name(tmp_path):
    with pytest.raises(AiDetectorError, match="nothing could not be loaded"):
        ai_hint_of(PICTURE, str(tmp_path / "nothing"))
