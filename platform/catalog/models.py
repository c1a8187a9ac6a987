"""Items, their media files, their vectors, and where each came from."""

from __future__ import annotations

import posixpath
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from pgvector.django import VectorField

from accounts.models import Profile
from common.addresses import address
from common.guidance import Attributes
from common.licences import CHOICES as LICENCE_CHOICES

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User


# Which ratings a person of each age band sees besides "all".
_ADMITTED = {
    Profile.AgeBand.YOUNG_TEEN: ("13",),
    Profile.AgeBand.TEEN: ("13", "16"),
    Profile.AgeBand.ADULT: ("13", "16", "adult"),
}


def ratings_for(user: User | AnonymousUser | None) -> tuple[str, ...]:
    """Return the age ratings that this person may see; of unknown age, only what suits all."""
    if user is None or not user.is_authenticated:
        return ("all",)
    profile = getattr(user, "profile", None)
    return ("all", *(_ADMITTED.get(profile.age_band, ()) if profile else ()))


def stricter(*ratings: str) -> str:
    """Return the strictest of these age ratings."""
    return max(ratings, key=Item.AgeRating.values.index)


class ItemQuerySet(models.QuerySet["Item"]):
    def visible(self) -> ItemQuerySet:
        """Items that everybody may see."""
        return self.filter(state=Item.State.PUBLISHED, is_personal=False)

    def for_audience(self, user: User | AnonymousUser | None) -> ItemQuerySet:
        """Published items that this person's age band admits, and what is theirs alone."""
        items = self.filter(state=Item.State.PUBLISHED)
        theirs = Q(is_personal=False)
        if user is not None and user.is_authenticated:
            theirs |= Q(made_for=user)
        items = items.filter(theirs)
        ratings = ratings_for(user)
        if len(ratings) < len(Item.AgeRating.values):
            items = items.filter(age_rating__in=ratings)
        if user is not None and user.is_authenticated:
            hidden = HiddenItem.objects.filter(user=user, item=OuterRef("pk"))
            return items.exclude(Exists(hidden))
        # What somebody without an account hid is known by their session (`catalog.visitors`).
        hidden_here = getattr(user, "hidden_item_ids", ())
        return items.exclude(pk__in=hidden_here) if hidden_here else items

    def standalone(self) -> ItemQuerySet:
        """Items that are shown for themselves: not stills that were drawn for a video's poster."""
        return self.exclude(kind=Item.Kind.IMAGE, guidance__mode="thumbnail")

    def with_assets(self) -> ItemQuerySet:
        """Fetch each item's files with it: one query for a whole list."""
        return self.prefetch_related("assets")

    def stale_media(self) -> ItemQuerySet:
        """Items whose processing was lost: waiting too long, or claimed by a worker that died."""
        now = timezone.now()
        return self.filter(
            Q(media_state=Item.MediaState.WAITING, updated_at__lt=now - Item.LOST_AFTER)
            | Q(media_state=Item.MediaState.PROCESSING, media_lease_until__lt=now)
        )


