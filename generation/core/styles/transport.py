"""Optimal transport between colour distributions, made into a smooth map of all colours."""

from __future__ import annotations

import numpy as np

from generation.core.styles.colour import ColourMap, group_colours, to_lab, to_rgb

# Lightness matters less than hue when deciding which colour becomes which.
LIGHTNESS_WEIGHT = 0.7


def sinkhorn(cost: np.ndarray, source: np.ndarray, target: np.ndarray, blur: float) -> np.ndarray:
    """Return the entropic transport plan (N, M) between two weighted sets of points.

    cost (N, M) at least 0; source (N,) and target (M,) are weights that sum to 1; `blur` is the
    entropy's weight in units of the cost (Cuturi 2013, "Sinkhorn distances"). Rows of the plan sum
    to `source`, columns nearly to `target`.
    """
    log_kernel = -cost / blur
    log_source, log_target = np.log(source), np.log(target)
    f, g = np.zeros(len(source)), np.zeros(len(target))
    for _ in range(200):
        g = log_target - _log_sum(log_kernel + f[:, None], axis=0)
        f = log_source - _log_sum(log_kernel + g[None, :], axis=1)
    return np.exp(log_kernel + f[:, None] + g[None, :])


def _log_sum(values: np.ndarray, axis: int) -> np.ndarray:
    top = values.max(axis=axis, keepdims=True)
    return np.log(np.exp(values - top).sum(axis=axis)) + np.squeeze(top, axis=axis)


def sliced_transport(
    source: np.ndarray, target: np.ndarray, *, rounds: int, seed: int
) -> np.ndarray:
    """Return where each source point goes, (N, D), so that they are distributed like the target.

    source (N, D), target (N, D). Each round sorts both along random orthogonal axes and moves the
    points to their counterparts (Pitié et al. 2007, "Automated colour grading using colour
    distribution transfer"; Bonneel et al. 2015, "Sliced and Radon Wasserstein barycenters").
    """
    if source.shape != target.shape:
        raise ValueError(f"need as many points: {source.shape} and {target.shape}")
    rng = np.random.default_rng(seed)
    moved = source.astype(np.float64)
    for _ in range(rounds):
        axes, _ = np.linalg.qr(rng.standard_normal((source.shape[1],) * 2))
        here, there = moved @ axes, np.sort(target @ axes, axis=0)
        step = np.empty_like(here)
        for axis in range(here.shape[1]):
            order = np.argsort(here[:, axis], kind="stable")
            step[order, axis] = there[:, axis] - here[order, axis]
        moved += step @ axes.T
    return moved.astype(np.float32)


def smooth_map(
    centres: np.ndarray, images: np.ndarray, *, width: float, keep: tuple[float, float]
) -> ColourMap:
    """Return the colour mapping that takes each centre near its image, without a jump anywhere.

    centres, images: (K, 3) Lab. A colour goes with the centres around it, weighted by a Gaussian of
    `width` (Lab units); of its own difference from them it keeps the shares `keep` of lightness and
    of colour, so that shading survives.
    """
    kept = np.array([keep[0], keep[1], keep[1]], np.float32)
    scale = np.array([LIGHTNESS_WEIGHT, 1.0, 1.0], np.float32)

    def mapping(rgb: np.ndarray) -> np.ndarray:
        lab = to_lab(rgb)
        apart = (((lab[:, None] - centres[None]) * scale) ** 2).sum(axis=2)
        near = np.exp(-(apart - apart.min(axis=1, keepdims=True)) / (2.0 * width**2))
        near /= near.sum(axis=1, keepdims=True)
        return to_rgb(near @ images + kept * (lab - near @ centres))

    return mapping


def palette_map(
    pixels: np.ndarray, colours: np.ndarray, weights: np.ndarray, *, groups: int, seed: int
) -> ColourMap:
    """Return the mapping of a shot's colours onto a palette.

    pixels: (N, 3) Lab of the shot. colours: (K, 3) Lab, weights: (K,) how much each counts. The
    shot's k-means colours are transported onto the palette at least cost; lightness mostly stays,
    or a face would become a mask.
    """
    centres, shares = group_colours(pixels, groups, seed)
    # Square roots: a plain wall must not take nearly the whole palette for itself.
    own, wanted = np.sqrt(shares), np.sqrt(np.maximum(weights, 1e-3))
    own, wanted = own / own.sum(), wanted / wanted.sum()
    scale = np.array([LIGHTNESS_WEIGHT, 1.0, 1.0])
    cost = (((centres[:, None] - colours[None]) * scale) ** 2).sum(axis=2)
    plan = sinkhorn(cost, own, wanted, blur=0.02 * float(cost.mean()) + 1e-6)
    images = (plan @ colours) / plan.sum(axis=1, keepdims=True)
    images[:, 0] = 0.55 * centres[:, 0] + 0.45 * images[:, 0]
    return smooth_map(centres, images.astype(np.float32), width=9.0, keep=(0.95, 0.35))


def grade_map(pixels: np.ndarray, target: np.ndarray, *, seed: int, groups: int = 48) -> ColourMap:
    """Return the mapping that grades a shot like another picture.

    pixels, target: (N, 3) Lab samples of the shot and of the picture, equally many. Sliced
    transport decides where each goes; groups of neighbours move together, so that no two like
    colours part.
    """
    moved = sliced_transport(pixels, target, rounds=24, seed=seed)
    centres, _ = group_colours(pixels, groups, seed)
    nearest = ((pixels[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    images = np.stack([moved[nearest == g].mean(axis=0) for g in range(len(centres))])
    return smooth_map(centres, images, width=10.0, keep=(0.9, 0.6))
