"""From a finished picture to an item of the catalogue: whose it is, its title, its lineage."""

from __future__ import annotations

from typing import Any

from catalog.models import Item
from catalog.services import create_generated_item
from common.guidance import Guidance
from generation.core.backends import GenerationResult
from generation.models import Job

TITLE_CHARS = 120


def create_item(*, job: Job, guidance: Guidance, result: GenerationResult) -> Item:
    """Store the picture as a draft and return it; an edit becomes the source's next version.

    `guidance` is complete: its `wanted` says all that the result should be.
    """
    source = job.source
    attributes = guidance.wanted
    item = create_generated_item(
        image=result.image,
        title=title_of(guidance, source),
        garment_type=attributes.type or "",
        colours=list(attributes.colours),
        pattern=attributes.pattern or "",
        look=guidance.style or (source.look if source else ""),
        exposure=guidance.exposure,
        guidance=guidance.as_dict(),
        manifest=result.manifest,
        parent=source,
        **ownership_of(job),
    )
    if source is not None and source.age_rating != item.age_rating:
        # What is for adults stays so in every version.
        item.age_rating = source.age_rating
        item.save(update_fields=["age_rating"])
    return item


def ownership_of(job: Job) -> dict[str, Any]:
    """Return owner, origin and authorship of the job's result.

    An edit of a person's own upload stays theirs and is marked as AI-assisted; what the creator
    made belongs to the platform, and is remembered as made for the person who asked.
    """
    source = job.source
    if source is not None and source.owner_id == job.user_id:
        kept_human = source.origin != Item.Origin.AI
        return {
            "owner": job.user,
            "made_for": None,
            "origin": Item.Origin.AI_ASSISTED if kept_human else Item.Origin.AI,
            "authorship": Item.Authorship.UPLOADER,
        }
    return {
        "owner": None,
        "made_for": job.user,
        "origin": Item.Origin.AI,
        "authorship": Item.Authorship.PLATFORM,
    }


def title_of(guidance: Guidance, source: Item | None) -> str:
    """Return a title: "Black striped skirt", or the person's words where no attribute is known."""
    wanted = guidance.wanted
    known = wanted.type or wanted.colours or wanted.pattern
    words = _caption(guidance) if known else guidance.instruction.strip()
    title = words or (source.title if source else "") or "Untitled creation"
    return (title[:1].upper() + title[1:])[:TITLE_CHARS]


def _caption(guidance: Guidance) -> str:
    attributes = guidance.wanted
    pattern = "" if attributes.pattern == "plain" else attributes.pattern
    words = [" and ".join(attributes.colours), pattern, attributes.type or "garment"]
    caption = " ".join(word for word in words if word)
    return f"{caption} in {guidance.style} style" if guidance.style else caption
