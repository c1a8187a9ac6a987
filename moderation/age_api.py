"""API of age ratings, under /api/v1/: change one, and see who changed it before."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.models import Item
from catalog.selectors import get_item
from moderation.console_api import ModeratorView
from moderation.models import AgeRatingChange
from moderation.services import change_age_rating, list_age_changes


class AgeRatingRequestSerializer(serializers.Serializer):
    rating = serializers.ChoiceField(choices=Item.AgeRating.choices)
    reason_code = serializers.CharField(max_length=30, required=False, default="", allow_blank=True)
    note = serializers.CharField(max_length=500)


class AgeRatingChangeSerializer(serializers.ModelSerializer):
    item = serializers.IntegerField(source="decision.item_id")
    moderator = serializers.CharField(source="decision.moderator.username", default=None)
    reason_code = serializers.CharField(source="decision.reason_code")
    note = serializers.CharField(source="decision.note")
    policy_version = serializers.CharField(source="decision.policy_version")
    created_at = serializers.DateTimeField(source="decision.created_at")

    class Meta:
        model = AgeRatingChange
        fields = (
            *("item", "before", "after", "moderator", "reason_code", "note"),
            *("policy_version", "created_at"),
        )


class AgeRatingView(ModeratorView):
    @extend_schema(responses=AgeRatingChangeSerializer(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """Who changed an item's age rating, newest first."""
        item = get_item(user=request.user, pk=pk)
        return Response(AgeRatingChangeSerializer(list_age_changes(item), many=True).data)

    @extend_schema(request=AgeRatingRequestSerializer, responses={201: AgeRatingChangeSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Change it; a stricter one needs a reason, and its author gets a statement of reasons."""
        asked = AgeRatingRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        item = get_item(user=request.user, pk=pk)
        decision = change_age_rating(item=item, by=request.user, **asked.validated_data)
        made = AgeRatingChangeSerializer(decision.age_change)
        return Response(made.data, status=status.HTTP_201_CREATED)


urlpatterns = [
    path("items/<int:pk>/age-rating/", AgeRatingView.as_view(), name="review_age_rating"),
]
