"""Feedback, learned vectors, model versions, and conversations with the instructor."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from pgvector.django import VectorField


class Interaction(models.Model):
    """One thing one person did with one item. The client's event id makes a resend harmless."""

    class Kind(models.TextChoices):
        VIEW = "view"
        DWELL = "dwell"  # value: seconds in sight
        LIKE = "like"
        DISLIKE = "dislike"
        NOT_INTERESTED = "not_interested"
        SHARE = "share"
        UNDO = "undo"  # takes back the person's like, dislike or not_interested of the item

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="interactions"
    )
    item = models.ForeignKey("catalog.Item", on_delete=models.CASCADE, related_name="interactions")
    kind = models.CharField(max_length=14, choices=Kind)
    value = models.FloatField(default=1.0)
    event_id = models.UUIDField(default=uuid.uuid4)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "event_id"], name="interaction_once"),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="interaction_of_user"),
            models.Index(fields=["item", "kind"], name="interaction_of_item"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind} {self.item_id}"


class Impression(models.Model):
    """An item put before a person: where, why, and with what probability."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="impressions"
    )
    item = models.ForeignKey("catalog.Item", on_delete=models.CASCADE, related_name="impressions")
    # One browse through the feed, from its first page on.
    feed_id = models.UUIDField()
    position = models.PositiveIntegerField()
    # Which source proposed it, which policy placed it, and the reason shown to the person.
    source = models.CharField(max_length=20)
    policy = models.CharField(max_length=60)
    reason = models.JSONField(default=dict)
    propensity = models.FloatField(default=1.0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "feed_id", "item"], name="impression_once"),
        ]
        indexes = [models.Index(fields=["user", "-created_at"], name="impression_of_user")]

    def __str__(self) -> str:
        return f"{self.user_id} saw {self.item_id} at {self.position}"


class ModelVersion(models.Model):
    """A trained recommender: an artefact folder and what it scored. Serving only reads."""

    kind = models.CharField(max_length=20)
    folder = models.CharField(max_length=300)
    metrics = models.JSONField(default=dict)
    is_serving = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_serving"],
                condition=models.Q(is_serving=True),
                name="model_one_serving",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class UserEmbedding(models.Model):
    """A person's vector by one encoder or recommender (`User_Emb`)."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="embeddings"
    )
    model = models.CharField(max_length=120)
    vector = VectorField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "model"], name="user_embedding_one_per_model"),
        ]

    def __str__(self) -> str:
        return f"{self.model} of user {self.user_id}"


class Conversation(models.Model):
    """A person's talk with the instructor. `state` is what it remembers between turns."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations"
    )
    state = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"conversation {self.pk}"


class Turn(models.Model):
    """One message in a conversation, with what the instructor decided on it."""

    class Speaker(models.TextChoices):
        PERSON = "person"
        INSTRUCTOR = "instructor"

    class Action(models.TextChoices):
        ASK = "ask"
        ANSWER = "answer"
        RETRIEVE = "retrieve"
        EDIT = "edit"
        CREATE = "create"

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="turns")
    speaker = models.CharField(max_length=10, choices=Speaker)
    text = models.TextField(max_length=2000)
    # The rest is the instructor's only.
    action = models.CharField(max_length=8, choices=Action, blank=True)
    decision = models.JSONField(default=dict, blank=True)
    item_ids = models.JSONField(default=list, blank=True)
    # The generation job this turn started; a plain number, as generation is a sibling engine.
    job_id = models.BigIntegerField(null=True, blank=True)
    # The sender's key, so that the same form sent twice makes one turn.
    request_key = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "request_key"], name="turn_once"),
        ]

    def __str__(self) -> str:
        return f"{self.speaker}: {self.text[:40]}"
