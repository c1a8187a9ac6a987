"""Choosing for one person from a video's frames: the thumbnail (eq. 1) and the clip (eq. 2).

GeneRec (ACM TOIS 2024), section 5.1. Symbols: f_θ(v_i) is row i of `frames`, t* is `user`. All rows
have length 1, so that a dot product is a cosine. numpy only: web processes import this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# A mean this short points nowhere: the liked items cancel each other out.
LEAST_LENGTH = 1e-6
# How far an end of a clip may move to meet a scene's edge, in sampling steps.
SNAP_STEPS = 1.5
# A frame with less than this share of what the median frame shows is dull.
LEAST_DETAIL = 0.6


@dataclass(frozen=True)
class Window:
    """Frames `start` up to, not including, `stop`, and their mean score."""

    start: int
    stop: int
    score: float


def user_vector(liked: np.ndarray, *, normalise_first: bool = True) -> np.ndarray | None:
    """Return t* of eq. 1, (D,) of length 1: the mean of the liked thumbnails' vectors.

    liked: (M, D). The paper leaves open whether f_θ(t_i) has length 1; the authors' code averages
    raw vectors and normalises the mean. Here each counts the same by default: a raw vector's length
    says how sure an encoder is of a picture, not how much a person likes it. The final scaling
    changes no argmax. None without likes, or where they cancel out.
    """
    rows = np.asarray(liked, dtype=np.float32)
    if rows.ndim != 2:
        raise ValueError(f"liked must be (M, D), got {rows.shape}")
    if not len(rows):
        return None
    if normalise_first:
        rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), LEAST_LENGTH)
    mean = rows.mean(axis=0)
    length = float(np.linalg.norm(mean))
    return mean / length if length > LEAST_LENGTH else None


def users_without(liked: np.ndarray, own: Sequence[int | None]) -> np.ndarray:
    """Return one t* per video, (V, D), each without the liked item that is the video itself.

    liked: (M, D) of length 1. own: for each video its row in `liked`, None if it is not there. A
    person who liked a video would else be shown its own thumbnail for that reason alone. A row is
    zero where nothing is left.
    """
    total = liked.sum(axis=0)
    rows = np.stack([total if at is None else total - liked[at] for at in own])  # (V, D)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(length > LEAST_LENGTH, rows / np.maximum(length, LEAST_LENGTH), 0.0)


def best_frame(scores: np.ndarray, allowed: np.ndarray | None = None) -> tuple[int, float]:
    """Return j = argmax_i t*ᵀ f_θ(v_i) (eq. 1) and its score; of equals the earliest.

    scores: (N,). allowed: (N,) bool, frames that may be chosen; all by default.
    """
    if not len(scores) or (allowed is not None and not allowed.any()):
        raise ValueError("there is no frame to choose from")
    if allowed is not None:
        scores = np.where(allowed, scores, -np.inf)
    best = int(np.argmax(scores))
    return best, float(scores[best])


def select_frame(
    frames: np.ndarray, user: np.ndarray, allowed: np.ndarray | None = None
) -> tuple[int, float]:
    """Return j = argmax_i t*ᵀ f_θ(v_i) (eq. 1) and its score. frames: (N, D), user: (D,)."""
    return best_frame(frames @ user, allowed)


def window_scores(scores: np.ndarray, length: int) -> np.ndarray:
    """Return the mean score of every window of `length` frames: (N - length + 1,).

    scores: (N,) t*ᵀ f_θ(v_i). Eq. 2 scores a clip by t*ᵀ c with c the mean of its frames, which is
    the mean of their scores. Every window is whole: none runs over the end, as they do in the
    authors' code, where a sum then puts the last ones at a disadvantage.
    """
    if length < 1:
        raise ValueError(f"a window has at least one frame, got {length}")
    if length > len(scores):
        raise ValueError(f"{len(scores)} frames hold no window of {length}")
    sums = np.concatenate([[0.0], np.cumsum(scores, dtype=np.float64)])
    return (sums[length:] - sums[:-length]) / length


def best_window(scores: np.ndarray, length: int, details: Sequence[float] = ()) -> Window:
    """Return the window of `length` frames with the best mean score (eq. 2), earliest of equals.

    scores: (N,) t*ᵀ f_θ(v_i). A video with fewer frames than that is one window. details: (N,) how
    much there is to see in each frame; one far duller than the rest counts as the farthest of all,
    as the direction of a blank wall's vector means nothing.
    """
    if not len(scores):
        raise ValueError("there is no frame to choose from")
    length = min(length, len(scores))
    counted = scores
    if len(details) == len(scores):
        shown = np.asarray(details)
        is_dull = shown < LEAST_DETAIL * float(np.median(shown))
        counted = np.where(is_dull, scores.min(), scores)
    best = int(np.argmax(window_scores(counted, length)))
    return Window(best, best + length, float(scores[best : best + length].mean()))


def select_window(
    frames: np.ndarray, user: np.ndarray, length: int, details: Sequence[float] = ()
) -> Window:
    """Return the window of `length` frames nearest to the person. frames: (N, D), user: (D,)."""
    return best_window(frames @ user, length, details)


def window_span(
    window: Window, times: Sequence[float], scene_starts: Sequence[float], length_s: float
) -> tuple[float, float]:
    """Return the seconds that a window of samples stands for, cut at scene edges that are near.

    times: (N,) seconds of the samples, evenly apart; each stands for the step around it.
    """
    step = times[1] - times[0] if len(times) > 1 else 2 * times[0]
    start = max(0.0, times[window.start] - step / 2)
    end = min(length_s, times[window.stop - 1] + step / 2)
    edges = [0.0, *scene_starts, length_s]
    start, end = snap(start, end, edges, SNAP_STEPS * step)
    return round(start, 2), round(end, 2)


def snap(
    start_s: float, end_s: float, edges: Sequence[float], reach_s: float
) -> tuple[float, float]:
    """Return the span with each end moved to the nearest scene edge within `reach_s` seconds.

    An end without an edge near stays. Never shrinks the span below half of what it was.
    """
    start, end = _nearest(start_s, edges, reach_s), _nearest(end_s, edges, reach_s)
    return (start, end) if end - start >= (end_s - start_s) / 2 else (start_s, end_s)


def _nearest(moment: float, edges: Sequence[float], reach_s: float) -> float:
    near = [edge for edge in edges if abs(edge - moment) <= reach_s]
    return min(near, key=lambda edge: abs(edge - moment), default=moment)
