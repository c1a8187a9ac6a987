"""The drawn garments, their captions, clips and music."""

from __future__ import annotations

import time
from itertools import islice, pairwise

import numpy as np
import pytest
import skia

from common.vocabulary import ALIASES, COLOURS, PATTERNS, TYPES
from demo.backdrop import BACKDROPS, TINTS
from demo.clips import CAMERA_MOVES, render_clip
from demo.drawing import draw_garment, garment_layer
from demo.fabric import to_lab
from demo.garments import CUTS, caption, partners, sample_spec
from media.music import music_bed

NAMES = list(COLOURS)
REFERENCE = to_lab(np.array([COLOURS[name] for name in NAMES]))


def cloth_pixels(spec) -> np.ndarray:
    """Return the (N, 3) colours of the garment alone, without its backdrop."""
    pixels = garment_layer(spec, 120, 160).toarray(colorType=skia.kRGBA_8888_ColorType)
    return pixels[pixels[..., 3] > 250][:, :3]


def colour_shares(spec) -> dict[str, float]:
    """Return the share of the garment that is nearest to each colour name, in Lab."""
    lab = to_lab(cloth_pixels(spec))
    nearest = np.linalg.norm(lab[:, None] - REFERENCE[None], axis=-1).argmin(axis=1)
    counts = np.bincount(nearest, minlength=len(NAMES)) / len(lab)
    return dict(zip(NAMES, counts.tolist(), strict=True))


def said(word: str) -> set[str]:
    """Return `word` and everything people say for it."""
    return {word} | {alias for alias, (_, value) in ALIASES.items() if value == word}


def test_equal_specs_are_equal_pictures():
    spec = sample_spec(np.random.default_rng(1))
    assert sample_spec(np.random.default_rng(1)) == spec
    assert np.array_equal(draw_garment(spec, 120, 160), draw_garment(spec, 120, 160))


@pytest.mark.parametrize(("kind", "cut"), [(t, c) for t in TYPES for c in CUTS[t]])
def test_every_type_and_cut_fills_the_frame_without_leaving_it(kind, cut):
    for seed in (1, 2):
        spec = sample_spec(np.random.default_rng(seed), type=kind, cut=cut)
        picture = draw_garment(spec, 120, 160)
        assert picture.shape == (160, 120, 3)
        assert picture.dtype == np.uint8
        layer = garment_layer(spec, 120, 160).toarray()[..., 3] > 128
        assert 0.1 < layer.mean() < 0.65
        assert not layer[0].any()
        assert not layer[-1].any()
        assert not layer[:, 0].any()
        assert not layer[:, -1].any()


def test_types_look_different_from_one_another():
    outlines = []
    for kind in TYPES:
        layers = [
            garment_layer(sample_spec(np.random.default_rng(s), type=kind), 60, 80).toarray()[
                ..., 3
            ]
            for s in range(6)
        ]
        outlines.append(np.mean(layers, axis=0).ravel() / 255)
    apart = [np.abs(a - b).mean() for i, a in enumerate(outlines) for b in outlines[:i]]
    assert min(apart) > 0.02


def test_main_colour_of_the_picture_is_the_one_of_the_spec():
    rng = np.random.default_rng(8)
    specs = [
        sample_spec(rng, colour=c, pattern=p) for c in NAMES for p in PATTERNS for _ in range(3)
    ]
    hits = [max(shares := colour_shares(s), key=shares.get) == s.colour for s in specs]
    assert np.mean(hits) >= 0.95


@pytest.mark.parametrize("colour", NAMES)
def test_plain_garment_has_hardly_any_other_colour(colour):
    spec = sample_spec(np.random.default_rng(3), type="t-shirt", colour=colour, pattern="plain")
    assert spec.second_colour is None
    assert colour_shares(spec)[colour] > 0.6


@pytest.mark.parametrize("pattern", [p for p in PATTERNS if p != "plain"])
def test_pattern_shows_its_second_colour(pattern):
    def blue(weave: str) -> float:
        rng = np.random.default_rng(4)
        given = {"type": "t-shirt", "cut": "slim", "colour": "blue", "second_colour": "yellow"}
        shares = colour_shares(sample_spec(rng, pattern=weave, **given))
        assert max(shares, key=shares.get) == "blue"
        return shares["blue"]

    assert blue(pattern) < blue("plain") - 0.05