class Item(models.Model):
    """One image or micro-video, one version of it. Only moderation makes it visible."""

    LOST_AFTER = timedelta(seconds=20)

    class Kind(models.TextChoices):
        IMAGE = "image"
        VIDEO = "video"

    class Origin(models.TextChoices):
        HUMAN = "human", "Human"
        AI_ASSISTED = "ai_assisted", "AI-assisted"
        AI = "ai", "AI"

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        PENDING = "pending", "Being screened"
        IN_REVIEW = "in_review", "Waiting for a person"
        PUBLISHED = "published", "Published"
        REJECTED = "rejected", "Rejected"
        REMOVED = "removed", "Removed"
        EXPIRED = "expired", "Expired"

    class MediaState(models.TextChoices):
        WAITING = "waiting", "Waiting"
        PROCESSING = "processing", "Processing"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    class Authorship(models.TextChoices):
        UPLOADER = "uploader", "The uploader"
        PLATFORM = "platform", "The platform"

    class AgeRating(models.TextChoices):
        # From the mildest to the strictest.
        ALL = "all", "Everybody"
        TEEN = "13", "13 and older"
        OLDER_TEEN = "16", "16 and older"
        ADULT = "adult", "18 and older"

    class Exposure(models.TextChoices):
        RANKED = "ranked", "Ranked with everything else"
        DIRECT = "direct", "Shown directly"

    # Whose it is; null when the platform owns it (authorship says which).
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="items",
    )
    # The viewer it was made for, when it was made to order.
    made_for = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="made_items",
    )
    kind = models.CharField(max_length=5, choices=Kind)
    origin = models.CharField(max_length=11, choices=Origin, default=Origin.HUMAN)
    authorship = models.CharField(max_length=8, choices=Authorship, default=Authorship.UPLOADER)
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    exposure = models.CharField(max_length=6, choices=Exposure, default=Exposure.RANKED)
    age_rating = models.CharField(max_length=5, choices=AgeRating, default=AgeRating.ALL)
    # The uploader's permission: viewers may have versions of it made for themselves.
    allows_edits = models.BooleanField(default=False)
    # The uploader's word that the people shown agreed to be shown.
    people_agreed = models.BooleanField(default=False)
    # Made from what is known of one person alone: nobody else sees it, published or not.
    is_personal = models.BooleanField(default=False)
    # Attached to its owner's conversation: seen by them alone, never submitted, deleted with it.
    is_attachment = models.BooleanField(default=False)

    # Under what right it was uploaded, as its uploader said; empty for what the platform made.
    licence = models.CharField(max_length=12, choices=LICENCE_CHOICES, blank=True)

    title = models.CharField(max_length=120, blank=True)
    description = models.TextField(max_length=2000, blank=True)
    # Attributes in the common vocabulary; blank means unknown.
    garment_type = models.CharField(max_length=12, blank=True)
    colours = ArrayField(models.CharField(max_length=8), default=list, blank=True)
    pattern = models.CharField(max_length=8, blank=True)
    # "illustration", "photo" or a style of the vocabulary.
    look = models.CharField(max_length=16, blank=True)

    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="versions"
    )
    version = models.PositiveIntegerField(default=1)
    # The grant under which somebody else's item was edited; authorship stands in `manifest` too.
    permission = models.ForeignKey(
        "EditPermission", null=True, blank=True, on_delete=models.SET_NULL, related_name="results"
    )
    # `Guidance.as_dict()` and the generator's manifest, for items that AI made or changed.
    guidance = models.JSONField(null=True, blank=True)
    manifest = models.JSONField(null=True, blank=True)
    # Key of an imported file, so that an import can be resumed without doubles.
    source_key = models.CharField(max_length=200, null=True, blank=True, unique=True)

    media_state = models.CharField(max_length=10, choices=MediaState, default=MediaState.WAITING)
    media_lease_until = models.DateTimeField(null=True, blank=True)
    media_attempts = models.PositiveSmallIntegerField(default=0)
    # The upload as it came, until it has been re-encoded; never served.
    incoming = models.FileField(upload_to="incoming/", blank=True, max_length=200)
    # Why it was refused or failed: a sentence for the owner.
    problem = models.CharField(max_length=500, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)

    search = models.GeneratedField(
        expression=SearchVector("title", "description", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = ItemQuerySet.as_manager()

    class Meta:
        indexes = [
            # The newest-first list and the fresh candidates.
            models.Index(
                fields=["-published_at", "-id"],
                condition=Q(state="published"),
                name="item_published_newest",
            ),
            models.Index(fields=["owner", "-created_at"], name="item_of_owner"),
            models.Index(
                fields=["garment_type", "kind"], condition=Q(state="published"), name="item_by_type"
            ),
            GinIndex(fields=["search"], name="item_search"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="published")
                | Q(published_at__isnull=False, media_state="ready"),
                name="item_published_has_date_and_media",
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"item {self.pk}"

    def get_absolute_url(self) -> str:
        return address("catalog:item", self.pk)

    @property
    def is_public(self) -> bool:
        return self.state == self.State.PUBLISHED

    @property
    def is_ai(self) -> bool:
        return self.origin != self.Origin.HUMAN

    @property
    def root_id(self) -> int:
        return self.parent_id or self.pk

    def asset(self, role: str) -> Asset | None:
        """Return the file of this role. No query where assets were prefetched, else one for all."""
        fetched: dict[str, Any] = getattr(self, "_prefetched_objects_cache", {})
        if "assets" not in fetched:
            models.prefetch_related_objects([self], "assets")
        # What was fetched, where there is something: `all()` copies a query for every file.
        files = fetched["assets"] if "assets" in fetched else self.assets.all()
        return next((asset for asset in files if asset.role == role), None)

    @property
    def alt_text(self) -> str:
        """What a person who cannot see it is told: the title, else what is known of it."""
        known = Attributes(
            type=self.garment_type or None,
            colours=tuple(self.colours),
            pattern=self.pattern or None,
        )
        return self.title or known.as_caption()

    @property
    def master_url(self) -> str:
        return self._url_of(Asset.Role.MASTER)

    @property
    def poster_url(self) -> str:
        return self._url_of(Asset.Role.POSTER)

    @property
    def thumb_url(self) -> str:
        return self._url_of(Asset.Role.THUMB)

    @property
    def captions_url(self) -> str:
        return self._url_of(Asset.Role.CAPTIONS)

    def _url_of(self, role: str) -> str:
        asset = self.asset(role)
        return asset.url if asset and not asset.is_quarantined else ""


class Asset(models.Model):
    """One file we made of an item: always our own re-encoding, never the upload itself."""

    class Role(models.TextChoices):
        MASTER = "master"  # the full-size image or the MP4
        POSTER = "poster"  # still of a video; for an image, the size that feeds show
        THUMB = "thumb"  # small square-ish still for lists
        CAPTIONS = "captions"  # WebVTT

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="assets")
    role = models.CharField(max_length=8, choices=Role)
    file = models.FileField(upload_to="assets/", max_length=200)
    mime = models.CharField(max_length=40)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    duration_s = models.FloatField(default=0.0)
    has_sound = models.BooleanField(default=False)
    bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "role"], name="asset_one_per_role"),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.item_id}"

    @property
    def is_quarantined(self) -> bool:
        """Whether it is kept for an appeal alone: no address leads to it."""
        return (self.file.name or "").startswith(QUARANTINE)

    @property
    def url(self) -> str:
        """Address of the view that checks who asks; changes with the bytes, so it can be cached."""
        extension = posixpath.splitext(self.file.name or "")[1].lstrip(".") or "bin"
        path = address("catalog:media", self.pk, self.role, extension)
        return f"{path}?v={self.sha256[:12]}"


