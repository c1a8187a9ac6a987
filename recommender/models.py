"""Feedback, learned vectors, model versions, conversations, and what the policies decided."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from pgvector.django import VectorField


class InteractionQuerySet(models.QuerySet["Interaction"]):
    def trusted(self) -> InteractionQuerySet:
        """Leave out what is set aside as part of an attack: nobody else's page learns from it."""
        return self.filter(suspicion=None)


class Interaction(models.Model):
    """One thing one person did with one item. The client's event id makes a resend harmless."""

    class Kind(models.TextChoices):
        VIEW = "view"
        DWELL = "dwell"  # value: seconds in sight
        COMPLETE = "complete"  # value: share of the video that was watched, above 1 for loops
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
    # Set while the event is suspected of being part of an attack: nothing learns from it.
    suspicion = models.ForeignKey(
        "Suspicion", on_delete=models.SET_NULL, null=True, blank=True, related_name="interactions"
    )

    objects = InteractionQuerySet.as_manager()

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


class Suspicion(models.Model):
    """Feedback of one person that looks like part of an attack: set aside, and restorable."""

    class State(models.TextChoices):
        # More people than may be set aside without a person: their feedback counts until then.
        PROPOSED = "proposed", "Waits for a person"
        SET_ASIDE = "set_aside", "Set aside"
        CONFIRMED = "confirmed", "Confirmed by a person"
        RESTORED = "restored", "Restored by a person"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="suspicions"
    )
    # From 0 to 1, and what made it so: {"signal": value, …, "targets": [item ids]}.
    score = models.FloatField()
    signals = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.SET_ASIDE)
    note = models.CharField(max_length=500, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="suspicions_decided",
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    found_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["state", "-found_at"], name="suspicion_open")]

    def __str__(self) -> str:
        return f"suspicion of {self.user_id}: {self.state}"


class Rating(models.Model):
    """Stars a person gives to one side of an item (GeneRec 2023, user-side evaluation)."""

    class Facet(models.TextChoices):
        OVERALL = "overall", "All in all"
        STYLE = "style", "Style"
        LENGTH = "length", "Length"
        THUMBNAIL = "thumbnail", "Cover"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="ratings"
    )
    item = models.ForeignKey("catalog.Item", on_delete=models.CASCADE, related_name="ratings")
    facet = models.CharField(max_length=10, choices=Facet, default=Facet.OVERALL)
    stars = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "item", "facet"], name="rating_once"),
            models.CheckConstraint(
                condition=models.Q(stars__gte=1, stars__lte=5), name="rating_one_to_five"
            ),
        ]
        indexes = [models.Index(fields=["item", "facet"], name="rating_of_item")]

    def __str__(self) -> str:
        return f"{self.user_id} gives {self.item_id} {self.stars} for {self.facet}"