def test_partner_colours_stand_out():
    assert "black" not in partners("navy")
    assert "white" in partners("black")
    assert all(len(partners(colour)) >= 4 for colour in NAMES)


def test_backdrop_says_nothing_about_the_garment():
    rng = np.random.default_rng(0)
    seen = {sample_spec(rng, type="hat", colour="red").background for _ in range(600)}
    assert len(BACKDROPS) >= 6
    assert len(seen) == len(BACKDROPS) * len(TINTS)


def test_canonical_caption_names_colours_pattern_and_type():
    spec = sample_spec(
        np.random.default_rng(0),
        type="skirt",
        colour="black",
        pattern="striped",
        second_colour="white",
    )
    assert caption(spec) == "black and white striped skirt"


def test_every_wording_names_type_and_main_colour():
    rng = np.random.default_rng(6)
    wordings = set()
    for _ in range(400):
        spec = sample_spec(rng)
        text = caption(spec, rng)
        wordings.add(text)
        words = set(text.split())
        assert words & said(spec.type), text
        assert words & said(spec.colour), text
    assert len(wordings) > 350


@pytest.mark.parametrize("move", CAMERA_MOVES)
@pytest.mark.parametrize("kind", ["dress", "shoes"])
def test_clip_has_the_asked_frames_and_moves(move, kind):
    spec = sample_spec(np.random.default_rng(2), type=kind)
    frames = list(render_clip(spec, move, seconds=1.5, fps=8, width=120, height=160))
    assert len(frames) == 12
    assert {f.shape for f in frames} == {(160, 120, 3)}
    assert {f.dtype for f in frames} == {np.dtype(np.uint8)}
    steps = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(frames)]
    assert min(steps) > 0.02
    assert np.abs(frames[0].astype(int) - frames[5]).mean() > 1.0


def test_turntable_ends_where_it_began():
    spec = sample_spec(np.random.default_rng(2), type="dress")
    frames = list(render_clip(spec, "turntable", seconds=2, fps=24, width=120, height=160))
    across_the_cut = np.abs(frames[-1].astype(int) - frames[0]).mean()
    assert across_the_cut < 1.5 * np.abs(frames[1].astype(int) - frames[0]).mean() + 0.5


def test_clip_is_the_same_every_time():
    spec = sample_spec(np.random.default_rng(5), type="skirt")
    first, second = (
        list(islice(render_clip(spec, "runway", width=120, height=160), 20, 24)) for _ in range(2)
    )
    assert np.array_equal(first, second)


def test_unknown_camera_move_is_refused():
    with pytest.raises(ValueError, match="turntable"):
        next(render_clip(sample_spec(np.random.default_rng(0)), "crane"))


@pytest.mark.parametrize("seed", range(3))
def test_music_is_audible_bounded_and_fades(seed):
    sound = music_bed(seed, 3.0)
    assert sound.shape == (132300, 2)
    assert sound.dtype == np.float32
    assert np.abs(sound).max() <= 0.8
    assert sound.std() > 0.05
    assert np.abs(sound[:40]).max() < 0.01
    assert np.abs(sound[-40:]).max() < 0.01
    # A click is a jump between two samples.
    assert np.abs(np.diff(sound, axis=0)).max() < 0.4


def test_music_differs_by_seed_but_not_by_call():
    assert np.array_equal(music_bed(1, 1.0), music_bed(1, 1.0))
    assert not np.array_equal(music_bed(1, 1.0), music_bed(2, 1.0))


def test_drawing_is_fast_enough_to_seed_thousands_of_items():
    """Generous bounds, as other work may share the processor: the usual times are 6 and 40 ms."""
    rng = np.random.default_rng(0)
    specs = [sample_spec(rng) for _ in range(12)]
    started = time.process_time()
    for spec in specs:
        draw_garment(spec, 120, 160)
    assert (time.process_time() - started) / len(specs) < 0.04
    started = time.process_time()
    frames = sum(1 for _ in render_clip(specs[0], "turntable", seconds=1))
    assert (time.process_time() - started) / frames < 0.04
