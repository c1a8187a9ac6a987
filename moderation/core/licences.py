"""Which licence allows what: a table, and what follows for something made of several things.

What somebody makes of a picture needs the right to change it, and a site that earns money the right
to use it commercially. Licences hold along the whole line of ancestors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from common.licences import LICENCES, Terms

# What an uploader gives out themselves binds others, not them.
_HELD_BY_UPLOADER = frozenset(("own",))


@dataclass(frozen=True)
class Ingredient:
    """Something an item was made from. `same_owner`: its owner made this too; `allows_edits`: its
    owner lets others change it, or was asked and agreed.
    """

    item_id: int
    licence: str
    same_owner: bool = False
    allows_edits: bool = False
    visible: bool = True


def problems(
    licence: str, ingredients: Sequence[Ingredient], *, commercial: bool
) -> list[dict[str, object]]:
    """Return what the licences forbid: {item_id, licence, problem}; item_id None for itself."""
    found: list[dict[str, object]] = []
    own = LICENCES.get(licence)
    if own is not None and commercial and not own.commercial:
        found.append(_problem(None, licence, "may not be used where money is earned"))
    if own is not None and not own.edits and licence.startswith("cc_") and ingredients:
        found.append(_problem(None, licence, "was changed, which it forbids"))
    for one in ingredients:
        terms = LICENCES.get(one.licence)
        if terms is None:
            if not (one.same_owner or one.allows_edits):
                found.append(_problem(one.item_id, one.licence, "has no licence that we know"))
            continue
        found += [
            _problem(one.item_id, one.licence, text)
            for text in _breaches(one, terms, licence, commercial)
        ]
    return found


def _breaches(one: Ingredient, terms: Terms, licence: str, commercial: bool) -> list[str]:
    holds_rights = one.same_owner and one.licence in _HELD_BY_UPLOADER
    if holds_rights:
        return []
    found = []
    personal = one.licence in {"own", "permission"}
    may_edit = terms.edits or one.allows_edits or (one.same_owner and personal)
    # A permission given here cannot widen what a stranger's licence forbids.
    if one.licence.startswith("cc_") and not terms.edits:
        may_edit = False
    if not may_edit:
        found.append("does not allow changes")
    if commercial and not terms.commercial:
        found.append("may not be used where money is earned")
    if terms.same_licence and licence not in {"", one.licence}:
        found.append("asks for the same licence on what is made of it")
    if terms.attribution and not one.visible:
        found.append("asks for its author to be named, and can no longer be seen")
    return found


def _problem(item_id: int | None, licence: str, text: str) -> dict[str, object]:
    title = LICENCES[licence].title if licence in LICENCES else "not said"
    return {"item_id": item_id, "licence": title, "problem": text}
