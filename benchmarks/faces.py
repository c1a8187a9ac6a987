"""Recall and precision of faces on real footage: what the check finds, what the blur covers.

    PYTHONPATH=platform:. python benchmarks/faces.py [--data ../shared/data] [--photographs 150]

Labels: `faces.json`, boxes drawn by hand, in shares of width and height. Settings of detector and
tracks were chosen on `gesture-walk` and `gesture-book` alone; all others are held out. `check` is
`find_faces` on the labelled frame: found when a box covers half of the label. `blur` is what the
"Blur faces" tool covers at that moment, after the whole neighbourhood of the frame was looked at.
Boxes that touch no label are false positives, and each is named. Photographs of garments, drawn by
lot, show how often the check stops what shows nobody: finds are named, and those in `real` are
faces (of a person or a print) after a look at them.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform"), str(Path(__file__).parent)]

from record import write_result  # noqa: E402

from dashboard.intervals import wilson  # noqa: E402
from vision.face_tracks import FaceTracks  # noqa: E402
from vision.faces import Box, find_faces  # noqa: E402

KINDS = ("faces", "aside", "partial")
CHOSEN_ON = ("gesture-walk.mkv", "gesture-book.mkv")
COVERED, TOUCHED = 0.5, 0.2
# Looks further from a labelled frame than this change nothing there.
AROUND_S = 1.3
Labels = dict[str, dict[str, list[Box]]]


def main() -> None:
    """Run all and write results/faces.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--photographs", type=int, default=150)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    known = json.loads((ROOT / "benchmarks" / "faces.json").read_text())
    rows = {
        name: measure_video(options.data / "videos" / name, labels)
        for name, labels in known["videos"].items()
    }
    figures: dict[str, Any] = {"videos": {name: _figures([row]) for name, row in rows.items()}}
    figures["held_out"] = _figures([row for name, row in rows.items() if name not in CHOSEN_ON])
    figures["photographs"] = measure_photographs(options, set(known["real"]))
    print(json.dumps(figures, indent=1))
    print(write_result("faces", figures))


def measure_video(path: Path, labels: Labels) -> dict[str, Any]:
    """Return (labels found, labels) of each kind by check and by blur, and what was no face."""
    tracks, checked, times = FaceTracks(), {}, {}
    with av.open(str(path)) as container:
        rate = float(container.streams.video[0].average_rate or 25)
        near = [int(name) / rate for name in labels]
        for number, frame in enumerate(container.decode(video=0)):
            now = number / rate
            if not any(abs(now - one) <= AROUND_S for one in near):
                continue
            is_labelled, is_due = str(number) in labels, tracks.wants(now)
            if is_labelled or is_due:
                pixels = frame.to_ndarray(format="rgb24")
                if is_due:
                    tracks.look(pixels, now)
                if is_labelled:
                    started = time.process_time()
                    checked[str(number)] = find_faces(pixels)
                    times[str(number)] = (now, 1000 * (time.process_time() - started))
    tracks.finish()
    blurred = {name: tracks.at(now) for name, (now, _) in times.items()}
    return {
        "check": _judged(path.name, labels, checked),
        "blur": _judged(path.name, labels, blurred),
        "frames": len(labels),
        "ms": [ms for _, ms in times.values()],
    }


def _judged(video: str, labels: Labels, found: dict[str, list[Box]]) -> dict[str, Any]:
    hits = {kind: [0, 0] for kind in KINDS}
    wrong, right = [], 0
    for name, entry in labels.items():
        boxes = found.get(name, [])
        for kind in KINDS:
            for label in entry.get(kind, []):
                hits[kind][1] += 1
                hits[kind][0] += any(covered(label, box) >= COVERED for box in boxes)
        everything = [label for labels_of in entry.values() for label in labels_of]
        for box in boxes:
            if any(covered(label, box) > TOUCHED for label in everything):
                right += 1
            else:
                wrong.append(f"{video} frame {name}: {[round(side, 2) for side in box]}")
    return {"hits": hits, "right": right, "false_positives": wrong}


def covered(label: Box, box: Box) -> float:
    """Return the share of a label that lies within a box."""
    width = min(label[0] + label[2], box[0] + box[2]) - max(label[0], box[0])
    height = min(label[1] + label[3], box[1] + box[3]) - max(label[1], box[1])
    return max(0.0, width) * max(0.0, height) / (label[2] * label[3])


def _figures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "frames": sum(row["frames"] for row in rows),
        "check_ms": round(float(np.median([ms for row in rows for ms in row["ms"]])), 1),
    }
    for way in ("check", "blur"):
        judged = [row[way] for row in rows]
        wrong = [one for row in judged for one in row["false_positives"]]
        right = sum(row["right"] for row in judged)
        made[way] = {
            "recall": {kind: _share(row["hits"][kind] for row in judged) for kind in KINDS},
            "precision": _share([(right, right + len(wrong))]),
            "false_positives": wrong,
        }
    return made


def _share(pairs: Iterable[Iterable[int]]) -> dict[str, Any]:
    found, total = (int(one) for one in np.sum([tuple(pair) for pair in pairs], axis=0))
    interval = wilson(found, total)
    return {
        "of": f"{found} of {total}",
        "share": interval.value and round(interval.value, 3),
        "from": interval.low and round(interval.low, 3),
        "to": interval.high and round(interval.high, 3),
    }


def measure_photographs(options: argparse.Namespace, real: set[str]) -> dict[str, Any]:
    """Return in how many photographs of garments the check sees a face, each named."""
    paths = sorted((options.data / "wardrobe" / "images").glob("*.jpg"))
    chosen = np.random.default_rng(11).permutation(len(paths))[: options.photographs]
    found = {}
    for index in sorted(chosen):
        with Image.open(paths[index]) as picture:
            boxes = find_faces(np.asarray(picture.convert("RGB")))
        if boxes:
            found[paths[index].name] = [[round(side, 2) for side in box] for box in boxes]
    wrong = {name: boxes for name, boxes in found.items() if name not in real}
    return {
        "photographs": len(chosen),
        "with_a_find": len(found),
        "false_positives": wrong,
        "false_alarm": _share([(len(wrong), len(chosen))]),
    }


if __name__ == "__main__":
    main()
