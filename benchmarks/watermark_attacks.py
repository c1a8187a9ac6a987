"""What pictures live through between our site and somebody's check, as functions on RGB arrays."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

Attack = Callable[[np.ndarray], np.ndarray]


def jpeg(quality: int) -> Attack:
    """Saved as JPEG."""
    return lambda image: _coded(image, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality])


def webp(quality: int) -> Attack:
    """Saved as WebP."""
    return lambda image: _coded(image, ".webp", [cv2.IMWRITE_WEBP_QUALITY, quality])


def _coded(image: np.ndarray, suffix: str, options: list[int]) -> np.ndarray:
    _, data = cv2.imencode(suffix, image[..., ::-1], options)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1]


def resized(factor: float) -> Attack:
    """Scaled, and handed over at the new size."""
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return lambda image: cv2.resize(image, None, fx=factor, fy=factor, interpolation=way)


def cropped(share: float) -> Attack:
    """A part with `share` of both sides, off the centre."""

    def attack(image: np.ndarray) -> np.ndarray:
        rows, cols = (int(side * share) for side in image.shape[:2])
        top, left = int((image.shape[0] - rows) * 0.37), int((image.shape[1] - cols) * 0.61)
        return image[top : top + rows, left : left + cols]

    return attack


def brightened(factor: float) -> Attack:
    """Every value times a factor."""
    return lambda image: np.clip(image * factor, 0, 255).astype(np.uint8)


def contrasted(factor: float) -> Attack:
    """Every distance from mid-grey times a factor."""
    return lambda image: np.clip((image - 128.0) * factor + 128.0, 0, 255).astype(np.uint8)


def grey(image: np.ndarray) -> np.ndarray:
    """Without colour."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def turned(degrees: float) -> Attack:
    """Turned about its centre; the corners are filled by reflection."""

    def attack(image: np.ndarray) -> np.ndarray:
        height, width = image.shape[:2]
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        return cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REFLECT)

    return attack


def screenshot(image: np.ndarray) -> np.ndarray:
    """Cropped to 92 %, shown at 80 % and saved as JPEG 70."""
    return jpeg(70)(resized(0.8)(cropped(0.92)(image)))


def resaved(image: np.ndarray) -> np.ndarray:
    """Saved twice at the same everyday quality."""
    return jpeg(75)(jpeg(75)(image))


ATTACKS: dict[str, Attack] = {
    "none": lambda image: image,
    "JPEG 50": jpeg(50),
    "JPEG 30": jpeg(30),
    "WebP 50": webp(50),
    "resized 0.5": resized(0.5),
    "resized 2": resized(2.0),
    "cropped 70 %": cropped(0.7),
    "brightness +30 %": brightened(1.3),
    "brightness -30 %": brightened(0.7),
    "contrast +30 %": contrasted(1.3),
    "contrast -30 %": contrasted(0.7),
    "greyscale": grey,
    "mirrored": lambda image: image[:, ::-1],
    "turned +5": turned(5.0),
    "turned -5": turned(-5.0),
    "screenshot": screenshot,
    "re-saved (JPEG 75 twice)": resaved,
}
