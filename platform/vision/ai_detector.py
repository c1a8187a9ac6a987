"""What an image classifier of the hub says of a picture's making: a hint, never a proof.

Any `transformers` image-classification model whose labels tell AI from human ("artificial",
"fake", "AI"; "human", "real"). Such models mistake other generators than they learned from, and
photographs that were edited or compressed. Workers only: it loads torch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from common.errors import DomainError
from vision import torchvision_guard  # noqa: F401  before anything that imports torchvision

_AI = re.compile(r"\b(ai|artificial|fake|generated|synthetic|deepfake|machine)\b", re.I)


class AiDetectorError(DomainError):
    """The detector that is configured cannot be used; the message says why."""


@dataclass(frozen=True)
class AiHint:
    """`share`: 0..1, how much the model takes the picture for AI's. `model` names it in full."""

    model: str
    share: float


def ai_hint_of(picture: np.ndarray, model: str, revision: str = "") -> AiHint:
    """Return what the model (repository id or folder) says of a picture (H, W, 3) uint8 RGB.

    Raises AiDetectorError where it cannot be loaded or its labels name no AI.
    """
    import torch

    processor, network, wanted = _load(model, revision)
    inputs = processor(images=Image.fromarray(picture), return_tensors="pt")
    with torch.inference_mode():
        shares = network(**inputs).logits[0].float().softmax(dim=0)
    return AiHint(f"{model}@{revision}" if revision else model, float(shares[wanted].sum()))


@lru_cache(maxsize=1)
def _load(model: str, revision: str) -> tuple[Any, Any, list[int]]:
    """Return processor, network and the places of the labels that stand for AI."""
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    asked = {"revision": revision} if revision else {}
    try:
        processor = AutoImageProcessor.from_pretrained(model, **asked)
        network = AutoModelForImageClassification.from_pretrained(model, **asked).eval()
    except (OSError, ValueError, KeyError) as error:
        raise AiDetectorError(f"The AI detector {model} could not be loaded: {error}") from error
    labels = {int(place): str(label) for place, label in network.config.id2label.items()}
    wanted = [place for place, label in labels.items() if _AI.search(_spaced(label))]
    if not wanted or len(wanted) == len(labels):
        named = ", ".join(labels.values())
        raise AiDetectorError(f"The labels of {model} do not tell AI from human: {named}.")
    return processor, network, wanted


def _spaced(label: str) -> str:
    return re.sub(r"[_\-/]+", " ", label)
