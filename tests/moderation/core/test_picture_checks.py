"""Artefacts, colour in ΔE, whole garments, and how a video runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest

from demo.drawing import draw_garment
from demo.garments import sample_spec
from media.course import Course, CourseWriter
from moderation.core.checks import ScreeningInput
from moderation.core.checks.disclosure import ai_hint, visible_label
from moderation.core.checks.picture import artefacts, colour_distance, style_of_set, whole_garment
from moderation.core.checks.running import captions, running

WHOLE = Course(10.0, 250, 0.0, 0.0, 0.1, 0.0, 0.0, 10.0, 0.0)


@pytest.fixture(scope="module")
def red_skirt() -> ScreeningInput:
    spec = sample_spec(np.random.default_rng(3), type="skirt", colour="red", pattern="plain")
    still = np.ascontiguousarray(draw_garment(spec, 480, 640))
    return ScreeningInput(
        origin="ai", still=still, request="red skirt", asked_colours=("red",), width=480, height=640
    )


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def test_bad_encoding_is_seen_and_good_is_not(red_skirt: ScreeningInput) -> None:
    assert red_skirt.still is not None
    assert artefacts(red_skirt, 1.0).verdict == "pass"
    assert artefacts(replace(red_skirt, still=jpeg(red_skirt.still, 90)), 1.0).verdict == "pass"
    blocky = artefacts(replace(red_skirt, still=jpeg(red_skirt.still, 8)), 1.0)
    assert blocky.verdict == "flag"
    assert "blocks" in blocky.summary
    soft = cv2.GaussianBlur(red_skirt.still, (0, 0), 5)
    assert "lost detail" in artefacts(replace(red_skirt, still=soft), 1.0).summary


def test_a_picture_too_small_or_unreadable(red_skirt: ScreeningInput) -> None:
    assert artefacts(replace(red_skirt, still=None), 1.0).verdict == "cannot_tell"
    tiny = np.zeros((5, 5, 3), np.uint8)
    assert artefacts(replace(red_skirt, still=tiny), 1.0).verdict == "flag"
    assert whole_garment(replace(red_skirt, still=tiny), 0.4).verdict == "cannot_tell"


def test_the_colour_asked_for_is_measured_in_delta_e(red_skirt: ScreeningInput) -> None:
    met = colour_distance(red_skirt, 20.0)
    assert met.verdict == "pass"
    missed = colour_distance(replace(red_skirt, asked_colours=("green",)), 20.0)
    assert missed.verdict == "flag"
    assert missed.score is not None
    assert met.score is not None
    assert missed.score > met.score + 20
    assert colour_distance(replace(red_skirt, origin="human"), 20.0).verdict == "pass"


def test_a_garment_that_is_cut_off(red_skirt: ScreeningInput) -> None:
    assert red_skirt.still is not None
    assert whole_garment(red_skirt, 0.4).verdict == "pass"
    half = np.ascontiguousarray(red_skirt.still[:330])
    cut = whole_garment(replace(red_skirt, still=half), 0.1)
    assert cut.verdict == "flag"
    assert "bottom" in cut.summary
    assert whole_garment(replace(red_skirt, still=half, origin="human"), 0.1).verdict == "pass"


def test_a_set_is_only_asked_of_what_ai_made() -> None:
    unlike = ScreeningInput(origin="ai", set_cosines=(0.1, 0.2))
    assert style_of_set(unlike, 0.5).verdict == "flag"
    assert style_of_set(replace(unlike, origin="human"), 0.5).verdict == "pass"
    assert style_of_set(ScreeningInput(origin="ai"), 0.5).verdict == "pass"


def test_the_label_that_pages_show() -> None:
    assert visible_label(ScreeningInput(origin="ai", label="AI"), 0.0).verdict == "pass"
    assisted = ScreeningInput(origin="ai_assisted", label="AI-assisted")
    assert visible_label(assisted, 0.0).verdict == "pass"
    assert visible_label(ScreeningInput(origin="ai", label="Fair"), 0.0).verdict == "flag"


def course_of(levels: Sequence[float], changing: bool = True) -> Course:
    lot, writer = np.random.default_rng(1), CourseWriter()
    noise = lot.uniform(0, 8, (24, 24, 3))
    for place, level in enumerate(levels):
        picture = level + (np.roll(noise, place, 0) if changing else noise)
        writer.see(np.clip(picture, 0, 255).astype(np.uint8), place / 25)
    return writer.finish()


@pytest.mark.parametrize(
    ("levels", "changing", "words"),
    [
        ([120] * 100, True, ""),
        ([120] * 100, False, "frozen"),
        ([0] * 80 + [120] * 40, True, "black"),
        ([120, 135] * 50, True, "flickering"),
        # A second of black before the picture is an opening.
        ([0] * 25 + [120] * 100, True, ""),
    ],
)
def test_how_a_video_runs(levels: list[float], changing: bool, words: str) -> None:
    found = running(ScreeningInput(kind="video", course=course_of(levels, changing)), 1.0)
    assert found.verdict == ("flag" if words else "pass"), found
    assert words in found.summary


@pytest.mark.parametrize(
    ("start", "end", "verdict"),
    [(0.0, 10.0, "pass"), (1.5, 10.0, "flag"), (0.0, 14.0, "flag"), (0.0, 5.0, "pass")],
)
def test_sound_out_of_step(start: float, end: float, verdict: str) -> None:
    course = replace(WHOLE, sound_start=start, sound_end=end)
    assert running(ScreeningInput(kind="video", course=course), 1.0).verdict == verdict


def test_a_video_that_cannot_be_played_goes_to_a_person() -> None:
    assert running(ScreeningInput(kind="video"), 1.0).verdict == "cannot_tell"
    assert running(ScreeningInput(), 1.0).verdict == "pass"


@pytest.mark.parametrize(
    ("cues", "problem"),
    [
        (((0.0, 2.0, "Hello"), (2.0, 9.9, "there")), ""),
        (((0.0, 2.0, " "),), "empty"),
        (((2.0, 1.0, "Hello"),), "ends before"),
        (((9.0, 12.0, "Hello"),), "beyond"),
        (((5.0, 6.0, "b"), (1.0, 2.0, "a")), "starts before"),
        ((), ""),
    ],
)
def test_captions_fit_the_video(cues: tuple[tuple[float, float, str], ...], problem: str) -> None:
    found = captions(ScreeningInput(kind="video", course=WHOLE, cues=cues), 0.0)
    assert found.verdict == ("flag" if problem else "pass")
    assert problem in found.summary


def test_captions_of_a_silent_video() -> None:
    cues = tuple((float(place), place + 0.9, "word") for place in range(6))
    silent = replace(WHOLE, silent=10.0)
    assert captions(ScreeningInput(kind="video", course=silent, cues=cues), 0.0).verdict == "flag"
    mute = replace(WHOLE, sound_start=None, sound_end=None, silent=None)
    assert captions(ScreeningInput(kind="video", course=mute, cues=cues), 0.0).verdict == "pass"


def test_the_hint_never_holds_anything_back(red_skirt: ScreeningInput) -> None:
    for threshold in (0.0, 0.5, 1.0):
        found = ai_hint(red_skirt, threshold)
        assert found.verdict == "pass"
        assert found.summary.startswith("Hint:")
    assert ai_hint(replace(red_skirt, still=None), 0.5).verdict == "pass"
    assert "no traces" in ai_hint(red_skirt, 0.5).summary
