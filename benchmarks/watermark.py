"""The watermark's figures: what it survives, false accepts, times; beside dwtDctSvd.

    PYTHONPATH=platform:. python benchmarks/watermark.py images ../shared/data/wardrobe/images
    PYTHONPATH=platform:. python benchmarks/watermark.py unmarked ../shared/data/wardrobe/images
    PYTHONPATH=platform:. python benchmarks/watermark.py videos ../shared/data/videos
    PYTHONPATH=platform:. python benchmarks/watermark.py averaging ../shared/data/wardrobe/images
    PYTHONPATH=platform:. python benchmarks/watermark.py times

Each part is a section of results/watermark.json and goes on where it was stopped. Pictures are
marked at the first strength (42 dB, SSIM .985) and never more strongly, so a mark that does not
hold counts as lost. The scheme was adjusted on photographs of even number; these have odd numbers.
The other library (invisible-watermark, 48 bits, no checksum) is looked for in --other FOLDER, where
`pip install --no-deps --target FOLDER invisible-watermark PyWavelets` puts it; without the option
its earlier table stays, which holds as long as pictures and attacks do.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from record import RESULTS, write_result
from watermark_attacks import ATTACKS, cropped
from watermark_averaging import measure_averaging
from watermark_video import measure_videos

from moderation.core import watermark

KEY = watermark.derive_key("a secret of the benchmark", "1")
BITS = 48
EVERY = 10
PARTS = ("images", "unmarked", "videos", "times", "averaging")


def main() -> None:
    """Measure one part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("folder", type=Path, nargs="?", default=None)
    parser.add_argument("--count", type=int, default=0, help="pictures (300) or crops (10,000)")
    parser.add_argument("--poses", type=int, default=8, help="poses searched in unmarked crops")
    parser.add_argument("--other", type=Path, help="folder with invisible-watermark")
    parser.add_argument("--other-every", type=int, default=3, help="measure it on every nth")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    if arguments.part == "times":
        store("times", times())
        return
    if arguments.folder is None or not arguments.folder.is_dir():
        print("skipped: the folder is absent")
        return
    if arguments.part == "images":
        other = load_other(arguments.other) if arguments.other else None
        measure_images(arguments.folder, arguments.count or 300, other, arguments.other_every)
    elif arguments.part == "unmarked":
        measure_unmarked(arguments.folder, arguments.count or 10_000, arguments.poses)
    elif arguments.part == "averaging":
        pictures = [load(path) for path in test_files(arguments.folder)[: arguments.count or 200]]
        store("averaging", measure_averaging(pictures, KEY))
    else:
        store("videos", measure_videos(arguments.folder, KEY))


def stored(part: str) -> dict[str, Any]:
    """Return what was measured of a part so far."""
    path = RESULTS / "watermark.json"
    return json.loads(path.read_text()).get(part, {}) if path.exists() else {}


def store(part: str, figures: dict[str, Any]) -> None:
    """Replace one section of the results."""
    path = RESULTS / "watermark.json"
    # Two parts may run at once.
    with (Path(tempfile.gettempdir()) / "weft-benchmark-watermark.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        old = json.loads(path.read_text()) if path.exists() else {}
        write_result(
            "watermark", {**{name: old[name] for name in PARTS if name in old}, part: figures}
        )


def test_files(folder: Path) -> list[Path]:
    """Return the photographs of odd number in a fixed random order."""
    files = sorted(folder.glob("*.jpg"))
    order = np.random.default_rng(1).permutation(len(files))
    return [files[at] for at in order if at % 2 == 1]


def load(path: Path) -> np.ndarray:
    """Return a picture file as RGB."""
    return np.ascontiguousarray(np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR))[..., ::-1])


def measure_images(folder: Path, count: int, other: Any, other_every: int) -> None:
    """Mark, attack and read `count` photographs; write the share read exactly."""
    done = stored("images")
    rows: dict[str, list[Any]] = done.get("rows", {"weft": [], "dwtDctSvd": []})
    earlier = done.get("tables", {})
    for number, path in enumerate(test_files(folder)[:count]):
        if number < len(rows["weft"]):
            continue
        image = load(path)
        payload = int(np.random.default_rng(number).integers(0, 1 << BITS))
        marked = watermark.embed_at(image, payload, KEY, watermark.STRENGTHS[0])
        rows["weft"].append(attacked(image, marked, lambda one, p=payload: _reads(one, p)))
        if other is not None and number % other_every == 0:
            rows["dwtDctSvd"].append(
                attacked(
                    image, other.mark(image, payload), lambda one, p=payload: other.reads(one, p)
                )
            )
        if (number + 1) % EVERY == 0:
            store("images", {"tables": {**earlier, **tables(rows)}, "rows": rows})
            print(number + 1, flush=True)
    # Rows are only for going on; the tables are what is kept.
    store("images", {"tables": {**earlier, **tables(rows)}, "finished": True})


def _reads(image: np.ndarray, payload: int) -> bool:
    return watermark.detect(np.ascontiguousarray(image), KEY).payload == payload


def attacked(image: np.ndarray, marked: np.ndarray, reads: Any) -> list[float]:
    """Return PSNR, SSIM, SSIM by colour and, for every attack, 1 where the payload was read."""
    likeness = (watermark.psnr(image, marked), ssim(image, marked), colour_ssim(image, marked))
    return [round(one, 5) for one in likeness] + [
        int(reads(attack(marked))) for attack in ATTACKS.values()
    ]


