"""The words in which /verify/ answers: layers, outcomes and what each of them means."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from catalog.models import Item
from moderation.core import manifest, watermark
from moderation.models import Mark

OUTCOMES = {
    "ours": (
        "AI, from Weft",
        "Made or changed by AI on Weft: the file carries our mark.",
    ),
    "ours_not_ai": (
        "From Weft, with its history",
        "Weft delivered this file and kept the history it came with. Weft's AI did not change it.",
    ),
    "transplanted": (
        "Mark on the wrong picture",
        "Warning: this file carries our mark, but it shows something else than the item that the "
        "mark stands for. The mark was probably copied onto it.",
    ),
    "tampered": (
        "Changed after signing",
        "This file has a signed manifest that does not hold: it was changed after signing.",
    ),
    "foreign_ai": (
        "Declared as AI by its maker",
        "Not from Weft. Whoever signed this file says that AI made or changed it.",
    ),
    "foreign": (
        "Signed by somebody else",
        "This file has a whole manifest from somebody else. It says nothing of AI.",
    ),
    "looks_like": (
        "Looks like an AI item",
        "No mark of ours was found, but it looks like an AI item on Weft.",
    ),
    "not_specified": (
        "Not specified",
        "Not specified: no mark of ours was found. This proves nothing: marks can be lost, and "
        "most files never had one.",
    ),
}
_RELATIONS = {"parentOf": "made from", "inputTo": "shown as an example", "componentOf": "contains"}


@dataclass(frozen=True)
class Layer:
    """One layer of marks: found, not found, or in the way; with a sentence."""

    name: str
    state: str
    sentence: str


@dataclass(frozen=True)
class VerifyReport:
    """What was found. `outcome` is a key of `OUTCOMES`."""

    outcome: str
    layers: tuple[Layer, ...]
    # What the manifest says of the file's history, a sentence each.
    history: tuple[str, ...] = ()
    # The item, when everybody may see it.
    item: Item | None = field(default=None)

    @property
    def title(self) -> str:
        return OUTCOMES[self.outcome][0]

    @property
    def sentence(self) -> str:
        return OUTCOMES[self.outcome][1]

    def as_dict(self) -> dict[str, Any]:
        """Return the report for the API."""
        return {
            "outcome": self.outcome,
            "sentence": self.sentence,
            "layers": [vars(layer) for layer in self.layers],
            "history": list(self.history),
            "item": self.item.pk if self.item else None,
        }


def manifest_layer(report: manifest.ManifestReport) -> Layer:
    """Return what is to be said of a manifest: trusted, untrusted, invalid or none."""
    name, who = "Signed manifest", report.issuer or "somebody"
    said = "made or changed by AI" if report.says_ai else "nothing of AI"
    match report.state:
        case manifest.State.VALID:
            sentence = "Trusted. Signed by Weft and unchanged since."
            return Layer(name, "found", f"{sentence} It says: {said}.")
        case manifest.State.KNOWN:
            sentence = f"Trusted. Signed by {who}, who is on our list, and unchanged since."
            return Layer(name, "trusted", f"{sentence} It says: {said}.")
        case manifest.State.UNTRUSTED if report.has_run_out:
            sentence = f"Unchanged, but the certificate of {who} has run out since it was signed."
            return Layer(name, "foreign", f"{sentence} It says: {said}.")
        case manifest.State.UNTRUSTED:
            sentence = (
                f"Untrusted, which is not invalid. It is whole, and signed by {who}, whom we "
            )
            sentence += "do not know. That says nothing against it."
            return Layer(name, "foreign", f"{sentence} It says: {said}.")
        case manifest.State.INVALID:
            sentence = "Invalid. Present, but the file was changed since it was signed."
            return Layer(name, "invalid", sentence)
    return Layer(name, "absent", "None. Screenshots and many sites remove it.")


def history_of(report: manifest.ManifestReport) -> tuple[str, ...]:
    """Return what a whole manifest says of how the file came about; nothing of a broken one."""
    if not report.is_whole:
        return ()
    lines = []
    model = report.model or {}
    if report.generator:
        lines.append(f"Written by {report.generator}.")
    if model.get("name"):
        lines.append(f"Generator: {model['name']}, revision {model.get('version') or 'unknown'}.")
    if model.get("training_data"):
        lines.append(f"Learned from: {model['training_data']}")
    liked = (report.conditions or {}).get("liked_items")
    if isinstance(liked, int) and liked > 0:
        lines.append(f"Guided by {liked} liked item{'s' if liked != 1 else ''}, named nowhere.")
    if report.actions:
        done = ", ".join(action.removeprefix("c2pa.") for action in report.actions[:8])
        lines.append(f"Done to it: {done}.")
    lines.append(_time_line(report))
    lines += [_source_line(one) for one in report.ingredients]
    return tuple(line[:300] for line in lines)


def _time_line(report: manifest.ManifestReport) -> str:
    """Return who says when it was signed: an authority, or nobody but the signer."""
    try:
        moment = datetime.fromisoformat(report.stamped_at).astimezone(UTC)
    except ValueError:
        return "No time stamp: nobody but its signer says when it was signed."
    who = "an authority we know" if report.stamp_is_trusted else "an authority we do not know"
    return f"Signed at or before {moment:%-d %B %Y, %H:%M} UTC, says the time stamp of {who}."


def _source_line(one: manifest.IngredientReport) -> str:
    how = _RELATIONS.get(one.relationship, "with")
    line = f"{how.capitalize()} “{one.title or 'untitled'}”"
    if not one.has_manifest:
        return f"{line}, which had no manifest."
    by = ", ".join(part for part in (one.generator, one.issuer) if part) or "somebody"
    return f"{line}, whose own manifest ({by}) is kept{' and says AI' if one.says_ai else ''}."


def watermark_layer(read: watermark.Detection, mark: Mark | None) -> Layer:
    """Return what is to be said of the invisible mark."""
    numbers = f"z {read.z:.1f}"
    if mark is not None:
        how = " in a cropped or resized copy" if abs(read.scale - 1.0) > 0.02 else ""
        return Layer("Watermark", "found", f"Our invisible mark was read{how} ({numbers}).")
    if read.found:
        return Layer(
            "Watermark", "unknown", f"A mark of ours whose item no longer exists ({numbers})."
        )
    return Layer("Watermark", "absent", f"No invisible mark of ours was found ({numbers}).")
