"""Tables of what moderation owes to people: reports, statements of reasons, strikes, appeals."""

from __future__ import annotations

import secrets
import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


def new_receipt() -> str:
    """Return the code by which somebody without an account finds their report again."""
    return secrets.token_hex(8)


class Report(models.Model):
    """Somebody says that an item breaks a rule or the law (DSA Art. 16)."""

    class Reason(models.TextChoices):
        UNLABELLED_AI = "unlabelled_ai", "Made with AI but not labelled"
        ILLEGAL = "illegal", "Illegal content"
        COPY = "copy", "Uses my work without permission"
        PRIVACY = "privacy", "Shows private data or me without consent"
        MINORS = "minors", "Endangers children"
        SELF_HARM = "self_harm", "Self-harm or eating disorders"
        VIOLENCE = "violence", "Violence or threats"
        SEXUAL = "sexual", "Nudity or sexual content"
        DEMEANING = "demeaning", "Demeans or hates people"
        FALSE = "false", "False or misleading"
        SPAM = "spam", "Spam or advertising"
        OTHER = "other", "Something else"

    class State(models.TextChoices):
        OPEN = "open", "Being looked at"
        UPHELD = "upheld", "Action was taken"
        DISMISSED = "dismissed", "No rule was broken"
        BAD_FAITH = "bad_faith", "Dismissed as made in bad faith"
        MOOT = "moot", "The item was gone already"

    receipt = models.CharField(max_length=16, unique=True, default=new_receipt)
    item = models.ForeignKey(
        "catalog.Item", null=True, on_delete=models.SET_NULL, related_name="reports"
    )
    case = models.ForeignKey(
        "moderation.Case", null=True, on_delete=models.SET_NULL, related_name="reports"
    )
    # Null for visitors.
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="reports",
    )
    reason = models.CharField(max_length=14, choices=Reason)
    explanation = models.TextField(max_length=2000, blank=True)
    # Art. 16(2): the law that is broken, who says so, and that they mean it.
    law = models.CharField(max_length=200, blank=True)
    notifier_name = models.CharField(max_length=120, blank=True)
    good_faith = models.BooleanField(default=False)
    weight = models.FloatField(default=0.0)
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    # What the reporter is told.
    outcome = models.CharField(max_length=500, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["reporter", "-created_at"], name="report_of_person"),
            models.Index(fields=["item", "state"], name="report_of_item"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "reporter"],
                condition=Q(state="open", reporter__isnull=False),
                name="report_one_open_per_person",
            ),
        ]

    def __str__(self) -> str:
        return f"report of {self.item_id}: {self.reason}"


class Statement(models.Model):
    """A statement of reasons (DSA Art. 17): what was decided, on what facts, how to object."""

    class Source(models.TextChoices):
        NOTICE = "SOURCE_ARTICLE_16", "A notice by somebody"
        OTHER_NOTICE = "SOURCE_TYPE_OTHER_NOTIFICATION", "A report by somebody"
        VOLUNTARY = "SOURCE_VOLUNTARY", "Our own checks"

    class Decided(models.TextChoices):
        FULLY = "AUTOMATED_DECISION_FULLY", "By machine"
        PARTIALLY = "AUTOMATED_DECISION_PARTIALLY", "By a person, after a check by machine"
        NOT = "AUTOMATED_DECISION_NOT_AUTOMATED", "By a person"

    puid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    decision = models.OneToOneField(
        "moderation.Decision", on_delete=models.PROTECT, related_name="statement"
    )
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="statements",
    )
    # The reason of the policy as it stood; see `policy.Reason`.
    reason_code = models.CharField(max_length=40)
    rule = models.CharField(max_length=120)
    ground = models.CharField(max_length=12)
    legal_ground = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=80)
    policy_version = models.CharField(max_length=20)
    # The sentence to the author; may hold personal data, so it is never exported.
    message = models.TextField(max_length=2000, blank=True)
    # What the decision rests on, in words of ours alone: this is exported.
    facts = models.TextField(max_length=2000)
    visibility = models.CharField(max_length=60, default="DECISION_VISIBILITY_CONTENT_REMOVED")
    source = models.CharField(max_length=40, choices=Source, default=Source.VOLUNTARY)
    automated_detection = models.BooleanField(default=False)
    automated_decision = models.CharField(max_length=40, choices=Decided, default=Decided.NOT)
    territorial_scope = models.JSONField(default=list)
    content_type = models.JSONField(default=list)
    # Until when the strike that came with it pauses the person's uploads, if it does.
    service_until = models.DateField(null=True, blank=True)
    content_date = models.DateField()
    application_date = models.DateField()
    title = models.CharField(max_length=120, blank=True)
    appeal_until = models.DateTimeField()
    # Taken back after an appeal.
    reversed_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["recipient", "-created_at"], name="statement_of_person"),
            models.Index(fields=["created_at"], name="statement_period"),
        ]

    def __str__(self) -> str:
        return f"statement {self.puid}"

    @property
    def can_appeal(self) -> bool:
        """Whether the time for an appeal still runs."""
        return timezone.now() < self.appeal_until and self.reversed_at is None


class Strike(models.Model):
    """Points against a person for a breach; they end by themselves or by an appeal."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="strikes"
    )
    decision = models.OneToOneField(
        "moderation.Decision", on_delete=models.PROTECT, related_name="strike"
    )
    points = models.PositiveSmallIntegerField()
    reason_code = models.CharField(max_length=30)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["user", "expires_at"], name="strike_of_person")]

    def __str__(self) -> str:
        return f"{self.points} points for {self.user_id}"

    @property
    def is_active(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()


class Appeal(models.Model):
    """One person asks that one decision be looked at again, by somebody else."""

    # DSA Art. 20 gives at least six months.
    TERM = timedelta(days=184)

    class State(models.TextChoices):
        OPEN = "open", "Waiting for another person"
        UPHELD = "upheld", "The decision stands"
        OVERTURNED = "overturned", "The decision was taken back"
        MOOT = "moot", "Nothing was left to decide"

    class By(models.TextChoices):
        AUTHOR = "author", "The author"
        REPORTER = "reporter", "The person who reported"

    decision = models.OneToOneField(
        "moderation.Decision", on_delete=models.PROTECT, related_name="appeal"
    )
    case = models.OneToOneField(
        "moderation.Case", null=True, on_delete=models.SET_NULL, related_name="appeal"
    )
    appellant = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="appeals"
    )
    by = models.CharField(max_length=8, choices=By, default=By.AUTHOR)
    text = models.TextField(max_length=2000)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    outcome = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"appeal of decision {self.decision_id} ({self.state})"