def tables(rows: dict[str, list[Any]]) -> dict[str, Any]:
    """Return the table of every library that was measured."""
    return {name: table(measured) for name, measured in rows.items() if measured}


def table(rows: list[list[float]]) -> dict[str, Any]:
    """Return means over pictures."""
    values = np.array(rows)
    recovered = {name: round(float(values[:, at + 3].mean()), 3) for at, name in enumerate(ATTACKS)}
    return {
        "pictures": len(rows),
        "psnr_mean": round(float(values[:, 0].mean()), 2),
        "psnr_least": round(float(values[:, 0].min()), 2),
        "ssim_mean": round(float(values[:, 1].mean()), 4),
        "ssim_least": round(float(values[:, 1].min()), 4),
        # The other library writes into colour alone, which SSIM of the brightness does not see.
        "ssim_of_red_green_blue_mean": round(float(values[:, 2].mean()), 4),
        "exact_recovery": recovered,
    }


def measure_unmarked(folder: Path, count: int, poses: int) -> None:
    """Search random crops of unmarked photographs; every accept is false."""
    done = stored("unmarked").get(f"{poses} poses", {})
    tried, accepts = done.get("crops", 0), done.get("false_accepts", 0)
    gate, highest = done.get("past_the_gate", 0), done.get("highest_z", 0.0)
    files = test_files(folder)
    for number in range(tried, count):
        rng = np.random.default_rng([7, number])
        image = load(files[number % len(files)])
        part = cropped(float(rng.uniform(0.6, 1.0)))(image)
        read = watermark.detect(np.ascontiguousarray(part), KEY, poses=poses)
        accepts += read.found
        gate += read.z >= watermark.PILOT_GATE
        highest = max(highest, read.z)
        if (number + 1) % 200 == 0 or number + 1 == count:
            figures = {
                "crops": number + 1,
                "false_accepts": int(accepts),
                "past_the_gate": int(gate),
                "highest_z": round(float(highest), 2),
            }
            store("unmarked", {**stored("unmarked"), f"{poses} poses": figures})
            print(figures, flush=True)


def times() -> dict[str, Any]:
    """Return milliseconds of processor and wall time at 1920x1080, medians of five."""
    rng = np.random.default_rng(2)
    small = rng.normal(128, 45, (108, 192, 3)).astype(np.float32)
    image = cv2.resize(small, (1920, 1080), interpolation=cv2.INTER_CUBIC)
    picture = np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)
    marked = watermark.embed(picture, 1, KEY)
    return {
        "embed_ms": _timed(lambda: watermark.embed(picture, 1, KEY)),
        "detect_marked_ms": _timed(lambda: watermark.detect(marked, KEY)),
        "detect_unmarked_as_it_is_ms": _timed(lambda: watermark.detect(picture, KEY, search=False)),
        "detect_unmarked_full_search_ms": _timed(lambda: watermark.detect(picture, KEY)),
    }


def _timed(action: Any) -> dict[str, float]:
    processor, wall = [], []
    for _ in range(5):
        begun, begun_wall = time.process_time(), time.perf_counter()
        action()
        processor.append(time.process_time() - begun)
        wall.append(time.perf_counter() - begun_wall)
    return {
        "processor": round(1000 * float(np.median(processor)), 1),
        "wall": round(1000 * float(np.median(wall)), 1),
    }


def ssim(first: np.ndarray, second: np.ndarray) -> float:
    """Return SSIM of the brightness (Wang et al. 2004: Gaussian window of 1.5, K .01 and .03)."""
    a, b = (
        (cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) if one.ndim == 3 else one).astype(np.float64)
        for one in (first, second)
    )
    mean_a, mean_b = _window(a), _window(b)
    var_a, var_b = _window(a * a) - mean_a**2, _window(b * b) - mean_b**2
    both = _window(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean_a * mean_b + c1) * (2 * both + c2)
    return float((top / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean())


def colour_ssim(first: np.ndarray, second: np.ndarray) -> float:
    """Return the mean SSIM of red, green and blue."""
    return float(np.mean([ssim(first[..., at], second[..., at]) for at in range(3)]))


def _window(values: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(values, (11, 11), 1.5)


class DwtDctSvd:
    """invisible-watermark's strongest classical method with 48 bits."""

    def __init__(self, encoder: Any, decoder: Any) -> None:
        self._encoder, self._decoder = encoder, decoder

    def mark(self, image: np.ndarray, payload: int) -> np.ndarray:
        encoder = self._encoder()
        encoder.set_watermark("bits", _bits(payload))
        marked = encoder.encode(np.ascontiguousarray(image[..., ::-1]), "dwtDctSvd")
        return np.ascontiguousarray(marked[..., ::-1])

    def reads(self, image: np.ndarray, payload: int) -> bool:
        if image.shape[0] * image.shape[1] < 256 * 256:
            return False
        decoder = self._decoder("bits", BITS)
        read = decoder.decode(np.ascontiguousarray(image[..., ::-1]), "dwtDctSvd")
        return [int(bit) for bit in read] == _bits(payload)


def _bits(payload: int) -> list[int]:
    return [(payload >> at) & 1 for at in range(BITS)]


def load_other(folder: Path) -> DwtDctSvd:
    """Return the other library from where it was installed for this run."""
    sys.path.append(str(folder))
    from imwatermark import WatermarkDecoder, WatermarkEncoder  # type: ignore[import-not-found]

    return DwtDctSvd(WatermarkEncoder, WatermarkDecoder)


if __name__ == "__main__":
    main()
