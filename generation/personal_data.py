"""What this app knows of a person."""

from __future__ import annotations

from accounts.exporting import plain_rows, register_part
from generation.models import Job

register_part(
    "creations",
    "What you asked Weft to make or change, in your words, and what became of it.",
    lambda user: plain_rows(
        Job.objects.filter(user=user),
        *("id", "guidance", "state", "problem", "cost", "source_id", "result_id"),
        *("created_at", "started_at", "finished_at"),
    ),
)
