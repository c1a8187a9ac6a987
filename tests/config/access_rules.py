"""Who may do what at which address, as rules: defaults by namespace, then what differs.

A new address under a known namespace falls under its default. A kind of object that no rule of
`KINDS` knows makes the test fail until it is named there and made in `access_world`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Roles that each gate lets in.
GATES = {
    "all": ("visitor", "viewer", "uploader", "moderator", "operator"),
    "visitor": ("visitor",),
    # Moderators review what others publish and do not publish themselves.
    "publisher": ("viewer", "uploader", "operator"),
    "signed": ("viewer", "uploader", "moderator", "operator"),
    "uploader": ("uploader", "operator"),
    "moderator": ("moderator", "operator"),
    "operator": ("operator",),
}
# Gate of every address of a namespace; "" is allauth and the site's own few.
DEFAULTS = {
    "": "all",
    "feed": "signed",
    "catalog": "signed",
    "knowledge": "all",
    "accounts": "signed",
    "generation": "signed",
    "studio": "uploader",
    "moderation": "moderator",
    "dashboard": "operator",
    "api": "signed",
    "admin": "operator",
}
# What differs: pattern of "namespace:name METHOD" -> gate. The first that fits counts.
EXCEPTIONS = {
    r"feed:(page|events|why) ": "all",
    r"catalog:(item|media|frame|search) ": "all",
    r"moderation:(verify|transparency|report|receipt|trust) ": "all",
    r"moderation:(standing|own_report|statement)": "signed",
    r"moderation:(routing|policy) POST|moderation:export": "operator",
    r"api:(items?|item-why|facts|feed|schema|docs|verify|transparency) GET": "all",
    r"api:(verify|item_report) POST": "all",
    r"accounts:become-uploader": "publisher",
    r"api:dashboard-": "operator",
    r"api:fact": "operator",
    r"api:review": "moderator",
    r"api:(routing|policy|audit|audit_verify) GET": "moderator",
    r"api:(routing|policy|audit|statements )": "operator",
}
# Pattern of the route -> kind of the object that it names. The first that fits counts.
KINDS = {
    r"\^fairness/": "measurement",
    r"attachments/<int:pk>": "attachment",
    r"wishes/<int:pk>": "wish",
    r"offer/<int:pk>": "offer",
    r"asked/<int:pk>": "asked",
    r"(requests|permissions)/<int:pk>": "request",
    r"facts/sources/<int:pk>|knowledge/<int:pk>": "source",
    r"documents/<int:pk>": "document",
    r"passages/<int:pk>|^facts/<int:pk>": "passage",
    r"(cases|reviews)/<int:pk>": "case",
    r"reports/<int:pk>": "report",
    r"(items|studio|feed|why)/<int:pk>": "item",
    r"<int:job_id>": "job",
    r"<uuid:batch>": "batch",
    r"<int:turn_id>": "turn",
    r"<int:remark_id>": "remark",
    r"<slug:receipt>": "receipt",
    r"<uuid:puid>": "statement",
    r"<str:username>": "person",
    r"<int:asset_id>": "asset",
    r"<int:frame_id>": "frame",
}
# Kinds that staff may look at though they are others'; others get 404.
SEEN_BY_STAFF = {"item", "asset", "frame", "statement"}
# About what is published alone: nobody's draft has it, one's own neither.
OF_PUBLISHED = re.compile(
    r"feed:(why|react|opinion|remark)$|api:item-(why|reactions|ratings|remarks)$"
)
# What whoever may come in at all may do to others' published items.
PUBLIC_ACTS = re.compile(
    r"catalog:ask$|moderation:(report|age_rating)$|api:(item-ask|item_report|review_age_rating)$"
)
# What one's own object need not have, and what an address needs besides: 404 is right too.
MAY_LACK = re.compile(
    r"studio:(poster|captions-download)$|api:captions-file$|generation:events-of-many$"
)
# Open to whoever holds the name: a receipt is a secret of its own.
BEARER = {"receipt"}
# Read by their owner alone, though the item is published.
OWN_PAGES = re.compile(r"studio:|api:(studio-|captions)")


@dataclass(frozen=True)
class Rule:
    gate: str
    kind: str


def rule_of(view: str, method: str, route: str) -> Rule:
    """Return the rule of an address; LookupError where none covers it."""
    namespace = view.split(":")[0] if ":" in view else ""
    gates = (gate for fits, gate in EXCEPTIONS.items() if re.match(fits, f"{view} {method}"))
    gate = next(gates, None) or DEFAULTS.get(namespace)
    if gate is None:
        raise LookupError(f"no rule for {view}: name the namespace in DEFAULTS")
    if "<" not in route:
        return Rule(gate, "")
    kind = next((kind for fits, kind in KINDS.items() if re.search(fits, route)), None)
    if kind is None:
        raise LookupError(f"no kind for {view} ({route}): name it in KINDS")
    return Rule(gate, kind)
