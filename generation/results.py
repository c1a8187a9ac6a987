"""From a finished product to an item of the catalogue: whose it is, its title, its lineage."""

from __future__ import annotations

from typing import Any

from catalog.models import Item, stricter
from catalog.services import create_generated_item, delete_after_viewing
from common.guidance import Guidance
from generation.models import Job
from generation.operations import Product
from generation.permissions import Right

TITLE_CHARS = 120
CREATED = Right("created")


def create_item(*, job: Job, guidance: Guidance, product: Product, right: Right = CREATED) -> Item:
    """Store the product as a draft and return it; an edit becomes the source's next version.

    `right`: by which it was made; it stands in the item's manifest, with the grant that was used.

    `guidance` is complete: its `wanted` says all that the result should be, unless the operation
    knows better.
    """
    source = job.source
    attributes = product.attributes or guidance.wanted
    item = create_generated_item(
        image=product.image,
        video=product.video,
        poster=product.poster,
        captions=product.captions,
        title=title_of(guidance, source),
        garment_type=attributes.type or "",
        colours=list(attributes.colours),
        pattern=attributes.pattern or "",
        look=guidance.style or guidance.look or (source.look if source else ""),
        exposure=guidance.exposure,
        guidance=guidance.as_dict(),
        manifest=product.manifest | {"authorship": authorship_of(job, right)},
        permission=next(iter(right.permissions), None),
        parent=source,
        **ownership_of(job, right),
    )
    if guidance.delete_after_view:
        delete_after_viewing(item=item)
    if source is not None:
        # What is for adults stays so in every version, and so does what people agreed to.
        item.age_rating = stricter(source.age_rating, item.age_rating)
        item.people_agreed = source.people_agreed
        item.save(update_fields=["age_rating", "people_agreed"])
    return item


def authorship_of(job: Job, right: Right) -> dict[str, Any]:
    """Return what the manifest records of it: by what right, from which item, with which grants.

    Nobody is named: items and grants say whose they are, as long as those people are with Weft.
    """
    return {
        "belongs_to": str(ownership_of(job, right)["authorship"]),
        "right": right.basis,
        "source": job.source_id,
        "permissions": [grant.pk for grant in right.permissions],
    }


def ownership_of(job: Job, right: Right = CREATED) -> dict[str, Any]:
    """Return owner, origin and authorship of the job's result.

    An edit of a person's own upload stays theirs and is marked as AI-assisted; so is an uploader's
    edit of somebody else's item with that owner's grant. What the creator made belongs to the
    platform, and is remembered as made for the person who asked.
    """
    source = job.source
    if source is not None and right.basis == "grant" and job.user.can_upload:
        kept_human = source.origin != Item.Origin.AI
        return {
            "owner": job.user,
            "made_for": job.user,
            "origin": Item.Origin.AI_ASSISTED if kept_human else Item.Origin.AI,
            "authorship": Item.Authorship.UPLOADER,
        }
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
    """Return a title: "Black striped skirt", or the person's words where no attribute is known.

    What only got captions or blurred faces is still called what it was called.
    """
    if guidance.mode in {"caption", "blur"} and source is not None and source.title:
        return source.title
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
    return f"{caption} {_manner(guidance.style)}" if guidance.style else caption


def _manner(style: str) -> str:
    """Return how a title names the style: "in pencil style"."""
    named = {"palette": "in your own colours", "exemplar": "in the manner of another item"}
    return named.get(style, f"in {style} style")
