"""What templates ask about jobs."""

from __future__ import annotations

import uuid

from django import template

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
