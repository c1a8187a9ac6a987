"""What templates ask about jobs."""

from __future__ import annotations

import uuid

from django import template

from common.guidance import Guidance
from generation.models import Job
from generation.selectors import Progress, get_progress

register = template.Library()


@register.simple_tag
def job_progress(job: Job) -> Progress:
    """Return where the job stands, so that `_job.html` needs nothing but the job."""
    return get_progress(job)


@register.simple_tag
def new_request_key() -> str:
    """Return a key for a form, so that sending it twice does one thing."""
    return str(uuid.uuid4())


@register.simple_tag
def job_seconds(job: Job) -> str:
    """Return the seconds of work that the job took, without its wait in the queue."""
    return f"{sum(ms for part, ms in job.timings_ms.items() if part != 'wait') / 1000:.1f}"


@register.filter
def time_left(seconds: float | None) -> str:
    """Return "About 8 s left", or in minutes where it takes longer; nothing where nobody knows."""
    if not seconds:
        return ""
    if seconds < 90:
        return f"About {max(1, round(seconds))} s left"
    return f"About {round(seconds / 60)} min left"


@register.filter
def likes_used(job: Job) -> str:
    """Return how many liked items guided the job, or how many may until it has run."""
    used = job.result.guidance if job.result and job.result.guidance else None
    if used is not None:
        return str(len(used.get("liked_item_ids", ())))
    asked = len(job.guidance.get("liked_item_ids", ()))
    most = job.guidance.get("history_size", asked)
    return f"up to {min(asked, most)}" if min(asked, most) else "none"


@register.filter
def job_relation(job: Job) -> str:
    """Return what the source was to the job, as a heading beside it."""
    return {"clip": "Clip of", "caption": "Captions of", "thumbnail": "Cover of"}.get(
        job.mode, "Edit of"
    )


@register.filter
def short_model(backend: str) -> str:
    """Return "embedded@29e8ca818ab8" of a generator's name and its long revision."""
    name, _, revision = backend.partition("@")
    return f"{name}@{revision[:12]}" if revision else name


@register.filter
def understood_as(job: Job) -> str:
    """Return "short black striped skirt, without floral", or nothing where nothing was named."""
    guidance = Guidance.from_dict(job.guidance)
    away = guidance.unwanted
    words = [*away.details, *away.colours, away.pattern, away.type]
    gone = ", ".join(word for word in words if word)
    caption = guidance.wanted.as_caption() if guidance.wanted else ""
    return ", without ".join(part for part in (caption, gone) if part)