class Embedding(models.Model):
    """An item's vector by one encoder; L2-normalised, so a dot product is a cosine."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="embeddings")
    model = models.CharField(max_length=120)
    # No fixed dimension: encoders differ. Indexes are made per model, on a cast.
    vector = VectorField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "model"], name="embedding_one_per_model"),
        ]
        indexes = [models.Index(fields=["model"], name="embedding_model")]

    def __str__(self) -> str:
        return f"{self.model} of {self.item_id}"


class HiddenItem(models.Model):
    """An item that one person does not want to see again, for example after reporting it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "item"], name="hidden_once"),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} hidden from {self.user_id}"


# Registers `any_of`.
from catalog import lookups  # noqa: E402, F401

# Part of this app's tables, in modules of their own.
from catalog.credentials import Credential  # noqa: E402
from catalog.expiry import Expiry  # noqa: E402
from catalog.frames import Frame, FrameVectors  # noqa: E402
from catalog.permissions import EditMute, EditPermission  # noqa: E402
from catalog.removals import QUARANTINE, Removal  # noqa: E402

__all__ = [
    "Asset",
    "Credential",
    "EditMute",
    "EditPermission",
    "Embedding",
    "Expiry",
    "Frame",
    "FrameVectors",
    "HiddenItem",
    "Item",
    "ItemQuerySet",
    "Removal",
    "ratings_for",
    "stricter",
]
