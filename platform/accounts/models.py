"""People: who they are, what they may do, what they allow."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q


class User(AbstractUser):
    """A person. Roles nest: a moderator may do what a viewer may, an operator everything."""

    class Role(models.TextChoices):
        VIEWER = "viewer"
        UPLOADER = "uploader"
        MODERATOR = "moderator"
        OPERATOR = "operator"

    role = models.CharField(max_length=12, choices=Role, default=Role.VIEWER)
    # Set when the person asked for their account to be deleted; the row itself goes soon after.
    deletion_requested_at = models.DateTimeField(null=True, blank=True)

    @property
    def can_upload(self) -> bool:
        return self.role in {self.Role.UPLOADER, self.Role.OPERATOR}

    @property
    def can_moderate(self) -> bool:
        return self.role in {self.Role.MODERATOR, self.Role.OPERATOR}

    @property
    def can_operate(self) -> bool:
        return self.role == self.Role.OPERATOR

    @property
    def is_minor(self) -> bool:
        """Unknown age counts as minor."""
        profile = getattr(self, "profile", None)
        return profile is None or profile.age_band != Profile.AgeBand.ADULT


class Profile(models.Model):
    """A person's preferences; made with the account."""

    class AgeBand(models.TextChoices):
        UNKNOWN = "unknown", "I'd rather not say"
        UNDER_13 = "under_13", "Under 13"
        YOUNG_TEEN = "13_15", "13 to 15"
        TEEN = "16_17", "16 or 17"
        ADULT = "adult", "18 or older"

    class AiShare(models.IntegerChoices):
        NONE = 0, "None: only what people made"
        LITTLE = 25, "A little"
        BALANCED = 50, "Half and half"
        MOSTLY = 75, "Mostly AI"
        ALL = 100, "All AI"

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="profile")
    age_band = models.CharField(max_length=10, choices=AgeBand, default=AgeBand.UNKNOWN)
    ai_share = models.PositiveSmallIntegerField(choices=AiShare, default=AiShare.LITTLE)
    # Interests in the common vocabulary, picked at sign-up: {"types": [...], "colours": [...]}.
    interests = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"profile of {self.user_id}"


class Follow(models.Model):
    """A person who wants to see what an uploader publishes."""

    follower = models.ForeignKey(User, on_delete=models.CASCADE, related_name="follows")
    followed = models.ForeignKey(User, on_delete=models.CASCADE, related_name="followers")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["follower", "followed"], name="follow_once"),
            models.CheckConstraint(
                condition=~Q(follower=models.F("followed")), name="follow_not_oneself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.follower_id} follows {self.followed_id}"


class Restriction(models.Model):
    """What a person may not do for a while. Moderation writes it; services below ask for it."""

    class Kind(models.TextChoices):
        UPLOAD = "upload", "Uploading and submitting"
        CREATE = "create", "Having AI make or edit"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="restrictions")
    kind = models.CharField(max_length=6, choices=Kind)
    until = models.DateTimeField()
    # A sentence for the person.
    why = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="restriction_one_per_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} may not {self.kind} until {self.until:%Y-%m-%d}"


class Consent(models.Model):
    """One answer to one question at one time; the newest row of a kind is the one in force."""

    class Kind(models.TextChoices):
        PERSONALISATION = "personalisation", "Learn from what I watch to order my feed"
        CREATION = "creation", "Use my likes as guidance when AI makes something for me"
        TRAINING = "training", "Use my uploads to train Weft's models"
        SHARING = "sharing", "Let others see what AI makes with my likes"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="consents")
    kind = models.CharField(max_length=16, choices=Kind)
    granted = models.BooleanField()
    answered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["user", "kind", "-answered_at"], name="consent_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["personalisation", "creation", "training", "sharing"]),
                name="consent_kind_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind}: {self.granted}"
