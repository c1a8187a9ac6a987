"""Tables as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evaluation.statistics import NOT_MEASURED, Comparison, Interval

LEVEL = 0.01


@dataclass(frozen=True)
class Verdict:
    """Whether one row lies above another in one column."""

    better: str
    worse: str
    column: str
    comparison: Comparison
    # The orderings that must hold; the others are the paper's too, but are only reported.
    required: bool = True
    # Less is better of a distance: then the difference is worse minus better.
    relation: str = ">"

    @property
    def holds(self) -> bool:
        return self.comparison.holds(LEVEL)

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {
            "better": self.better,
            "worse": self.worse,
            "column": self.column,
            "difference": self.comparison.difference.as_dict(),
            "p": self.comparison.p,
            "relation": self.relation,
            "required": self.required,
            "holds": self.holds,
        }


@dataclass
class Table:
    """Rows of figures; `digits` after the point."""

    title: str
    columns: list[str]
    rows: dict[str, dict[str, Interval]] = field(default_factory=dict)
    digits: int = 4
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {
            "title": self.title,
            "rows": {
                name: {column: cell.as_dict() for column, cell in cells.items()}
                for name, cells in self.rows.items()
            },
            "notes": self.notes,
        }


@dataclass
class Result:
    """What one run of the command found."""

    name: str
    table: Table
    verdicts: list[Verdict]
    controls: list[Table]
    facts: dict[str, Any]

    @property
    def orderings_hold(self) -> bool:
        """Whether all required orderings hold."""
        return all(verdict.holds for verdict in self.verdicts if verdict.required)

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {
            "evaluation": self.name,
            "table": self.table.as_dict(),
            "orderings": [verdict.as_dict() for verdict in self.verdicts],
            "orderings_hold": self.orderings_hold,
            "controls": [control.as_dict() for control in self.controls],
            **self.facts,
        }

    def as_text(self) -> str:
        """Return everything as aligned plain text."""
        parts = [_table_text(self.table), _verdicts_text(self.verdicts)]
        parts += [_table_text(control) for control in self.controls]
        return "\n\n".join(part for part in parts if part) + "\n"


def _table_text(table: Table) -> str:
    header = ["", *table.columns, "n"]
    lines = [header]
    for name, cells in table.rows.items():
        shown = [_cell(cells.get(column, NOT_MEASURED), table.digits) for column in table.columns]
        most = max((cell.n for cell in cells.values()), default=0)
        lines.append([name, *shown, str(most) if most else "-"])
    return "\n".join([table.title, *_aligned(lines), *table.notes])


def _cell(interval: Interval, digits: int) -> str:
    if not np.isfinite(interval.value):
        return "-"
    half = (interval.high - interval.low) / 2
    return f"{interval.value:.{digits}f} ±{half:.{digits}f}"


def _verdicts_text(verdicts: list[Verdict]) -> str:
    if not verdicts:
        return ""
    lines = [["ordering", "column", "difference (95 %)", "p", ""]]
    for one in verdicts:
        gap = one.comparison.difference
        word = f"holds p<{LEVEL:.2f}".replace("0.", ".") if one.holds else "does not hold"
        lines.append(
            [
                f"{one.better} {one.relation} {one.worse}",
                one.column,
                f"{gap.value:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}]",
                f"{one.comparison.p:.4f}",
                word if one.required else f"{word} (only reported)",
            ]
        )
    return "\n".join(_aligned(lines))


def _aligned(lines: Iterable[list[str]]) -> list[str]:
    rows = list(lines)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
