"""What the manifest inside a file says, and whether it can be believed.

Four answers that must not be mixed up: whole and signed by us or by somebody we know; whole and
signed by somebody we do not know ("untrusted", which says nothing against the file); changed after
signing or forged ("invalid"); none.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import c2pa

from moderation.core.authority import Keys

_CODES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
COMPOSITE = f"{_CODES}compositeWithTrainedAlgorithmicMedia"
SOURCE_TYPES = {"ai": f"{_CODES}trainedAlgorithmicMedia", "ai_assisted": COMPOSITE}
# Others write these too.
_AI_TYPES = {*SOURCE_TYPES.values(), f"{_CODES}algorithmicMedia", f"{_CODES}compositeSynthetic"}
_UNKNOWN_SIGNER = "signingCredential.untrusted"
# The signer's certificate has run out since. Nobody changed the file.
_RUN_OUT = frozenset({"signingCredential.expired", "claimSignature.outsideValidity"})
MAX_INGREDIENTS = 12
MAX_TEXT = 200


class State(StrEnum):
    VALID = "valid"  # whole, signed by us
    KNOWN = "known"  # whole, signed by somebody on our list of trust
    UNTRUSTED = "untrusted"  # whole and correctly signed, by somebody whom we do not know
    INVALID = "invalid"
    ABSENT = "absent"


@dataclass(frozen=True)
class IngredientReport:
    """One source that a manifest names, and what that source's own manifest says."""

    title: str
    relationship: str
    generator: str = ""
    issuer: str = ""
    says_ai: bool = False
    has_manifest: bool = False


@dataclass(frozen=True)
class ManifestReport:
    """What a file's manifest says and whether it can be believed."""

    state: State
    issuer: str = ""
    title: str = ""
    generator: str = ""
    source_type: str = ""
    actions: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    # Model, revision and what it learned from; how many liked items were used. As we wrote them.
    model: dict[str, str] | None = None
    conditions: dict[str, Any] | None = None
    ingredients: tuple[IngredientReport, ...] = ()
    has_run_out: bool = False
    # When a time-stamping authority saw the signature, in ISO 8601; "" without a stamp that holds.
    stamped_at: str = ""
    # Whether that authority is one we know.
    stamp_is_trusted: bool = False

    @property
    def says_ai(self) -> bool:
        return self.source_type in _AI_TYPES

    @property
    def is_whole(self) -> bool:
        return self.state in {State.VALID, State.KNOWN, State.UNTRUSTED}


def read(data: bytes, mime: str, keys: Keys) -> ManifestReport:
    """Return what the file's manifest says; a file without one is `absent`, not an error."""
    try:
        report = _report(json.loads(_read_json(data, mime, keys)))
        if report.state == State.VALID and keys.known_anchors:
            alone = replace(keys, known_anchors="")
            ours = _report(json.loads(_read_json(data, mime, alone))).state == State.VALID
            report = report if ours else replace(report, state=State.KNOWN)
    except c2pa.C2paError as error:
        if _is_none(error):
            return ManifestReport(State.ABSENT)
        return ManifestReport(State.INVALID, problems=(str(error)[:MAX_TEXT],))
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        # Anything may stand in a stranger's manifest, also what no reader expects.
        return ManifestReport(State.INVALID, problems=(f"unreadable: {error}"[:MAX_TEXT],))
    return report


def digest(data: bytes, mime: str, keys: Keys) -> str:
    """Return a SHA-256 that names the file's manifest, or "" when it has none.

    Of what the manifest says and its signature, not of our verdict: rotating keys changes nothing.
    """
    try:
        store = json.loads(_read_json(data, mime, keys))
    except (c2pa.C2paError, ValueError):
        return ""
    store.pop("validation_status", None)
    kept = {"active": store.get("active_manifest"), "manifests": store.get("manifests")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def settings_of(keys: Keys) -> dict[str, Any]:
    """Return how the library is set: our trust, no network, no thumbnails."""
    anchors = "\n".join(part for part in (keys.own_anchors, keys.known_anchors) if part)
    return {
        "version": 1,
        "trust": {"user_anchors": anchors},
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True},
        "builder": {"thumbnail": {"enabled": False}},
    }


