"""Sources of facts, what was read from them, and the passages that are searched and cited."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from pgvector.django import VectorField

from knowledge.wording import VECTOR_SIZE


class SourceQuerySet(models.QuerySet["Source"]):
    def due(self) -> SourceQuerySet:
        """Sources whose time to be read has come and which nobody is reading."""
        now = timezone.now()
        return self.filter(enabled=True, next_fetch_at__lte=now).exclude(lease_until__gt=now)


class Source(models.Model):
    """Where facts come from: a feed, a page, an uploaded document, or what Weft brings along."""

    class Kind(models.TextChoices):
        FEED = "feed", "Feed (RSS or Atom)"
        PAGE = "page", "Web page"
        DOCUMENT = "document", "Uploaded document"
        STARTER = "starter", "Comes with Weft"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting to be read"
        READY = "ready", "Up to date"
        FAILED = "failed", "Could not be read"

    class Trust(models.IntegerChoices):
        OFFICIAL = 1, "1 · official text"
        AUTHORITY = 2, "2 · authority or checked by us"
        REPUTABLE = 3, "3 · reputable publisher"
        KNOWN = 4, "4 · known, not checked"
        UNKNOWN = 5, "5 · unknown"

    kind = models.CharField(max_length=8, choices=Kind)
    url = models.URLField(max_length=1000, blank=True)
    title = models.CharField(max_length=200)
    publisher = models.CharField(max_length=120, blank=True)
    trust = models.PositiveSmallIntegerField(choices=Trust, default=Trust.KNOWN)
    topics = ArrayField(models.CharField(max_length=24), default=list, blank=True)
    enabled = models.BooleanField(default=True)
    # The document as it was uploaded, until it has been read; never served.
    upload = models.FileField(upload_to="knowledge/", blank=True, max_length=200)

    refresh_hours = models.PositiveIntegerField(
        default=24, validators=[MinValueValidator(1), MaxValueValidator(24 * 90)]
    )
    next_fetch_at = models.DateTimeField(null=True, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)
    etag = models.CharField(max_length=200, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    # Why it could not be read: a sentence for the operator.
    error = models.CharField(max_length=500, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    # Who reads it now: every claim raises the fence, every write of a reader names its own.
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)

    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="knowledge_sources",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SourceQuerySet.as_manager()

    class Meta:
        ordering = ["title", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["url"], condition=~Q(url=""), name="knowledge_source_once"
            ),
            models.UniqueConstraint(
                fields=["title"], condition=Q(kind="starter"), name="knowledge_starter_once"
            ),
            models.CheckConstraint(
                condition=Q(trust__gte=1, trust__lte=5), name="knowledge_trust_tier"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_fetched(self) -> bool:
        return self.kind in {self.Kind.FEED, self.Kind.PAGE}

    @property
    def refresh_interval(self) -> timedelta:
        return timedelta(hours=self.refresh_hours)

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


class Document(models.Model):
    """One text of a source: an article, a page, an uploaded file, a stated fact."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="documents")
    # What it is called within its source, so that reading again changes it instead of doubling it.
    key = models.CharField(max_length=1000)
    url = models.URLField(max_length=1000, blank=True)
    title = models.CharField(max_length=300)
    publisher = models.CharField(max_length=120, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    fetched_at = models.DateTimeField()
    # From then on it is neither searched nor used; null holds until it is replaced.
    expires_at = models.DateTimeField(null=True, blank=True)
    sha256 = models.CharField(max_length=64)
    language = models.CharField(max_length=8, default="en")
    text = models.TextField()
    # Of a rule: where it holds ("EU", "US-CA") and since when.
    jurisdiction = models.CharField(max_length=16, blank=True)
    in_force_from = models.DateField(null=True, blank=True)
    # Names it explains ("seersucker") and what they come to in the common vocabulary. Written by
    # an operator or the starter set, never read out of a source's text.
    terms = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    attributes = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="knowledge_document_once")
        ]
        indexes = [GinIndex(fields=["terms"], name="knowledge_document_terms")]

    def __str__(self) -> str:
        return self.title


class PassageQuerySet(models.QuerySet["Passage"]):
    def usable(self, *, at: datetime | None = None) -> PassageQuerySet:
        """Passages that may be found and cited: in force, unexpired, not set aside."""
        when = at or timezone.now()
        return self.filter(
            Q(document__expires_at__isnull=True) | Q(document__expires_at__gt=when),
            Q(document__published_at__isnull=True) | Q(document__published_at__lte=when),
            retired_at__isnull=True,
            document__source__enabled=True,
        ).exclude(screening=Passage.Screening.HELD)


class Passage(models.Model):
    """A stretch of a document at sentence borders, short enough to quote and to judge."""

    class Screening(models.TextChoices):
        CLEAN = "clean", "Clean"
        HELD = "held", "Held: it speaks to machines"
        CLEARED = "cleared", "Let in by an operator"

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="passages")
    position = models.PositiveIntegerField()
    text = models.TextField()
    # Where it stands in the document's text.
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    search_vector = SearchVectorField(null=True)
    vector = VectorField(dimensions=VECTOR_SIZE, null=True)
    vector_model = models.CharField(max_length=64, blank=True)
    screening = models.CharField(max_length=7, choices=Screening, default=Screening.CLEAN)
    # The words for which it was held.
    held_for = models.CharField(max_length=300, blank=True)
    # The document no longer says this. The row stays for those who cited it.
    retired_at = models.DateTimeField(null=True, blank=True)
    duplicate_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="duplicates"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PassageQuerySet.as_manager()

    class Meta:
        ordering = ["document", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["document", "sha256"],
                condition=Q(retired_at__isnull=True),
                name="knowledge_passage_once",
            )
        ]
        indexes = [
            GinIndex(fields=["search_vector"], name="knowledge_passage_words"),
            # The operator's list of what was held is short; without this it reads every passage.
            models.Index(
                fields=["screening"], condition=~Q(screening="clean"), name="knowledge_held"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]

    def get_absolute_url(self) -> str:
        return reverse("knowledge:passage", args=[self.pk])
