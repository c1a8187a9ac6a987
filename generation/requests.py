"""From "change this" to the mode that does it: shared by the studio and the chat."""

from __future__ import annotations

import dataclasses
import re

from catalog.models import Item
from common.backdrops import is_about_background
from common.guidance import Edit, Guidance, Kind, Mode
from common.tools import tool_of

REMOVE = re.compile(r"\b(remove|erase|delete|take (out|away|off)|get rid of|without the)\b", re.I)


def as_edit(guidance: Guidance, source: Item, *, changes: bool) -> Guidance:
    """Return the guidance with the mode, kind and edit that this change of `source` needs.

    changes: whether the words change attributes (colour, pattern, garment) and not a style alone.
    A style alone keeps every outline; other changes of a video revise its frames.
    """
    # Of a conversation only the last message names the change; the others were carried out.
    words = guidance.turns[-1] if guidance.turns else guidance.instruction
    edit = guidance.edit or name_edit(words, painted=bool(guidance.mask_png))
    if source.kind == Item.Kind.VIDEO and (tool := tool_of(words)):
        kind: Kind = "image" if tool == "thumbnail" else "video"
        return dataclasses.replace(guidance, mode=tool, kind=kind, edit="")
    if source.kind == Item.Kind.VIDEO:
        mode: Mode = "style" if guidance.style and not changes else "revise"
        return dataclasses.replace(guidance, mode=mode, kind="video", edit="")
    if guidance.style and not (changes or edit):
        return dataclasses.replace(guidance, mode="style", kind="image", edit="")
    return dataclasses.replace(guidance, mode="edit", kind="image", edit=edit)


def name_edit(instruction: str, *, painted: bool) -> Edit:
    """Return the edit that the words name outright, "" when it follows from the attributes.

    Removing needs a painted region: words alone do not say where.
    """
    if painted and REMOVE.search(instruction):
        return "remove"
    if is_about_background(instruction):
        return "background"
    return ""
