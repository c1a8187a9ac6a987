"""Screenings by machine, decisions by people, and the marks that items carry."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Screening(models.Model):
    """One run of all checks over one item; claimed with a lease like every slow job."""

    LEASE = timedelta(seconds=120)
    MAX_ATTEMPTS = 3

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    item = models.ForeignKey("catalog.Item", on_delete=models.CASCADE, related_name="screenings")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True, blank=True)
    policy_version = models.CharField(max_length=20)
    problem = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item"],
                condition=Q(state__in=["queued", "running"]),
                name="screening_one_active_per_item",
            ),
        ]

    def __str__(self) -> str:
        return f"screening of {self.item_id} ({self.state})"


class CheckResult(models.Model):
    """One check's verdict with its evidence. "Cannot tell" goes to a person, never a pass."""

    class Verdict(models.TextChoices):
        PASS = "pass", "Pass"
        FLAG = "flag", "Flag"
        BLOCK = "block", "Block"
        CANNOT_TELL = "cannot_tell", "Cannot tell"

    class Perspective(models.TextChoices):
        BIAS = "F1", "Bias and fairness"
        PRIVACY = "F2", "Privacy"
        SAFETY = "F3", "Safety"
        AUTHENTICITY = "F4", "Authenticity"
        LEGAL = "F5", "Legal compliance"
        IDENTIFIABILITY = "F6", "Identifiability"
        DOMAIN = "F7", "Domain"

    screening = models.ForeignKey(Screening, on_delete=models.CASCADE, related_name="results")
    check_name = models.CharField(max_length=40)
    perspective = models.CharField(max_length=2, choices=Perspective)
    verdict = models.CharField(max_length=11, choices=Verdict)
    score = models.FloatField(null=True, blank=True)
    threshold = models.FloatField(null=True, blank=True)
    # A sentence and the numbers, regions or neighbours behind it.
    summary = models.CharField(max_length=300)
    evidence = models.JSONField(default=dict, blank=True)
    version = models.CharField(max_length=40)
    ms = models.FloatField(default=0.0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["screening", "check_name"], name="check_once"),
        ]

    def __str__(self) -> str:
        return f"{self.check_name}: {self.verdict}"


class Case(models.Model):
    """An item that waits for a person. A claim is a lease: two people never hold one case."""

    CLAIM = timedelta(minutes=10)
    # One point of priority counts as having waited this much longer, so that age always wins.
    POINT = timedelta(minutes=30)

    class State(models.TextChoices):
        OPEN = "open"
        DECIDED = "decided"

    class Reason(models.TextChoices):
        FLAGGED = "flagged", "A check raised a flag"
        UNCERTAIN = "uncertain", "A check could not tell"
        SAMPLED = "sampled", "Random sample"
        FAILED = "failed", "Screening failed"
        REPORT = "report", "Reported"
        APPEAL = "appeal", "Appeal"

    item = models.ForeignKey("catalog.Item", on_delete=models.CASCADE, related_name="cases")
    screening = models.ForeignKey(Screening, null=True, on_delete=models.SET_NULL)
    reason = models.CharField(max_length=10, choices=Reason)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    queue = models.ForeignKey("moderation.Queue", null=True, blank=True, on_delete=models.PROTECT)
    priority = models.SmallIntegerField(default=0)
    # `created_at` less a `POINT` for each point of priority: what the queue is ordered by.
    due_at = models.DateTimeField(default=timezone.now)
    # 0 to 3, of the gravest reason; copied from the item and its reports for ordering and filters.
    severity = models.PositiveSmallIntegerField(default=0)
    origin = models.CharField(max_length=11, blank=True)
    report_count = models.PositiveIntegerField(default=0)
    report_weight = models.FloatField(default=0.0)
    # Many young accounts reported it at once.
    looks_organised = models.BooleanField(default=False)
    # Two people must decide alike.
    four_eyes = models.BooleanField(default=False)
    routing_version = models.PositiveIntegerField(null=True, blank=True)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="claimed_cases",
    )
    claimed_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            # The list of all queues, and that of one; both are read from their start alone.
            models.Index(fields=["due_at", "id"], condition=Q(state="open"), name="case_due"),
            models.Index(
                fields=["queue", "due_at", "id"], condition=Q(state="open"), name="case_queue_due"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["item"], condition=Q(state="open"), name="case_one_open_per_item"
            ),
        ]

    def __str__(self) -> str:
        return f"case {self.pk} ({self.state})"

    @property
    def is_claimed(self) -> bool:
        """Whether somebody holds it now; a claim that ran out does not count."""
        return (
            self.claimed_by_id is not None
            and self.claimed_until is not None
            and self.claimed_until > timezone.now()
        )