def _is_none(error: c2pa.C2paError) -> bool:
    said = f"{type(error).__name__} {error}"
    return any(word in said for word in ("ManifestNotFound", "NotSupported", "JumbfNotFound"))


def _read_json(data: bytes, mime: str, keys: Keys) -> str:
    with (
        c2pa.Context.from_dict(settings_of(keys)) as context,
        c2pa.Reader(mime, io.BytesIO(data), context=context) as reader,
    ):
        return reader.json()


def _report(store: dict[str, Any]) -> ManifestReport:
    manifests = store.get("manifests") or {}
    active = manifests.get(store.get("active_manifest", ""), {})
    codes = {str(entry.get("code", "")) for entry in store.get("validation_status") or []}
    has_run_out = bool(codes & _RUN_OUT)
    wrong = sorted(codes - _RUN_OUT - {_UNKNOWN_SIGNER})
    if wrong or (store.get("validation_state") == "Invalid" and not has_run_out):
        state = State.INVALID
    elif codes or store.get("validation_state") != "Trusted":
        state = State.UNTRUSTED
    else:
        state = State.VALID
    return ManifestReport(
        state=state,
        issuer=_issuer(active),
        title=_text(active.get("title")),
        generator=_generator(active),
        source_type=_source_type(active),
        actions=tuple(_text(action.get("action")) for action in _actions(active)),
        problems=tuple(wrong),
        model=_data(active, "org.weft.model"),
        conditions=_data(active, "org.weft.conditions"),
        ingredients=_ingredients(active, manifests),
        has_run_out=has_run_out,
        **_time_stamp(store, active),
    )


def _time_stamp(store: dict[str, Any], active: dict[str, Any]) -> dict[str, Any]:
    """Return what stands of a time stamp; one that does not fit the signature is none."""
    found = (store.get("validation_results") or {}).get("activeManifest") or {}
    codes = {str(entry.get("code", "")) for entry in found.get("success") or []}
    if "timeStamp.validated" not in codes:
        return {}
    return {
        "stamped_at": _text((active.get("signature_info") or {}).get("time")),
        "stamp_is_trusted": "timeStamp.trusted" in codes,
    }


def _ingredients(active: dict[str, Any], manifests: dict[str, Any]) -> tuple[IngredientReport, ...]:
    found = []
    for one in (active.get("ingredients") or [])[:MAX_INGREDIENTS]:
        own = manifests.get(one.get("active_manifest") or "", {})
        found.append(
            IngredientReport(
                title=_text(one.get("title")),
                relationship=_text(one.get("relationship")),
                generator=_generator(own),
                issuer=_issuer(own),
                says_ai=_source_type(own) in _AI_TYPES,
                has_manifest=bool(own),
            )
        )
    return tuple(found)


def _actions(active: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        action
        for assertion in active.get("assertions") or []
        if str(assertion.get("label", "")).startswith("c2pa.actions")
        for action in (assertion.get("data") or {}).get("actions", [])
    ]


def _source_type(active: dict[str, Any]) -> str:
    types = (action.get("digitalSourceType") for action in _actions(active))
    return next((_text(one) for one in types if one), "")


def _data(active: dict[str, Any], label: str) -> dict[str, Any] | None:
    assertions = active.get("assertions") or []
    found = next((one.get("data") for one in assertions if one.get("label") == label), None)
    return found if isinstance(found, dict) else None


def _issuer(active: dict[str, Any]) -> str:
    return _text((active.get("signature_info") or {}).get("issuer"))


def _generator(active: dict[str, Any]) -> str:
    named = active.get("claim_generator_info") or [{}]
    return _text(named[0].get("name") or active.get("claim_generator"))


def _text(value: Any) -> str:
    return "" if value is None else str(value)[:MAX_TEXT]