class Remark(models.Model):
    """What a person says of an item in words ("I like this one's collar")."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="remarks"
    )
    item = models.ForeignKey("catalog.Item", on_delete=models.CASCADE, related_name="remarks")
    event_id = models.UUIDField(default=uuid.uuid4)
    text = models.CharField(max_length=500)
    # What was understood: {"wanted": {…}, "unwanted": {…}, "opinion": "like" | "dislike" | ""}.
    understood = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "event_id"], name="remark_once")]
        indexes = [models.Index(fields=["item", "-created_at"], name="remark_of_item")]

    def __str__(self) -> str:
        return f"{self.user_id} on {self.item_id}: {self.text[:40]}"


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
    # When it last began to serve; a rollback returns to the newest of the others.
    served_at = models.DateTimeField(null=True, blank=True)
    # Put back by a person: automatic training stores its models and leaves this one in service.
    is_pinned = models.BooleanField(default=False)
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


class PolicyVersion(models.Model):
    """A learned policy of activation: its parameters and what the off-line evaluation said."""

    kind = models.CharField(max_length=20)
    parameters = models.JSONField(default=dict)
    metrics = models.JSONField(default=dict)
    is_serving = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_serving"],
                condition=models.Q(is_serving=True),
                name="policy_one_serving",
            ),
        ]

    def __str__(self) -> str:
        return f"policy {self.kind} {self.pk}"


class PolicyDecision(models.Model):
    """One choice between retrieving, asking, editing and creating, with its propensity."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="policy_decisions"
    )
    turn = models.ForeignKey(
        "Turn", on_delete=models.SET_NULL, null=True, blank=True, related_name="policy_decisions"
    )
    # "rules", or "<kind>-<id>" of a PolicyVersion.
    policy = models.CharField(max_length=60)
    # The features the policy saw, by name.
    context = models.JSONField(default=dict)
    arm = models.CharField(max_length=10)
    # Probability of each arm that was allowed; `propensity` is that of the arm taken.
    probabilities = models.JSONField(default=dict)
    propensity = models.FloatField(default=1.0)
    exposure = models.CharField(max_length=6, blank=True)
    reason = models.CharField(max_length=30, blank=True)
    # Filled in once what followed is known.
    reward = models.FloatField(null=True, blank=True)
    rewarded_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["user", "-created_at"], name="policy_decision_of_user")]

    def __str__(self) -> str:
        return f"{self.policy}: {self.arm} for {self.user_id}"


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
    # Empty where a picture was sent without words; `item_ids` are then, as always for the person's
    # turns, what was attached.
    text = models.TextField(max_length=2000, blank=True)
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
        indexes = [
            # Answers that wait for what was attached: theirs is the only empty action.
            models.Index(
                fields=["created_at"],
                condition=models.Q(speaker="instructor", action=""),
                name="turn_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.speaker}: {self.text[:40]}"

    @property
    def is_waiting(self) -> bool:
        """Whether this is an answer that waits for what was attached to be looked at."""
        return self.speaker == self.Speaker.INSTRUCTOR and not self.action


class StatedWish(models.Model):
    """A lasting like or dislike that a person told Weft ("You told me: no leather")."""

    class Polarity(models.TextChoices):
        WANTED = "wanted"
        UNWANTED = "unwanted"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="stated_wishes"
    )
    polarity = models.CharField(max_length=8, choices=Polarity)
    # A field of `common.guidance.Attributes`: type, colours, pattern, details, …
    slot = models.CharField(max_length=20)
    value = models.CharField(max_length=60)
    # The person's own words, and the turn in which they fell.
    words = models.CharField(max_length=200, blank=True)
    turn = models.ForeignKey(
        Turn, on_delete=models.SET_NULL, null=True, blank=True, related_name="stated_wishes"
    )
    # The remark that it was read from: when that is deleted, it goes too.
    remark = models.ForeignKey(Remark, on_delete=models.CASCADE, null=True, blank=True)
    said_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "slot", "value"], name="stated_wish_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.polarity}: {self.slot} {self.value}"


class CatalogueWord(models.Model):
    """A word for clothes that published titles and captions taught (`core.catalogue_words`)."""

    word = models.CharField(max_length=40, unique=True)
    items = models.PositiveIntegerField()  # published ones that carry it
    # "type", "pattern" or "colours" and the value that nearly all share; else blank.
    slot = models.CharField(max_length=8, blank=True)
    value = models.CharField(max_length=12, blank=True)
    share = models.FloatField(default=0.0)
    learned_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.word}: {self.value or 'as text'} ({self.items})"


class LlmSpending(models.Model):
    """What one person's messages cost at the language model in one day (UTC); a row a person."""

    day = models.DateField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="llm_spending"
    )
    calls = models.PositiveIntegerField(default=0)
    tokens = models.PositiveIntegerField(default=0)
    # Millionths of the currency in which the prices are set; calls under way count at their most.
    cost_micros = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "user"], name="llm_spending_once")]

    def __str__(self) -> str:
        return f"{self.user_id} on {self.day}: {self.cost_micros}"
