"""How well the embedded instructor decides, on dialogues that were written and labelled by hand.

    PYTHONPATH=platform:. python benchmarks/instructor.py [--split NAME|all] [--errors]

Accuracy per field over all turns with 95 % Wilson intervals, for the development dialogues (dev,
fresh, second: rules may be mended by what fails there) and the held-out ones (never mended by), by
phenomenon, with the rules alone and with the small model beside them, over a corpus that covers
nothing and one that covers everything. Latency per turn without a database. Needs no Django.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform"), str(ROOT / "benchmarks")]

from record import write_result  # noqa: E402

from common.errors import DomainError  # noqa: E402
from recommender.core.instructor import EmbeddedEngine  # noqa: E402
from recommender.core.talk import Talk, read_turn  # noqa: E402

DIALOGUES = ROOT / "tests" / "recommender" / "dialogues"
SPLITS = ("dev", "fresh", "second", "heldout")
FIELDS = ("action", "kind", "type", "colors", "unwanted", "reference", "pattern", "style")
COVERAGES = {"nothing": (0, 0), "everything": (6, 6)}
Z = 1.959964


@dataclass
class Tally:
    """Right answers per field, by phenomenon and together; what failed; seconds per turn."""

    right: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    by_phenomenon: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    failures: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def main() -> None:
    """Print the tables and write results/instructor.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=[*SPLITS, "all"], default="all")
    parser.add_argument(
        "--errors", action="store_true", help="print what failed, held-out ones apart"
    )
    options = parser.parse_args()
    splits = list(SPLITS) if options.split == "all" else [options.split]
    figures: dict[str, Any] = {}
    for split in splits:
        dialogues = read_dialogues(split)
        figures[split] = {"dialogues": len(dialogues), **compare(split, dialogues, options.errors)}
    if options.split == "all":
        print(f"\nwritten to {write_result('instructor', figures)}")


def read_dialogues(split: str) -> list[dict[str, Any]]:
    """Return the dialogues of one split."""
    lines = (DIALOGUES / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def compare(split: str, dialogues: list[dict[str, Any]], errors: bool) -> dict[str, Any]:
    """Measure every engine over every corpus and print one table each."""
    found: dict[str, Any] = {}
    for engine_name, uses_model in (("rules", False), ("rules and model", True)):
        for corpus, coverage in COVERAGES.items():
            tally = measure(dialogues, uses_model, coverage)
            found[f"{engine_name}, corpus covers {corpus}"] = summary(tally)
            print(f"\n{split}: {engine_name}, corpus covers {corpus}; {len(dialogues)} dialogues")
            print_table(tally)
            if errors and split != "heldout" and uses_model:
                print("\n".join(tally.failures))
    return found


def measure(dialogues: list[dict[str, Any]], uses_model: bool, coverage: tuple[int, int]) -> Tally:
    """Hold every dialogue and count which fields came out as labelled."""
    engine = EmbeddedEngine(uses_model=uses_model)
    Talk(engine, lambda state: coverage).say(read_turn('{"text": "warm up"}'))
    tally = Tally()
    for dialogue in dialogues:
        talk = Talk(engine, lambda state: coverage)
        for turn in dialogue["turns"]:
            line = json.dumps({k: v for k, v in turn.items() if k != "want"})
            started = time.perf_counter()
            answer = answer_of(talk, line)
            tally.seconds.append(time.perf_counter() - started)
            score(dialogue, turn, answer, tally)
    return tally


def answer_of(talk: Talk, line: str) -> dict[str, Any]:
    """Return the decision, or an empty one where the turn was refused."""
    try:
        return talk.say(read_turn(line))
    except DomainError as error:
        return {"action": "error", "reply": str(error)}


def score(
    dialogue: dict[str, Any], turn: dict[str, Any], answer: dict[str, Any], tally: Tally
) -> None:
    """Compare one answer with its label; fields without a label are not counted."""
    wrong = []
    for name, accepted in turn["want"].items():
        got = value_of(answer, name)
        right = got in accepted
        tally.right[name].append(right)
        if name in FIELDS[:6]:
            tally.by_phenomenon[dialogue["phenomenon"]].append(right)
        if not right:
            wrong.append(f"{name} {got!r}, not {accepted!r}")
    if wrong:
        tally.failures.append(f"  {dialogue['id']} {turn['text']!r}: " + "; ".join(wrong))


def value_of(answer: dict[str, Any], name: str) -> Any:
    """Return a field of a decision in the form of the labels."""
    attributes = answer.get("attributes") or {}
    if name == "unwanted":
        return sorted(set(flat(answer.get("unwanted") or {})))
    if name == "colors":
        return sorted(attributes.get("colors") or [])
    if name in {"type", "pattern"}:
        return attributes.get(name)
    if name == "reference":
        return answer.get("reference") or []
    return answer.get(name)


def flat(values: Any) -> Iterator[str]:
    """Yield every word in a nest of lists and objects."""
    if isinstance(values, str):
        yield values
    elif isinstance(values, dict):
        yield from flat(list(values.values()))
    elif isinstance(values, list):
        for value in values:
            yield from flat(value)


def wilson(right: list[bool]) -> tuple[float, float, float]:
    """Return the share and its 95 % interval (Wilson 1927)."""
    n = len(right)
    share = sum(right) / n
    centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * np.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return share, float(centre - half), float(centre + half)


def summary(tally: Tally) -> dict[str, Any]:
    """Return the figures of one run, for the JSON file."""
    fields = {}
    for name in FIELDS:
        if tally.right[name]:
            share, low, high = wilson(tally.right[name])
            fields[name] = {
                "accuracy": round(share, 4),
                "interval": [round(low, 4), round(high, 4)],
                "n": len(tally.right[name]),
            }
    phenomena = {k: round(sum(v) / len(v), 4) for k, v in sorted(tally.by_phenomenon.items())}
    p50, p95 = np.percentile(tally.seconds, [50, 95]) * 1000
    return {
        "fields": fields,
        "by_phenomenon": phenomena,
        "p50_ms": round(float(p50), 2),
        "p95_ms": round(float(p95), 2),
    }


def print_table(tally: Tally) -> None:
    """Print the figures of one run."""
    figures = summary(tally)
    for name, row in figures["fields"].items():
        low, high = row["interval"]
        print(f"  {name:10s} {row['accuracy']:.3f}  [{low:.3f}, {high:.3f}]  n={row['n']}")
    weak = [f"{k} {v:.2f}" for k, v in figures["by_phenomenon"].items() if v < 1]
    print("  by phenomenon, where not perfect: " + (", ".join(weak) or "none"))
    print(f"  per turn: p50 {figures['p50_ms']:.1f} ms, p95 {figures['p95_ms']:.1f} ms")


if __name__ == "__main__":
    main()
