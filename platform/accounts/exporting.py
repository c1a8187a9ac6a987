"""Everything Weft knows of a person, as one JSON document, and what goes when they leave.

Each app adds its part from its own layer, in a module `personal_data.py` that is found at start.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User

FORMAT = 1
CHUNK_ROWS = 1000
Rows = Callable[[User], Iterable[dict[str, Any]]]
Eraser = Callable[[User], None]


@dataclass(frozen=True)
class Part:
    """One kind of rows in the export: a name, what it holds in words, and how to read it."""

    name: str
    about: str
    rows: Rows


_parts: dict[str, Part] = {}
_erasers: dict[str, Eraser] = {}


def register_part(name: str, about: str, rows: Rows) -> None:
    """Add a part to every export; a name that is taken is replaced (modules may load twice)."""
    _parts[name] = Part(name, about, rows)


def register_eraser(name: str, erase: Eraser) -> None:
    """Add what must happen before a person's row goes. It must be safe to repeat."""
    _erasers[name] = erase


def list_parts() -> list[Part]:
    """Return all parts, by name."""
    return [_parts[name] for name in sorted(_parts)]


def list_erasers() -> list[Eraser]:
    """Return what must happen before a person's row goes, by name."""
    return [_erasers[name] for name in sorted(_erasers)]


def plain_rows(rows: QuerySet[Any], *fields: str) -> Iterator[dict[str, Any]]:
    """Yield rows as dicts of these fields, oldest first, without loading them all at once."""
    yield from rows.order_by("pk").values(*fields).iterator(chunk_size=CHUNK_ROWS)


def write_export(user: User, file: IO[bytes]) -> None:
    """Write the person's data as JSON, row by row, so that a long history fits into memory."""
    head = {
        "format": FORMAT,
        "made_at": timezone.now(),
        "person": user.username,
        "about": {part.name: part.about for part in list_parts()},
    }
    file.write(_json(head)[:-1].encode())
    for part in list_parts():
        file.write(f", {_json(part.name)}: [".encode())
        for number, row in enumerate(part.rows(user)):
            file.write(("," if number else "").encode() + b"\n" + _json(row).encode())
        file.write(b"]")
    file.write(b"}\n")


def _json(value: Any) -> str:
    # Vectors come as arrays of numpy's own numbers.
    return json.dumps(value, cls=_Encoder, ensure_ascii=False)


class _Encoder(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        if hasattr(o, "tolist"):
            return o.tolist()
        return super().default(o)
