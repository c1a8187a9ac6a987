"""Who asked to edit whose item, what the owner answered, and whom an owner does not hear."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class EditPermissionQuerySet(models.QuerySet["EditPermission"]):
    def open(self) -> EditPermissionQuerySet:
        """Asked and not answered yet, for an item that is still shown."""
        return self.filter(state=EditPermission.State.ASKED, item__state="published")

    def in_force(self) -> EditPermissionQuerySet:
        """Granted, not taken back, not over; whether a single edit was made is told by the jobs."""
        lasts = Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now())
        return self.filter(lasts, state=EditPermission.State.GRANTED)


class EditPermission(models.Model):
    """One person's wish to have AI edit one item of somebody else's, and what came of it.

    Rows are only ever moved on, never deleted while item and person exist: they are the record.
    """

    class State(models.TextChoices):
        ASKED = "asked", "Waiting for an answer"
        GRANTED = "granted", "Granted"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Taken back by the one who asked"
        REVOKED = "revoked", "Revoked"
        ENDED = "ended", "Used up or over"

    item = models.ForeignKey(
        "catalog.Item", on_delete=models.CASCADE, related_name="edit_permissions"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="edit_permissions"
    )
    purpose = models.CharField(max_length=500)
    state = models.CharField(max_length=9, choices=State, default=State.ASKED)
    # Granted for as many edits as they like; else for one.
    lasting = models.BooleanField(default=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    # The owner's words to the person, with the answer or the revocation.
    answer = models.CharField(max_length=300, blank=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = EditPermissionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["person", "-asked_at"], name="permission_of_person"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "person"],
                condition=Q(state__in=["asked", "granted"]),
                name="permission_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} to edit {self.item_id}: {self.state}"

    @property
    def is_over(self) -> bool:
        """Whether its time has run out."""
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def is_in_force(self) -> bool:
        return self.state == self.State.GRANTED and not self.is_over


class EditMute(models.Model):
    """A person whose requests an owner does not want to hear."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="edit_mutes"
    )
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "person"], name="edit_mute_once"),
            models.CheckConstraint(condition=~Q(owner=F("person")), name="edit_mute_not_oneself"),
        ]

    def __str__(self) -> str:
        return f"{self.owner_id} does not hear {self.person_id}"
