"""API of feed, under /api/v1/: the same selectors and services as the pages."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.api import ItemSerializer
from catalog.models import Item
from feed import attachment_api, offer_api, wish_api
from feed.create_api import CreationsView, RemixView
from feed.events import require_sender
from feed.instructor_api import ConversationView, TurnDetailView, TurnsView
from feed.opinion_api import urlpatterns as opinion_patterns
from feed.reasons import get_why
from feed.selectors import MAX_PAGE, get_feed_page
from recommender.models import Interaction
from recommender.services import react, record_events
from recommender.services.feedback import MAX_BATCH, REACTIONS


class FeedClipSerializer(serializers.Serializer):
    """The part of a long video that the feed plays to this person (eq. 2)."""

    start_s = serializers.FloatField()
    end_s = serializers.FloatField()
    window = serializers.IntegerField()
    liked_items = serializers.SerializerMethodField()

    def get_liked_items(self, clip: Any) -> int:
        """Return how many liked items it was chosen by."""
        return len(clip.liked_item_ids)


class CardSerializer(serializers.Serializer):
    item = ItemSerializer()
    position = serializers.IntegerField()
    source = serializers.CharField()
    reason = serializers.CharField()
    reaction = serializers.CharField(allow_blank=True)
    # The still and the clip that this person is shown; the item's own poster where none was chosen.
    poster_url = serializers.CharField(allow_blank=True)
    clip = FeedClipSerializer(source="personal.clip", allow_null=True)


class FeedSerializer(serializers.Serializer):
    cards = CardSerializer(many=True)
    next_cursor = serializers.CharField(allow_null=True)
    ai_share = serializers.IntegerField()
    repeats = serializers.BooleanField()


class FeedQuerySerializer(serializers.Serializer):
    after = serializers.CharField(required=False, default="", max_length=300)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=MAX_PAGE)
    again = serializers.BooleanField(required=False, default=False)


class EventSerializer(serializers.Serializer):
    event_id = serializers.UUIDField()
    item_id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Interaction.Kind.choices)
    value = serializers.FloatField(required=False, default=1.0)
    at = serializers.DateTimeField(required=False)


class EventBatchSerializer(serializers.Serializer):
    """A batch as it must look at least; each event is judged on its own by the service."""

    events = serializers.ListField(child=serializers.JSONField(), max_length=MAX_BATCH)
    sent_at = serializers.CharField(required=False, max_length=40)
    user = serializers.IntegerField(required=False)


class EventBatchSchema(serializers.Serializer):
    events = EventSerializer(many=True)
    # The sender's clock, to correct the events' times, and whose events they are.
    sent_at = serializers.DateTimeField(required=False)
    user = serializers.IntegerField(required=False)


class ProblemSerializer(serializers.Serializer):
    index = serializers.IntegerField()
    detail = serializers.CharField()


class StoredSerializer(serializers.Serializer):
    stored = serializers.IntegerField()
    problems = ProblemSerializer(many=True)


class ReactionSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=sorted(kind.value for kind in REACTIONS))
    # The sender's own key: the same one again stores nothing.
    event_id = serializers.UUIDField(required=False)


class ReactionInForceSerializer(serializers.Serializer):
    reaction = serializers.CharField(allow_blank=True)


class WhySerializer(serializers.Serializer):
    sentence = serializers.CharField()
    detail = serializers.CharField()
    source = serializers.CharField(allow_blank=True)
    item_ids = serializers.SerializerMethodField()
    policy = serializers.CharField(allow_blank=True)
    propensity = serializers.FloatField(allow_null=True)
    position = serializers.IntegerField(allow_null=True)
    ai_share = serializers.CharField(allow_blank=True)
    learning = serializers.BooleanField(allow_null=True)
    made_from = serializers.CharField(allow_blank=True)
    presented = serializers.ListField(child=serializers.CharField())
    counted = serializers.SerializerMethodField()

    def get_counted(self, why: Any) -> dict[str, int]:
        """Return what spoke for it, in words, with the share of each in percent."""
        return dict(why.counted)

    def get_item_ids(self, why: Any) -> list[int]:
        """Return the items that counted most."""
        return [item.pk for item in why.named]


class FeedView(APIView):
    """Read the feed, page by page."""

    @extend_schema(
        operation_id="feed_read",
        parameters=[
            OpenApiParameter("after", str, description="next_cursor of the page before"),
            OpenApiParameter("limit", int),
            OpenApiParameter("again", bool, description="allow what was seen in earlier days"),
        ],
        responses=FeedSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return the next cards of a browse and record them as shown."""
        query = FeedQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        page = get_feed_page(
            user=request.user,
            after=query.validated_data["after"],
            limit=query.validated_data.get("limit", settings.FEED_PAGE_SIZE),
            session=request.session,
            again=query.validated_data["again"],
        )
        return Response(FeedSerializer(page).data)


class EventsView(APIView):
    """Send what was watched."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="feed_events", request=EventBatchSchema, responses=StoredSerializer)
    def post(self, request: Request) -> Response:
        """Store a batch; sending it twice changes nothing, a bad row does not lose the others."""
        batch = EventBatchSerializer(data=request.data)
        batch.is_valid(raise_exception=True)
        sent = batch.validated_data
        require_sender(request.user, sent.get("user"))
        result = record_events(
            user=request.user, events=sent["events"], sent_at=sent.get("sent_at")
        )
        return Response(StoredSerializer(result).data)


class ReactionView(APIView):
    """Like, dislike, hide, or take it back."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="item_react", request=ReactionSerializer, responses=ReactionInForceSerializer
    )
    def post(self, request: Request, pk: int) -> Response:
        """Store the reaction and return the one now in force."""
        body = ReactionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        item = get_object_or_404(Item.objects.for_audience(request.user), pk=pk)
        kind = react(user=request.user, item=item, **body.validated_data)
        return Response({"reaction": kind})


class WhyView(APIView):
    """Why an item was shown to you."""

    @extend_schema(operation_id="item_why", responses=WhySerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Return the reason of the newest time the feed showed you this item."""
        item = get_object_or_404(Item.objects.for_audience(request.user), pk=pk)
        return Response(WhySerializer(get_why(user=request.user, item=item)).data)


urlpatterns = [
    path("feed/", FeedView.as_view(), name="feed"),
    path("feed/events/", EventsView.as_view(), name="feed-events"),
    path("items/<int:pk>/reactions/", ReactionView.as_view(), name="item-reactions"),
    path("items/<int:pk>/why/", WhyView.as_view(), name="item-why"),
    *opinion_patterns,
    path("creations/", CreationsView.as_view(), name="creations"),
    path("creations/remix/", RemixView.as_view(), name="creation-remix"),
    *attachment_api.urlpatterns,
    *wish_api.urlpatterns,
    *offer_api.urlpatterns,
    path("conversations/", ConversationView.as_view(), name="conversation"),
    path("conversations/turns/", TurnsView.as_view(), name="conversation-turns"),
    path("conversations/turns/<int:turn_id>/", TurnDetailView.as_view(), name="conversation-turn"),
]
