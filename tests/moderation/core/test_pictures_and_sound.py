"""F2 and F3 in pictures and sound: faces, codes, flashing, loudness, copies, whose data it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from media.flashing import FlashCounter
from moderation.core.checks import CHECKS, Finding, Neighbour, ScreeningInput
from moderation.core.checks.contract import FlashReport, SoundReport, Spot
from vision.codes import read_codes
from vision.faces import blur_faces, find_faces

BY_NAME = {check.name: check for check in CHECKS}
FACE = Spot((0.4, 0.2, 0.2, 0.2))


def run(name: str, **fields: Any) -> Finding:
    check = BY_NAME[name]
    return check.run(replace(ScreeningInput(), **fields), check.threshold)


def qr(text: str) -> np.ndarray:
    """A QR code in the middle of a cloth."""
    code = cv2.QRCodeEncoder.create().encode(text)
    code = cv2.copyMakeBorder(code, 4, 4, 4, 4, cv2.BORDER_CONSTANT, value=255)
    code = cv2.resize(code, None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST)
    picture = np.full((480, 400, 3), 180, np.uint8)
    picture[100 : 100 + len(code), 100 : 100 + len(code)] = code[..., None]
    return picture


# --- faces and codes ------------------------------------------------------------------------


def test_a_face_waits_for_a_person_unless_the_people_agreed() -> None:
    assert run("faces", faces=(FACE,)).verdict == "flag"
    assert run("faces", faces=(FACE,), people_agreed=True).verdict == "pass"
    assert run("faces", faces=()).verdict == "pass"
    assert run("faces", faces=None).verdict == "cannot_tell"
    assert run("faces", faces=(Spot((0.1, 0.1, 0.02, 0.02)),)).verdict == "pass"


def test_what_ai_made_from_nothing_shows_nobody_but_an_edit_may() -> None:
    assert run("faces", faces=(FACE,), origin="ai").verdict == "pass"
    assert run("faces", faces=(FACE,), origin="ai", parent_origin="human").verdict == "flag"


def test_reviewers_see_the_box_of_the_picture_and_none_of_other_stills() -> None:
    finding = run("faces", faces=(FACE, replace(FACE, still=2)))
    assert finding.evidence["boxes"] == [{"x": 0.4, "y": 0.2, "w": 0.2, "h": 0.2, "label": "face"}]
    assert finding.evidence["faces"] == 2


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_flat_picture_has_no_face_and_no_code(value: int) -> None:
    flat = np.full((300, 200, 3), value, np.uint8)
    assert find_faces(flat) == []
    assert read_codes(flat) == []


def test_a_tiny_picture_is_searched_without_harm() -> None:
    assert find_faces(np.zeros((3, 2, 3), np.uint8)) == []


def test_a_blurred_face_is_gone_and_the_rest_stays() -> None:
    picture = np.random.default_rng(1).integers(0, 255, (200, 200, 3)).astype(np.uint8)
    blurred = blur_faces(picture, [(0.4, 0.4, 0.2, 0.2)])
    inside, was = blurred[90:110, 90:110], picture[90:110, 90:110]
    assert inside.std() < was.std() / 3
    assert np.array_equal(blurred[:60], picture[:60])


def test_a_qr_code_is_read_with_its_place() -> None:
    (code,) = read_codes(qr("https://example.org/follow-me"))
    assert code.text == "https://example.org/follow-me"
    assert code.box[0] == pytest.approx(0.33, abs=0.03)


def test_a_code_is_flagged_with_what_it_says() -> None:
    spots = tuple(Spot(code.box, code.text) for code in read_codes(qr("mail jo@example.org")))
    finding = run("codes", codes=spots)
    assert finding.verdict == "flag"
    assert finding.evidence["kinds"] == ["e-mail address"]
    assert finding.evidence["boxes"][0]["label"] == "mail jo@example.org"
    assert run("codes", codes=()).verdict == "pass"
    assert run("codes").verdict == "cannot_tell"


# --- flashing and sound ---------------------------------------------------------------------


def flashes(hertz: float, *, area: float = 1.0, low: Any = 0, high: Any = 255) -> tuple[int, int]:
    """The most flashes in a second of two seconds at 30 frames a second."""
    counter = FlashCounter()
    for index in range(60):
        frame = np.full((24, 40, 3), low, np.uint8)
        if (index / 30 * hertz) % 1 < 0.5:
            frame[:, : round(40 * area)] = high
        counter.take(frame, index / 30)
    return counter.most()[:2]


@pytest.mark.parametrize(
    ("hertz", "area", "flagged"),
    # A window of the rule is a third of this frame's width: .1 of it is 4 of the window's 13.
    [(2, 1, False), (3, 1, False), (10, 1, True), (10, 0.1, True), (10, 0.05, False)],
)
def test_more_than_three_flashes_a_second_over_a_quarter_of_a_window_are_flagged(
    hertz: float, area: float, flagged: bool
) -> None:
    general, red = flashes(hertz, area=area)
    finding = run("flashing", kind="video", flashes=FlashReport(general, red))
    assert (finding.verdict == "flag") is flagged


def test_red_flashes_count_even_where_brightness_hardly_changes() -> None:
    general, red = flashes(8, low=(0, 70, 0), high=(140, 0, 0))
    assert red > 3


def test_a_flicker_too_faint_to_harm_passes() -> None:
    assert flashes(10, low=200, high=210) == (0, 0)


def most_of(frames: Iterable[np.ndarray], fps: float = 30) -> int:
    """The most general flashes in a second of these frames, (h, w) grey."""
    counter = FlashCounter()
    for index, frame in enumerate(frames):
        counter.take(np.repeat(frame[..., None].astype(np.uint8), 3, axis=2), index / fps)
    return counter.most()[0]


@pytest.mark.parametrize(("speed", "width"), [(1, 5), (2, 5), (3, 5), (1, 3), (2, 3), (1, 2)])
def test_a_pan_over_stripes_is_no_flash(speed: int, width: int) -> None:
    # By a whole stripe a frame nobody could tell the pan from a pattern that is reversed.
    columns = np.arange(40)
    frames = ((columns + speed * index) // width % 2 * 255 for index in range(60))
    assert most_of(np.broadcast_to(one, (24, 40)) for one in frames) <= 3


def test_a_camera_over_checks_that_sways_is_no_flash() -> None:
    rows, columns = np.mgrid[:24, :40]
    shifts = (round(6 * np.sin(index / 8)) + index for index in range(90))
    assert most_of(((rows // 3 + (columns + by) // 3) % 2 * 255) for by in shifts) <= 3


def test_a_flash_behind_a_moving_pattern_is_still_one() -> None:
    columns = np.arange(40)
    frames = [
        np.broadcast_to(
            ((columns + index) // 5 % 2 * 60) + (150 if (index / 30 * 8) % 1 < 0.5 else 0), (24, 40)
        )
        for index in range(60)
    ]
    assert most_of(frames) > 3


def test_a_checkerboard_that_is_reversed_flashes_though_its_mean_stays() -> None:
    rows, columns = np.mgrid[:24, :40]
    board = (rows // 3 + columns // 3) % 2
    frames = [(board if (index / 30 * 6) % 1 < 0.5 else 1 - board) * 255 for index in range(60)]
    assert most_of(frames) > 3


def test_a_slow_fade_and_cuts_within_a_dark_scene_are_no_flashes() -> None:
    fade = [np.full((24, 40), round(127 + 120 * np.sin(index / 20))) for index in range(90)]
    assert most_of(fade) <= 3
    cuts = [np.full((24, 40), (0, 90)[index // 15 % 2]) for index in range(90)]
    assert most_of(cuts) <= 3


def test_a_change_between_two_bright_states_is_no_general_flash() -> None:
    # Relative luminance .80 and 1.0: the darker state is not below .80.
    assert flashes(10, low=232, high=255)[0] == 0
    assert flashes(10, low=225, high=255)[0] > 3


def test_one_strobe_a_second_in_each_of_four_corners_is_no_flash() -> None:
    """Places that flash one after the other do not add up to more flashes of any of them."""
    frames = []
    for index in range(60):
        frame = np.zeros((24, 40))
        corner = index // 4 % 8
        if index % 4 < 2 and corner < 4:
            top, left = 12 * (corner // 2), 26 * (corner % 2)
            frame[top : top + 8, left : left + 13] = 255
        frames.append(frame)
    assert most_of(frames) <= 3


def test_a_video_that_could_not_be_watched_goes_to_a_person() -> None:
    assert run("flashing", kind="video").verdict == "cannot_tell"
    assert run("loudness", kind="video").verdict == "cannot_tell"
    assert run("flashing").verdict == run("loudness").verdict == "pass"


@pytest.mark.parametrize(
    ("level", "peak", "verdict"),
    [
        (-14.0, -1.0, "pass"),
        (-3.0, 0.0, "flag"),
        (-14.0, 3.0, "flag"),
        (-60.0, -40.0, "flag"),
        (None, None, "pass"),
    ],
)
def test_only_extremes_of_sound_are_flagged(
    level: float | None, peak: float | None, verdict: str
) -> None:
    assert run("loudness", kind="video", sound=SoundReport(level, peak)).verdict == verdict


# --- memory and conditioning ----------------------------------------------------------------


def near(bits: int, cosine: float = 0.95, **fields: Any) -> Neighbour:
    return Neighbour(7, "private coat", bits, cosine, **{"is_private": True} | fields)


def test_a_repeated_private_picture_is_flagged_without_its_title() -> None:
    finding = run("memorisation", origin="ai", remembered=(near(4),))
    assert finding.verdict == "flag"
    assert "private coat" not in str(finding.evidence)


def test_one_of_many_alike_garments_is_no_copy() -> None:
    alike = (near(24), Neighbour(8, "", 26, 0.95, is_training=True))
    assert run("memorisation", origin="ai", remembered=alike).verdict == "pass"
    alone = (near(24), Neighbour(8, "", 110, 0.3, is_training=True))
    assert run("memorisation", origin="ai", remembered=alone).verdict == "flag"


def test_another_colour_of_the_same_cut_is_no_copy() -> None:
    assert run("memorisation", origin="ai", remembered=(near(20, 0.5),)).verdict == "pass"


def test_what_was_not_compared_goes_to_a_person_and_uploads_pass() -> None:
    assert run("memorisation", origin="ai").verdict == "cannot_tell"
    assert run("memorisation", origin="human").verdict == "pass"


def test_a_private_ingredient_of_somebody_else_is_flagged() -> None:
    assert run("conditioning", private_ingredients=(3,)).verdict == "flag"
    assert run("conditioning", conditioned_on=1).verdict == "pass"
