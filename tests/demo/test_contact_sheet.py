"""The contact sheet goes round the vocabulary and is laid out in rows."""

from __future__ import annotations

import numpy as np
import pytest
from django.core.management import call_command

from common.vocabulary import COLOURS, PATTERNS, TYPES
from demo.management.commands import contact_sheet


def test_captions_cover_every_type_colour_pattern_and_both_looks():
    captions = list(contact_sheet.picture_captions(contact_sheet.SAMPLES))
    assert len(captions) == len(set(captions)) == 48
    for words in (TYPES, COLOURS, PATTERNS[1:]):
        assert all(any(f" {word}" in f" {text}" for text in captions) for word in words)
    photographs = [text for text in captions if text.startswith("photo of a ")]
    assert len(photographs) == 24


def test_sheets_are_written_with_every_sample(tmp_path, monkeypatch):
    def pictures(captions, seed, weights):
        return [np.full((640, 480, 3), 10 * index, np.uint8) for index in range(len(captions))]

    def clips(captions, seed):
        return [np.zeros((16, 160, 120, 3), np.uint8) for _ in captions]

    monkeypatch.setattr(contact_sheet, "make_pictures", pictures)
    monkeypatch.setattr(contact_sheet, "make_clips", clips)
    call_command("contact_sheet", "--out", str(tmp_path), "--samples", "10", "--clips", "2")
    import cv2

    sheet = cv2.imread(str(tmp_path / "images.png"))
    cell = 320 + contact_sheet.CAPTION_HEIGHT
    assert sheet.shape == (2 * cell, 8 * contact_sheet.CELL, 3)
    # The last row has two samples; the rest of it is blank.
    assert (sheet[cell:, 2 * contact_sheet.CELL :] == contact_sheet.PAPER).all()
    strips = cv2.imread(str(tmp_path / "clips.png"))
    assert strips.shape[1] == contact_sheet.CLIP_FRAMES * contact_sheet.CELL


def test_without_a_video_model_the_pictures_are_written_all_the_same(tmp_path, monkeypatch, capsys):
    from generation.core.backends import ModelUnavailableError

    def no_clips(captions, seed):
        raise ModelUnavailableError("The video model is missing.")

    monkeypatch.setattr(
        contact_sheet,
        "make_pictures",
        lambda captions, seed, weights: [np.zeros((640, 480, 3), np.uint8)] * len(captions),
    )
    monkeypatch.setattr(contact_sheet, "make_clips", no_clips)
    call_command("contact_sheet", "--out", str(tmp_path), "--samples", "3")
    assert (tmp_path / "images.png").is_file()
    assert not (tmp_path / "clips.png").exists()
    assert "The video model is missing." in capsys.readouterr().err


@pytest.mark.parametrize("count", [1, 12])
def test_clip_captions_differ(count):
    captions = list(contact_sheet.clip_captions(count))
    assert len(set(captions)) == count
