"""What the demo world hands to the creator's training."""

from __future__ import annotations

import cv2
import numpy as np

from common.vocabulary import TYPES
from demo.training_samples import DrawnSampler


def test_a_drawing_is_the_same_every_time_and_its_large_twin_shows_the_same():
    sampler = DrawnSampler(seed=3)
    first, again = sampler(5, True), DrawnSampler(seed=3)(5, False)
    assert np.array_equal(first.image, again.image)
    assert first.facts == again.facts
    assert again.large is None
    height, width = first.image.shape[:2]
    shrunk = cv2.resize(first.large, (width, height), interpolation=cv2.INTER_AREA)
    assert np.abs(shrunk.astype(int) - first.image).mean() < 6


def test_types_come_in_turn_and_the_first_caption_names_type_and_colour():
    facts = [DrawnSampler(seed=1)(index, False).facts for index in range(4)]
    for index, one in enumerate(facts):
        assert one.captions[0].endswith(TYPES[index])
        assert one.taste["colour"] in one.captions[0]
        assert len(one.captions) == 5
        assert not any("photo" in text for text in one.captions)
        assert set(one.taste) == {"colour", "pattern", "backdrop", "tint"}


def test_a_cut_with_a_name_of_its_own_is_called_by_it_and_never_by_another():
    sampler = DrawnSampler(seed=1)
    names = {"sneakers": "trainers", "boots": "boots", "heels": "heels"}
    seen = set()
    for index in range(TYPES.index("shoes"), 40 * len(TYPES), len(TYPES)):
        spec, facts = sampler.known(index)
        text = " ".join(facts.captions)
        assert facts.captions[-1].endswith(names[spec.cut])
        others = {name for cut, name in names.items() if cut != spec.cut}
        assert not any(name in text for name in others)
        seen.add(spec.cut)
    assert seen == set(names)