class Decision(models.Model):
    """What was decided, by whom, why. Rows are only ever added; a trigger holds that."""

    class Action(models.TextChoices):
        PUBLISH = "publish", "Published"
        REJECT = "reject", "Rejected"
        REMOVE = "remove", "Removed"
        KEEP = "keep", "Kept: no rule was broken"
        UPHOLD = "uphold", "Appeal refused"
        OVERTURN = "overturn", "Taken back after an appeal"
        RERATE = "rerate", "Age rating changed"

    case = models.ForeignKey(
        Case, null=True, blank=True, on_delete=models.SET_NULL, related_name="decisions"
    )
    # A decision outlives what it was about: erasing an item empties this and nothing else.
    item = models.ForeignKey(
        "catalog.Item", null=True, on_delete=models.SET_NULL, related_name="decisions"
    )
    # Null when policy decided without a person.
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    # The second person, where two had to decide alike.
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="confirmed_decisions",
    )
    action = models.CharField(max_length=8, choices=Action)
    reason_code = models.CharField(max_length=30, blank=True)
    note = models.TextField(max_length=2000, blank=True)
    policy_version = models.CharField(max_length=20)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.action} {self.item_id}"


class AuditEntry(models.Model):
    """The audit log: who did what to what. Append-only and hash-chained; triggers hold that.

    `position`, `previous` and `digest` are written by the database as the transaction commits.
    """

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    # Stays when the account is erased, so that the digest still fits.
    actor_number = models.BigIntegerField(null=True, blank=True)
    action = models.CharField(max_length=40)
    item_id = models.BigIntegerField(null=True, blank=True)
    data = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    position = models.BigIntegerField(null=True, blank=True, unique=True, editable=False)
    previous = models.CharField(max_length=64, blank=True, editable=False)
    digest = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.action} {self.item_id}"


class Rule(models.Model):
    """A check's threshold that moderators may change; absent means the check's default."""

    check_name = models.CharField(max_length=40, unique=True)
    threshold = models.FloatField()
    enabled = models.BooleanField(default=True)
    # The run that the threshold was taken from; null where a person chose it.
    calibration = models.ForeignKey(
        "moderation.CalibrationRun", null=True, blank=True, on_delete=models.PROTECT
    )
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.check_name


class Mark(models.Model):
    """The ledger: which payload stands for which item, and what the marked file looked like."""

    # 48 random bits; the watermark carries nothing else.
    payload = models.BigIntegerField(unique=True)
    item = models.OneToOneField("catalog.Item", on_delete=models.CASCADE, related_name="mark")
    key_id = models.CharField(max_length=20)
    # Written once the marked files are stored; the payload is allocated before, so that a second
    # attempt marks with the same one. False where the picture is too flat: manifest alone.
    watermarked = models.BooleanField(default=False)
    # Why there is none, in a sentence; empty where there is one.
    skipped = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    # 256-bit PDQ hash of the marked master, as hex.
    pdq = models.CharField(max_length=64, blank=True)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    # When a time-stamping authority saw the manifest's signature; null without one.
    stamped_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.payload_hex} of {self.item_id}"

    @property
    def payload_hex(self) -> str:
        return f"{self.payload:012x}"


class Fingerprint(models.Model):
    """What an item's picture looks like, as a PDQ hash: for finding copies."""

    item = models.OneToOneField(
        "catalog.Item", on_delete=models.CASCADE, related_name="fingerprint", primary_key=True
    )
    pdq = models.CharField(max_length=64)
    quality = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return f"{self.pdq[:12]}… of {self.item_id}"


# Part of this app's tables, in modules of their own.
from moderation.accountability import Appeal, Report, Statement, Strike  # noqa: E402
from moderation.calibration_models import CalibrationRun  # noqa: E402
from moderation.console_models import (  # noqa: E402
    CaseNote,
    CaseSkip,
    PolicyVersion,
    Proposal,
    Queue,
    ReviewerPreference,
    RoutingVersion,
)
from moderation.ledger_models import LedgerFile, LedgerPrint  # noqa: E402
from moderation.rating_models import AgeRatingChange  # noqa: E402

__all__ = [
    "AgeRatingChange",
    "Appeal",
    "AuditEntry",
    "CalibrationRun",
    "Case",
    "CaseNote",
    "CaseSkip",
    "CheckResult",
    "Decision",
    "Fingerprint",
    "LedgerFile",
    "LedgerPrint",
    "Mark",
    "PolicyVersion",
    "Proposal",
    "Queue",
    "Report",
    "ReviewerPreference",
    "RoutingVersion",
    "Rule",
    "Screening",
    "Statement",
    "Strike",
]
