"""Pencil: outlines and cross-hatching in graphite on drawing paper."""

from __future__ import annotations

import cv2
import numpy as np

from generation.core.styles.cartoon import line_scale
from generation.core.styles.filters import blur, fine_grey, flatten, line_response, smoothstep
from generation.core.styles.looks import Shot
from generation.core.styles.textures import Sheet, band_noise, paper_relief, stroke_noise

PAPER = np.array([0.972, 0.962, 0.938], np.float32)
GRAPHITE = np.array([0.155, 0.155, 0.175], np.float32)
# Directions of the hatching and the tone (0 dark .. 1 light) from which each lies down.
HATCHES = ((-0.95, 0.86), (-0.62, 0.50), (0.75, 0.28))
# How much of the tone comes from the matched histogram; the rest keeps the scene's own order.
MATCHED = 0.4
# Contrast that strokes keep where the scene moves.
LEAST_STROKE = 0.12


class Pencil:
    """Tone matched to that of drawings, hatched; coherent lines; both catch the paper's relief.

    Tone: Lu, Xu & Jia 2012, "Combining sketch and tone for pencil drawing production". Hatching
    that grows with tone: Praun et al. 2001, "Real-time hatching", with noise for strokes.
    """

    def __init__(self, shot: Shot) -> None:
        self.size, self.unit, self.seed = shot.size, shot.unit, shot.seed
        self.scale = line_scale(shot, share=0.05)
        self.mix = _tone_mix(shot)
        self.tones = _tone_curve(shot, self.mix)

    def paint(self, frame: np.ndarray) -> np.ndarray:
        """Return tone (0 dark .. 1 paper) and line, (H, W, 2)."""
        flat = flatten(frame, contrast=0.08, rounds=3)
        tone = cv2.LUT(_mixed(flat, self.mix), self.tones)
        response = line_response(fine_grey(frame), width=0.85 * self.unit, coherence=5 * self.unit)
        line = smoothstep(0.22, 1.15, response / self.scale)
        return cv2.merge([blur(tone, 1.0 * self.unit), line])

    def finish(self, layers: np.ndarray, sheet: Sheet) -> np.ndarray:
        """Return the drawing: hatching where it is dark, lines, on paper."""
        tone, line = layers[..., 0], layers[..., 1]
        rest = None if sheet.rest is None else LEAST_STROKE + (1.0 - LEAST_STROKE) * sheet.rest
        relief = sheet.lay(paper_relief(self.seed, 2.0 * self.unit), self.size)
        clear = np.ones(self.size, np.float32)
        for number, (angle, lightest) in enumerate(HATCHES):
            strokes = stroke_noise(self.seed + 7 * number, angle, 75 * self.unit, 5.2 * self.unit)
            clear *= 1.0 - _hatching(tone, sheet.lay(strokes, self.size), lightest, rest)
        # A broad soft layer under the strokes, as a rubbed pencil leaves it.
        rubbed = 0.42 * np.square(1.0 - tone)
        grip = 0.28 if rest is None else 0.28 * rest
        tooth = np.clip(1.0 + grip * relief, 0.25, 1.6)
        drawn = np.clip((1.0 - clear * (1.0 - rubbed)) * tooth, 0.0, 1.0)
        pressure = sheet.lay(band_noise(self.seed + 50, 60 * self.unit), self.size)
        line = np.clip(line * (0.86 + 0.10 * pressure) * (0.4 + 0.6 * tooth), 0.0, 1.0)
        graphite = np.minimum(1.0 - (1.0 - drawn) * (1.0 - line), 0.97)[..., None]
        paper = PAPER * (1.0 + 0.012 * relief[..., None])
        return paper * (1.0 - graphite) + GRAPHITE * graphite


def _hatching(
    tone: np.ndarray, strokes: np.ndarray, lightest: float, rest: np.ndarray | None
) -> np.ndarray:
    """Return how much graphite one direction lays down; strokes widen as the tone darkens.

    Where the scene moves, strokes blend into the even tone that they amount to.
    """
    depth = np.clip((lightest - tone) * (1.0 / 0.55), 0.0, 1.0)
    edge = 1.5 - 2.3 * depth
    stroke = smoothstep(-0.55, 0.75, strokes - edge)
    if rest is not None:
        even = 1.0 / (1.0 + np.exp(1.65 * (edge + 0.1)))
        stroke = even + (stroke - even) * rest
    return stroke * (0.22 + 0.38 * depth) * smoothstep(0.0, 0.12, depth)


def _tone_mix(shot: Shot) -> np.ndarray:
    """Return (3,) weights of Lab that make this shot's tone.

    A red flower on green leaves of the same lightness must not vanish: part of the tone is the
    colour along which the shot varies most, with the sign that agrees with lightness.
    """
    lab = np.concatenate(
        [cv2.cvtColor(s, cv2.COLOR_RGB2LAB).reshape(-1, 3) for s in shot.samples]
    ).astype(np.float32)
    lab -= lab.mean(axis=0)
    spread = lab.T @ lab / len(lab)
    _, vectors = np.linalg.eigh(spread[1:, 1:])
    axis = vectors[:, -1]
    with_light = float(axis @ spread[1:, 0])
    # Undecided: warm colours come forward, so they stay light.
    sign = np.sign(with_light) if abs(with_light) > 20 else np.sign(axis.sum())
    return np.array([1.0, *(0.8 * sign * axis)], np.float32)


def _mixed(rgb: np.ndarray, mix: np.ndarray) -> np.ndarray:
    """Return (H, W) uint8 tone of (H, W, 3) uint8 by these weights of Lab."""
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    offset = -128.0 * float(mix[1] + mix[2])
    return cv2.transform(lab, np.array([[*mix, offset]], np.float32))


def _tone_curve(shot: Shot, mix: np.ndarray) -> np.ndarray:
    """Return (256,) float32: the tone that a drawing gives to each mixed grey of this shot.

    Histogram matching, part of the way, to the mixture of Lu et al.: mostly near-white paper
    (Laplacian), some middle tones (uniform), a little dark (Gaussian).
    """
    greys = np.concatenate([_mixed(sample, mix).ravel() for sample in shot.samples])
    counts = np.bincount(greys, minlength=256).astype(np.float64)
    own = (np.cumsum(counts) - 0.5 * counts) / counts.sum()
    level = np.linspace(0, 1, 256)
    paper = np.exp(-(1.0 - level) / 0.10)
    middle = ((level > 0.35) & (level < 0.88)).astype(float)
    dark = np.exp(-((level - 0.22) ** 2) / (2 * 0.11**2))
    wanted = (
        0.50 * paper / paper.sum() + 0.36 * middle / middle.sum() + 0.14 * dark / dark.sum()
    ).cumsum()
    matched = np.interp(own, wanted / wanted[-1], level)
    low, high = np.interp((0.01, 0.97), own, level)
    stretched = np.clip((level - low) / max(high - low, 0.2), 0.0, 1.0)
    return (MATCHED * matched + (1.0 - MATCHED) * stretched**0.85).astype(np.float32)
