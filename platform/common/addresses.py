"""Addresses that a page writes dozens of times: worked out once, then only the number differs."""

from __future__ import annotations

from functools import lru_cache

from django.urls import reverse

# Stands for the number; occurs in no address by itself.
_MARK = 987_654_321


def address(name: str, pk: int, *rest: str) -> str:
    """Return `reverse(name, args=[pk, *rest])`, without resolving the pattern every time."""
    before, after = _around(name, rest)
    return f"{before}{pk:d}{after}"


@lru_cache(maxsize=512)
def _around(name: str, rest: tuple[str, ...]) -> tuple[str, str]:
    before, after = reverse(name, args=[_MARK, *rest]).split(str(_MARK))
    return before, after
