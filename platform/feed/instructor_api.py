"""API of the conversation with the instructor: the same services as the panel."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.api import ItemSerializer
from feed.instructor_panel import TurnView, get_panel, get_turn_view
from feed.instructor_services import clear_conversation, take_turn
from recommender.models import Turn


class AttributesSerializer(serializers.Serializer):
    type = serializers.CharField(allow_null=True)
    colors = serializers.ListField(child=serializers.CharField())
    pattern = serializers.CharField(allow_null=True)
    details = serializers.ListField(child=serializers.CharField())


class DecisionSerializer(serializers.Serializer):
    """What the instructor decided, in full."""

    action = serializers.ChoiceField(choices=Turn.Action.choices)
    kind = serializers.CharField(allow_null=True)
    exposure = serializers.CharField(allow_null=True)
    attributes = AttributesSerializer()
    unwanted = AttributesSerializer()
    reference = serializers.ListField(child=serializers.IntegerField())
    style = serializers.CharField(allow_null=True)
    reply = serializers.CharField()
    suggestions = serializers.ListField(child=serializers.CharField())
    reason = serializers.CharField()
    # Which engine understood the message, where a language model is configured.
    engine = serializers.ChoiceField(choices=["llm", "embedded"], required=False)
    # Whether a language model worded the reply.
    says = serializers.BooleanField(required=False)


class TurnSerializer(serializers.Serializer):
    id = serializers.IntegerField(source="turn.pk")
    speaker = serializers.CharField(source="turn.speaker")
    text = serializers.CharField(source="turn.text")
    created_at = serializers.DateTimeField(source="turn.created_at")
    decision = serializers.SerializerMethodField()
    items = ItemSerializer(many=True, source="found")
    # What you sent with your message.
    attachment_ids = serializers.SerializerMethodField()
    # The answer is given once your attachments have been looked at: read the turn again.
    waiting = serializers.BooleanField(source="is_waiting")
    job_id = serializers.IntegerField(source="turn.job_id", allow_null=True)
    made_item_id = serializers.IntegerField(source="made.pk", default=None, allow_null=True)

    @extend_schema_field(DecisionSerializer(allow_null=True))
    def get_decision(self, view: TurnView) -> dict[str, Any] | None:
        """Return the instructor's decision; null for the person's turns and while it waits."""
        return None if view.is_waiting else view.turn.decision or None

    def get_attachment_ids(self, view: TurnView) -> list[int]:
        return [item.pk for item in view.attachments]


class ConversationSerializer(serializers.Serializer):
    turns = TurnSerializer(many=True)


class MessageSerializer(serializers.Serializer):
    """A message. `shown_ids`: the items in sight, in order; `focus_id`: what "this" means.

    Send a `request_key` of your own to be able to send a message again safely.
    """

    # The instructor itself answers for empty and overlong messages, as on the page.
    text = serializers.CharField(allow_blank=True, trim_whitespace=True)
    shown_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        default=list,
        max_length=24,
    )
    focus_id = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=2**63 - 1
    )
    attachment_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        default=list,
    )
    delete_after_view = serializers.BooleanField(
        default=False,
        help_text="What is made of it is yours alone, and deleted 24 hours after you first see it.",
    )
    request_key = serializers.UUIDField(required=False)


class ConversationView(APIView):
    """Your conversation with the instructor. There is one per person, and only you can read it."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="conversation_read", responses=ConversationSerializer)
    def get(self, request: Request) -> Response:
        """Return the newest turns, oldest first."""
        return Response(ConversationSerializer({"turns": get_panel(user=request.user)}).data)

    @extend_schema(operation_id="conversation_clear", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Start over: forget turns and wishes. What was made stays."""
        clear_conversation(user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class TurnsView(APIView):
    """Talk to the instructor."""

    permission_classes = [IsAuthenticated]
    throttle_scope = "create"

    @extend_schema(
        operation_id="conversation_send", request=MessageSerializer, responses={201: TurnSerializer}
    )
    def post(self, request: Request) -> Response:
        """Send a message and return the instructor's turn; the same key returns the same turn."""
        message = MessageSerializer(data=request.data)
        message.is_valid(raise_exception=True)
        values = message.validated_data
        turn = take_turn(
            user=request.user,
            text=values["text"],
            request_key=values.get("request_key") or uuid.uuid4(),
            shown_ids=values["shown_ids"],
            focus_id=values["focus_id"],
            attachment_ids=values["attachment_ids"],
            delete_after_view=values["delete_after_view"],
        )
        view = get_turn_view(user=request.user, turn_id=turn.pk)
        return Response(TurnSerializer(view).data, status=status.HTTP_201_CREATED)


class TurnDetailView(APIView):
    """One turn of your own conversation."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="conversation_turn", responses=TurnSerializer)
    def get(self, request: Request, turn_id: int) -> Response:
        """Return the turn as it stands now."""
        view = get_turn_view(user=request.user, turn_id=turn_id)
        if view is None:
            raise Http404("There is no such turn.")
        return Response(TurnSerializer(view).data)
