"""Tables of the review console: queues, routing, notes, skips, second votes, preferences."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Queue(models.Model):
    """A named place where cases wait, with how its pictures are first shown to reviewers."""

    slug = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=60)
    description = models.CharField(max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    blur = models.BooleanField(default=True)
    grey = models.BooleanField(default=False)
    mute = models.BooleanField(default=True)
    # Cases of grave queues are decided one by one.
    allows_bulk = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class RoutingVersion(models.Model):
    """One version of the routing table; the newest is in force. Rows are only ever added."""

    number = models.PositiveIntegerField(unique=True)
    # A list of `core.routing.RoutingRule` as dicts; the first that fits decides.
    rules = models.JSONField(default=list)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"routing {self.number}"


class PolicyVersion(models.Model):
    """The rules and their reason templates as they stood; the newest is in force."""

    version = models.CharField(max_length=20, unique=True)
    # A list of `policy.Reason` as dicts.
    reasons = models.JSONField(default=list)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.version


class CaseNote(models.Model):
    """What one reviewer tells the next about a case. Never shown outside the console."""

    case = models.ForeignKey("moderation.Case", on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    text = models.TextField(max_length=2000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"note on case {self.case_id}"


class CaseSkip(models.Model):
    """A reviewer passed a case over; until then it is not offered to them again."""

    PAUSE = timedelta(minutes=30)

    class Reason(models.TextChoices):
        UNSURE = "unsure", "I cannot tell"
        EXPERTISE = "expertise", "Needs somebody who knows more"
        DISTRESSING = "distressing", "I would rather not look at this"
        OTHER = "other", "Another reason"

    case = models.ForeignKey("moderation.Case", on_delete=models.CASCADE, related_name="skips")
    moderator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    reason = models.CharField(max_length=12, choices=Reason, default=Reason.OTHER)
    until = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "moderator"], name="skip_one_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.moderator_id} skipped case {self.case_id}"


class Proposal(models.Model):
    """The first of two votes on a case that needs four eyes."""

    class Outcome(models.TextChoices):
        OPEN = "open", "Waits for a second person"
        CONFIRMED = "confirmed", "Confirmed"
        DISAGREED = "disagreed", "A second person disagreed"

    case = models.ForeignKey("moderation.Case", on_delete=models.CASCADE, related_name="proposals")
    moderator = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    action = models.CharField(max_length=8)
    reason_code = models.CharField(max_length=30, blank=True)
    note = models.TextField(max_length=2000, blank=True)
    with_strike = models.BooleanField(default=True)
    outcome = models.CharField(max_length=9, choices=Outcome, default=Outcome.OPEN)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=models.Q(outcome="open"),
                name="proposal_one_open_per_case",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} proposed for case {self.case_id}"


class ReviewerPreference(models.Model):
    """What a reviewer takes cases from, and how they want to see pictures."""

    class Display(models.TextChoices):
        QUEUE = "queue", "As the queue says"
        ON = "on", "Always"
        OFF = "off", "Never"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reviewing"
    )
    # Slugs; empty means every queue.
    queues = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    blur = models.CharField(max_length=5, choices=Display, default=Display.QUEUE)
    grey = models.CharField(max_length=5, choices=Display, default=Display.QUEUE)
    mute = models.CharField(max_length=5, choices=Display, default=Display.QUEUE)

    def __str__(self) -> str:
        return f"reviewing by {self.user_id}"
