"""Measurements of parity between groups, kept and laid out for a page, a file and an API."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.utils import timezone

from dashboard.fairness import measure_fairness
from dashboard.models import FairnessMeasurement

# Longer than a year nobody compares with.
KEPT = timedelta(days=400)
SHOWN = 14
SECTIONS = (
    ("exposure", "Who is shown", "impressions for each published item"),
    ("creation_success", "Whose creations succeed", "of settled creations succeeded"),
)
COLUMNS = ("measured_at", "grouped_by", "section", "group", *("value", "low", "high", "people"))
# The plot's width, in units of its own.
WIDTH = 100.0


@dataclass(frozen=True)
class Row:
    """One group's figure, and where it lies in the plot (units of `WIDTH`)."""

    group: str
    value: float | None
    low: float | None
    high: float | None
    people: int
    over_all: float | None
    dot: float = 0.0
    start: float = 0.0
    length: float = 0.0
    # "more", "less" or "" where the interval holds everybody's figure; None without an interval.
    differs: str | None = None


@dataclass(frozen=True)
class Section:
    """A figure by group, with everybody's as a line in the plot."""

    name: str
    title: str
    unit: str
    rows: list[Row]
    everybody: float | None
    line: float


@dataclass(frozen=True)
class FairnessPage:
    """What the page shows of one measurement, and the flip rates of those before it."""

    measurement: FairnessMeasurement
    sections: list[Section]
    diversity: Mapping[str, Any]
    pairs: int
    flip_percent: float
    flipped: list[list[str]]
    earlier: list[tuple[FairnessMeasurement, float, float | None]]


def keep_measurement(groups: Mapping[int, str] | None = None) -> FairnessMeasurement:
    """Measure now and keep it; what is older than `KEPT` goes."""
    figures = measure_fairness(groups)
    FairnessMeasurement.objects.filter(measured_at__lt=timezone.now() - KEPT).delete()
    return FairnessMeasurement.objects.create(grouped_by=figures["grouped_by"], figures=figures)


def read_page(pk: int | None = None) -> FairnessPage | None:
    """Return the newest measurement, or that of `pk`, laid out; None where there is none."""
    rows = FairnessMeasurement.objects.all()
    found = rows.filter(pk=pk).first() if pk is not None else rows.first()
    if found is None:
        return None
    figures = found.figures
    pairs = figures["counterfactual"]
    return FairnessPage(
        measurement=found,
        sections=[_section(name, title, unit, figures) for name, title, unit in SECTIONS],
        diversity=figures["diversity"],
        pairs=pairs["pairs"],
        flip_percent=100 * pairs["flip_rate"],
        flipped=pairs["flipped"][:10],
        earlier=[_short(one) for one in rows[:SHOWN]],
    )


def as_csv(measurement: FairnessMeasurement) -> str:
    """Return every figure of a measurement as a line of its own."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS)
    when = measurement.measured_at.isoformat(timespec="seconds")
    figures = measurement.figures
    for name, _, _ in SECTIONS:
        for row in figures[name]:
            cells = [_cell(row[key]) for key in ("group", "value", "low", "high", "people")]
            writer.writerow([when, measurement.grouped_by, name, *cells])
    pairs, diversity = figures["counterfactual"], figures["diversity"]
    for name, value, many in (
        ("flip_rate", pairs["flip_rate"], pairs["pairs"]),
        ("diversity_vendi", diversity["vendi"], diversity["items"]),
    ):
        writer.writerow([when, measurement.grouped_by, name, "", _cell(value), "", "", many])
    return written.getvalue()


def _cell(value: Any) -> str:
    """Return a value as text; a leading sign that a spreadsheet would run is made harmless."""
    text = "" if value is None else str(value)
    harmful = isinstance(value, str) and text[:1] in {"=", "+", "-", "@"}
    return f"'{text}" if harmful else text


def _section(name: str, title: str, unit: str, figures: Mapping[str, Any]) -> Section:
    kept = figures[name]
    everybody = next((row["value"] / row["over_all"] for row in kept if row["over_all"]), None)
    ends = [row["high"] or row["value"] or 0.0 for row in kept] + [everybody or 0.0]
    most = max(ends) * 1.05 or 1.0
    rows = [_row(row, everybody, most) for row in kept]
    return Section(name, title, unit, rows, everybody, WIDTH * (everybody or 0.0) / most)


def _row(row: Mapping[str, Any], everybody: float | None, most: float) -> Row:
    value, low, high = row["value"], row["low"], row["high"]
    plain = Row(row["group"], value, low, high, row["people"], row["over_all"])
    if value is None:
        return plain
    dot = WIDTH * value / most
    if low is None or high is None or everybody is None:
        return replace(plain, dot=dot)
    differs = "more" if low > everybody else "less" if high < everybody else ""
    start, length = WIDTH * low / most, WIDTH * (high - low) / most
    return replace(plain, dot=dot, start=start, length=length, differs=differs)


def _short(one: FairnessMeasurement) -> tuple[FairnessMeasurement, float, float | None]:
    """Return a measurement with its flip rate in per cent and its widest exposure over all."""
    ratios = [row["over_all"] for row in one.figures["exposure"] if row["over_all"]]
    widest = max(ratios, key=lambda ratio: max(ratio, 1 / ratio)) if ratios else None
    return one, 100 * one.figures["counterfactual"]["flip_rate"], widest
