"""Licences that an uploader can name, and what each allows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Terms:
    """What a licence allows and asks for. `edits`: others may change it."""

    title: str
    edits: bool
    commercial: bool
    attribution: bool = False
    same_licence: bool = False


LICENCES: dict[str, Terms] = {
    "own": Terms("I made it", edits=False, commercial=True),
    "permission": Terms("I have permission", edits=False, commercial=True),
    "cc0": Terms("CC0 or public domain", edits=True, commercial=True),
    "cc_by": Terms("CC BY", edits=True, commercial=True, attribution=True),
    "cc_by_sa": Terms("CC BY-SA", True, True, attribution=True, same_licence=True),
    "cc_by_nd": Terms("CC BY-ND", edits=False, commercial=True, attribution=True),
    "cc_by_nc": Terms("CC BY-NC", edits=True, commercial=False, attribution=True),
    "cc_by_nc_sa": Terms("CC BY-NC-SA", True, False, attribution=True, same_licence=True),
    "cc_by_nc_nd": Terms("CC BY-NC-ND", edits=False, commercial=False, attribution=True),
}
CHOICES = tuple((code, terms.title) for code, terms in LICENCES.items())
