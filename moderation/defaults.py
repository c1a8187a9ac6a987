"""What every site begins with: queues, the first routing table, the shipped policy.

Made after migrating and after flushing, and only where a table is empty: what operators changed
stays.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps as installed
from django.db.models import Case, Value, When

from moderation import policy
from moderation.core.routing import DEFAULT_RULES

# slug, name, description, blurred at first, may be decided in bulk
QUEUES = (
    ("minors", "Minors' safety", "Children at risk, self-harm. Two people decide.", True, False),
    ("legal", "Legal", "Notices of illegal content, copies, licences.", True, False),
    ("reports", "Reports", "Published items that people reported.", True, True),
    ("appeals", "Appeals", "Decisions that somebody asks to look at again.", True, False),
    ("creations", "AI creations", "What AI made or changed, before publication.", True, True),
    ("uploads", "Uploads", "What people uploaded, before publication.", True, True),
    ("sample", "Random sample", "Items that passed every check.", False, True),
)


def ensure_defaults(sender: Any, apps: Any = installed, using: str = "default", **_: Any) -> None:
    """Fill the empty tables; on a schema of long ago, which lacks them, do nothing."""
    try:
        queues = apps.get_model("moderation", "Queue").objects.using(using)
        routing = apps.get_model("moderation", "RoutingVersion").objects.using(using)
        policies = apps.get_model("moderation", "PolicyVersion").objects.using(using)
        cases = apps.get_model("moderation", "Case").objects.using(using)
    except LookupError:
        return
    if not queues.exists():
        queues.bulk_create(
            queues.model(
                slug=slug, name=name, description=about, position=place, blur=blur, allows_bulk=bulk
            )
            for place, (slug, name, about, blur, bulk) in enumerate(QUEUES)
        )
    if not routing.exists():
        routing.create(number=1, rules=[rule.as_dict() for rule in DEFAULT_RULES])
    if not policies.exists():
        policies.create(
            version=policy.VERSION, reasons=[reason.as_dict() for reason in policy.REASONS]
        )
    _place(cases, dict(queues.values_list("slug", "pk")))


def _place(cases: Any, queue_ids: dict[str, int]) -> None:
    """Give a queue to cases from before there were any."""
    if not cases.filter(queue=None).exists():
        return
    placed = [
        When(reason=reason, then=Value(queue_ids[slug]))
        for reason, slug in (("appeal", "appeals"), ("sampled", "sample"), ("report", "reports"))
        if slug in queue_ids
    ]
    cases.filter(queue=None).update(
        queue=Case(
            *placed,
            When(origin__in=["ai", "ai_assisted"], then=Value(queue_ids.get("creations"))),
            default=Value(queue_ids.get("uploads")),
        )
    )
