"""API of the lasting wishes: the profile's entries, one's own alone."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recommender.models import StatedWish
from recommender.services.wishes import (
    add_wish,
    change_wish,
    clear_wishes,
    list_wishes,
    remove_wish,
)


class StatedWishSerializer(serializers.ModelSerializer):
    """What you told Weft for good. `words`: in your own words; `turn_id`: where you said it."""

    turn_id = serializers.IntegerField(allow_null=True, read_only=True)

    class Meta:
        model = StatedWish
        fields = ["id", "polarity", "slot", "value", "words", "turn_id", "said_at"]


class NewStatedWishSerializer(serializers.Serializer):
    """A word for a garment, a colour, a pattern or a detail, and whether you like it."""

    polarity = serializers.ChoiceField(choices=StatedWish.Polarity.choices)
    text = serializers.CharField(max_length=100)


class StatedWishChangeSerializer(serializers.Serializer):
    polarity = serializers.ChoiceField(choices=StatedWish.Polarity.choices, required=False)
    text = serializers.CharField(max_length=100, required=False)


class WishesView(APIView):
    """Your lasting likes and dislikes: they act on the chat, on what is made, and on the feed."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="wishes_list", responses=StatedWishSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Return your entries, oldest first."""
        return Response(StatedWishSerializer(list_wishes(user=request.user), many=True).data)

    @extend_schema(
        operation_id="wish_add",
        request=NewStatedWishSerializer,
        responses={201: StatedWishSerializer},
    )
    def post(self, request: Request) -> Response:
        """Add an entry; the same again, or its reverse, replaces the one there is."""
        body = NewStatedWishSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        row = add_wish(user=request.user, **body.validated_data)
        return Response(StatedWishSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="wishes_clear", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Drop all entries."""
        clear_wishes(user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class WishView(APIView):
    """One entry of your own."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="wish_change",
        request=StatedWishChangeSerializer,
        responses=StatedWishSerializer,
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Turn it round, or give it another value."""
        body = StatedWishChangeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        row = change_wish(user=request.user, pk=pk, **body.validated_data)
        return Response(StatedWishSerializer(row).data)

    @extend_schema(operation_id="wish_remove", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Drop it; harmless when it is gone."""
        remove_wish(user=request.user, pk=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


urlpatterns = [
    path("me/wishes/", WishesView.as_view(), name="wishes"),
    path("me/wishes/<int:pk>/", WishView.as_view(), name="wish"),
]
