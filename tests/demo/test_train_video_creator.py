"""What the demo world hands to the video creator's training."""

from __future__ import annotations

import numpy as np

from common.vocabulary import TYPES
from demo.clips import CAMERA_MOVES
from demo.training_samples import CAMERA_WORDS, FRAMES, DrawnClips
from generation.core.video.conditioning import CAMERAS, CLIP_FRAMES


def test_a_clip_is_the_same_every_time_and_moves():
    sample, again = DrawnClips(seed=3)(4), DrawnClips(seed=3)(4)
    assert np.array_equal(sample.frames, again.frames)
    assert sample.facts == again.facts
    assert sample.frames.shape == (FRAMES, 160, 120, 3)
    assert np.abs(sample.frames[0].astype(int) - sample.frames[FRAMES // 4]).mean() > 2


def test_moves_and_types_come_in_turn_and_half_of_the_captions_name_the_move():
    samples = [DrawnClips(seed=1)(index) for index in range(6)]
    assert [one.camera for one in samples] == [*CAMERA_MOVES, *CAMERA_MOVES]
    for index, one in enumerate(samples):
        captions, words = one.facts.captions, CAMERA_WORDS[one.camera]
        assert captions[0].endswith(TYPES[index // 3])
        assert one.facts.taste["colour"] in captions[0]
        named = [any(text.endswith(f", {w}") for w in words) for text in captions]
        assert sum(named) == len(captions) // 2


def test_the_creator_knows_the_demo_worlds_moves_and_the_length_of_its_clips():
    assert CAMERAS == CAMERA_MOVES
    assert CLIP_FRAMES == FRAMES
