"""What the checks of truth, rights and domain catch, what they flag wrongly, what they cost.

    PYTHONPATH=platform:. python benchmarks/checks_f4_f7.py PHOTOGRAPHS VIDEOS

PHOTOGRAPHS is a folder of pictures, VIDEOS one of films. Facts are those that ship with Weft: the
rules were written on one half, "test" is the other. Limits of the picture checks were set on the
first 60 photographs; here the others are used. Prints and writes results/checks_f4_f7.json.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from fact_corruption import corruptions, load_facts, names_of, paraphrases, sentences
from record import write_result

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
SETTING_UP = 60
UNRELATED_PAIRS = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("videos", type=Path)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    import django

    django.setup()
    photographs = _photographs(options.photographs, options.pictures)
    figures = {
        "facts": {half: facts(half, options.seed) for half in ("develop", "test")},
        "sums": sums(options.seed),
        "near_duplicates": near_duplicates(photographs, options.seed),
        "pictures": pictures(photographs, options.seed),
        "videos": videos(options.videos),
        "milliseconds_per_picture": picture_times(photographs[:40]),
    }
    print(json.dumps(figures, indent=1, ensure_ascii=False))
    write_result("checks_f4_f7", figures)


def facts(half: str, seed: int) -> dict[str, Any]:
    """Corrupted and faithful sentences of one half of the facts, held against all facts."""
    from moderation.core.facts.holding import SourcePassage, hold

    shipped = load_facts(ROOT / "platform" / "knowledge" / "starter")
    passages = [SourcePassage(one.text, place, one.title) for place, one in enumerate(shipped)]
    names, lot = names_of(shipped), np.random.default_rng(seed)
    verdicts: dict[str, Counter[str]] = {}
    wrong: list[str] = []
    for fact in (one for one in shipped if one.half == half):
        for sentence in sentences(fact):
            for rule, text in paraphrases(sentence):
                verdict = hold(text, passages).verdict
                verdicts.setdefault("faithful", Counter())[verdict] += 1
                if verdict == "refuted":
                    wrong.append(f"{rule}: {text}")
            for operator, text in corruptions(sentence, names, lot):
                verdicts.setdefault(operator, Counter())[hold(text, passages).verdict] += 1
    corrupted = sum((verdicts[one] for one in verdicts if one != "faithful"), Counter())
    faithful = verdicts["faithful"]
    return {
        "by_operator": {name: dict(count) for name, count in verdicts.items()},
        "corrupted": corrupted.total(),
        "caught": round(corrupted["refuted"] / corrupted.total(), 4),
        "faithful": faithful.total(),
        "false_alarms": round(faithful["refuted"] / faithful.total(), 4),
        "falsely_refuted": wrong,
    }


def sums(seed: int) -> dict[str, Any]:
    """Compositions, prices, units and days that come out, and the same with one figure changed."""
    from moderation.core.facts.sums import wrong_sums

    lot = np.random.default_rng(seed)
    good, bad = [], []
    for _ in range(200):
        share = int(lot.integers(50, 99))
        good.append(f"{share} % cotton, {100 - share} % elastane")
        bad.append(f"{share} % cotton, {100 - share + int(lot.integers(1, 30))} % elastane")
        price, off = int(lot.integers(2, 20)) * 10, int(lot.choice([10, 20, 30, 50]))
        now = price * (100 - off) / 100
        good.append(f"Was €{price}, now €{now:g}, {off} % off")
        bad.append(f"Was €{price}, now €{now:g}, {off + 15} % off")
        inches = int(lot.integers(5, 60))
        good.append(f"{inches} in ({inches * 2.54:.0f} cm)")
        bad.append(f"{inches} in ({inches * 2.54 * 1.2:.0f} cm)")
        good.append(f"Sewn on {int(lot.integers(1, 29))} February 2025")
        bad.append(f"Sewn on {int(lot.choice([30, 31]))} February 2025")
    false = [text for text in good if wrong_sums(text)]
    caught = sum(bool(wrong_sums(text)) for text in bad)
    return _figures(caught, len(bad), false, len(good))


def near_duplicates(photographs: Sequence[tuple[str, np.ndarray]], seed: int) -> dict[str, Any]:
    """Altered copies beside their originals, and pairs of different photographs, by hash alone."""
    from moderation.core.checks import CHECKS, Neighbour, ScreeningInput
    from vision import hashing

    check = next(one for one in CHECKS if one.name == "near_duplicate")

    def flags(distance: int) -> bool:
        given = ScreeningInput(pdq_quality=100, neighbours=(Neighbour(1, "", distance),))
        return check.run(given, check.threshold).verdict == "flag"

    prints = [hashing.pdq(image) for _, image in photographs]
    usable = [place for place, one in enumerate(prints) if one[1] >= hashing.MIN_QUALITY]
    recall = {}
    for name, alter in _COPIES.items():
        distances = [
            hashing.distance(prints[place][0], hashing.pdq(alter(photographs[place][1]))[0])
            for place in usable
        ]
        recall[name] = round(float(np.mean([flags(one) for one in distances])), 4)
    lot, false = np.random.default_rng(seed), 0
    for _ in range(UNRELATED_PAIRS):
        first, second = lot.choice(usable, 2, replace=False)
        false += flags(hashing.distance(prints[first][0], prints[second][0]))
    return {
        "pictures": len(usable),
        "recall": recall,
        "mean_recall": round(float(np.mean(list(recall.values()))), 4),
        "false": false,
        "unrelated_pairs": UNRELATED_PAIRS,
    }


def pictures(photographs: Sequence[tuple[str, np.ndarray]], seed: int) -> dict[str, Any]:
    """Photographs and drawn garments as they are, and spoiled as each check is to notice."""
    from demo.calibration import drawn_inputs
    from moderation.core.checks import CHECKS, ScreeningInput

    by_name = {check.name: check for check in CHECKS}
    drawn = [(f"drawn {place}", one) for place, one in enumerate(drawn_inputs(120, seed))]
    shot = [
        (name, ScreeningInput(still=image, width=image.shape[1], height=image.shape[0]))
        for name, image in photographs
    ]

    def spoil(change: Callable[[np.ndarray], np.ndarray]) -> list[ScreeningInput]:
        from dataclasses import replace

        return [replace(one, still=change(one.still)) for _, one in [*drawn, *shot]]

    def measure(check_name: str, bad: Sequence[ScreeningInput], good: Sequence[Any]) -> Any:
        check = by_name[check_name]
        false = [n for n, one in good if check.run(one, check.threshold).verdict == "flag"]
        caught = sum(check.run(one, check.threshold).verdict in {"flag", "block"} for one in bad)
        return _figures(caught, len(bad), false, len(good))

    found = {
        f"artefacts: {name}": measure("artefacts", spoil(change), [*drawn, *shot])
        for name, change in _SPOILED.items()
    }
    blurred = spoil(lambda image: cv2.GaussianBlur(image, (0, 0), 8))
    found["clarity: out of focus"] = measure("clarity", blurred, [*drawn, *shot])
    found["colour_distance: another colour asked"] = measure(
        "colour_distance", list(_asked_otherwise(drawn, seed)), drawn
    )
    found["whole_garment: cut through"] = measure("whole_garment", list(_cut(drawn)), drawn)
    return found


def videos(folder: Path) -> dict[str, Any]:
    """Pieces of films as they are, and frozen, black, flickering; and what one look costs."""
    from media.course import CourseWriter
    from media.looking import look_at
    from moderation.core.checks import CHECKS, ScreeningInput

    check = next(one for one in CHECKS if one.name == "running")
    pieces = [
        (f"{path.name} {place}", piece)
        for path in sorted(folder.iterdir())
        if path.suffix in {".mp4", ".mkv", ".webm"}
        for place, piece in enumerate(_pieces(path))
    ]

    def flags(piece: Sequence[np.ndarray]) -> bool:
        course = CourseWriter()
        for place, frame in enumerate(piece):
            course.see(frame, place / 25)
        given = ScreeningInput(kind="video", course=course.finish())
        return check.run(given, check.threshold).verdict == "flag"

    spoiled: dict[str, Callable[[Sequence[np.ndarray]], Sequence[np.ndarray]]] = {
        "frozen": lambda piece: [piece[0]] * len(piece),
        "black": lambda piece: [frame // 40 for frame in piece],
        "flickering": lambda piece: [
            (frame * (0.85 if place % 2 else 1.0)).astype(np.uint8)
            for place, frame in enumerate(piece)
        ],
    }
    false = [name for name, piece in pieces if flags(piece)]
    found = {
        name: _figures(sum(flags(change(piece)) for _, piece in pieces), len(pieces), false)
        for name, change in spoiled.items()
    }
    cost = []
    for path in sorted(folder.glob("*.mp4")):
        data = path.read_bytes()
        decoding, seconds = _timed(lambda p=path: sum(1 for _ in _decode(p))), _seconds(path)
        looking = _timed(lambda d=data: look_at(d))
        cost.append(
            {
                "video": path.name,
                "seconds": round(seconds, 1),
                "decode_ms_per_second": round(decoding / seconds, 2),
                "look_ms_per_second": round(looking / seconds, 2),
                "times": round(looking / decoding, 2),
            }
        )
    return {**found, "cost": cost}


def picture_times(photographs: Sequence[tuple[str, np.ndarray]]) -> dict[str, float]:
    """Median milliseconds of each check that looks at the picture, and of decoding it."""
    from moderation.core.checks import CHECKS, ScreeningInput

    names = ("clarity", "artefacts", "whole_garment", "colour_distance")
    found = {}
    for check in (one for one in CHECKS if one.name in names):
        taken = [
            _timed(
                lambda image=image, check=check: check.run(
                    ScreeningInput(origin="ai", still=image, asked_colours=("red",), request="x"),
                    check.threshold,
                )
            )
            for _, image in photographs
        ]
        found[check.name] = round(float(np.median(taken)), 2)
    coded = [cv2.imencode(".jpg", image)[1] for _, image in photographs]
    decoding = [_timed(lambda data=data: cv2.imdecode(data, 1)) for data in coded]
    found["decode"] = round(float(np.median(decoding)), 2)
    return found


_COPIES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "jpeg 30": lambda image: _jpeg(image, 30),
    "half size": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5),
    "brighter": lambda image: cv2.convertScaleAbs(image, alpha=1.25, beta=10),
    "grey": lambda image: np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[:, :, None], 3, 2),
    "blurred": lambda image: cv2.GaussianBlur(image, (0, 0), 2),
    "cropped by 2 %": lambda image: image[
        image.shape[0] // 100 : -image.shape[0] // 100,
        image.shape[1] // 100 : -image.shape[1] // 100,
    ],
    "noisy": lambda image: np.clip(
        image + np.random.default_rng(1).normal(0, 12, image.shape), 0, 255
    ).astype(np.uint8),
    "other tint": lambda image: np.clip(image * np.array([1.15, 1.0, 0.85]), 0, 255).astype(
        np.uint8
    ),
}
_SPOILED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "jpeg 10": lambda image: _jpeg(image, 10),
    "posterised": lambda image: (image // 14 * 14).astype(np.uint8),
    "smoothed": lambda image: cv2.GaussianBlur(image, (0, 0), 4),
}


def _jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _asked_otherwise(drawn: Sequence[Any], seed: int) -> Iterator[Any]:
    """The same pictures as if a colour had been asked for that looks quite different."""
    from dataclasses import replace

    from common.vocabulary import COLOURS
    from vision.relevance import share_of_colour

    lot = np.random.default_rng(seed)
    for _, one in drawn:
        far = [name for name in COLOURS if share_of_colour(name, one.measured_colours) == 0]
        if far:
            yield replace(one, asked_colours=(str(lot.choice(far)),))


def _cut(drawn: Sequence[Any]) -> Iterator[Any]:
    """The same pictures cut through the garment's middle."""
    from dataclasses import replace

    for _, one in drawn:
        yield replace(one, still=np.ascontiguousarray(one.still[: one.still.shape[0] // 2]))


def _figures(
    caught: int, bad: int, false: Sequence[str], good: int | None = None
) -> dict[str, Any]:
    good = bad if good is None else good
    return {
        "recall": round(caught / bad, 4),
        "bad": bad,
        "precision": round(caught / max(caught + len(false), 1), 4),
        "false_rate": round(len(false) / good, 4),
        "good": good,
        "false_positives": list(false)[:20],
    }


def _photographs(folder: Path, count: int) -> list[tuple[str, np.ndarray]]:
    paths = sorted(one for one in folder.rglob("*") if one.suffix.lower() in {".jpg", ".png"})
    found = []
    for path in paths[SETTING_UP : SETTING_UP + count]:
        image = cv2.imread(str(path))
        if image is not None:
            found.append((path.name, cv2.cvtColor(image, cv2.COLOR_BGR2RGB)))
    return found


def _decode(path: Path) -> Iterator[Any]:
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "SLICE"
        yield from container.decode(*container.streams.video, *container.streams.audio)


def _seconds(path: Path) -> float:
    with av.open(str(path)) as container:
        return float(container.duration or 0) / av.time_base


def _pieces(path: Path, seconds: int = 5, most: int = 8) -> Iterator[list[np.ndarray]]:
    """Yield stretches of a film's frames, made small."""
    piece: list[np.ndarray] = []
    with av.open(str(path)) as container:
        for frame in container.decode(container.streams.video[0]):
            piece.append(frame.reformat(32, 24, "rgb24").to_ndarray())
            if len(piece) == seconds * 25:
                yield piece
                piece, most = [], most - 1
            if most == 0:
                return


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
