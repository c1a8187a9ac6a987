"""API of ratings and remarks, under /api/v1/: one's own, on items one may see."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import Item
from recommender.models import Remark
from recommender.services import (
    add_remark,
    change_remark,
    get_ratings,
    list_remarks,
    rate,
)
from recommender.services.remarks import MAX_REMARK_CHARS, proposals_of


class StarsSerializer(serializers.Serializer):
    """Stars by facet, one to five; null takes them back, a facet left out stays as it is."""

    overall = serializers.IntegerField(min_value=1, max_value=5, allow_null=True, required=False)
    style = serializers.IntegerField(min_value=1, max_value=5, allow_null=True, required=False)
    length = serializers.IntegerField(
        min_value=1, max_value=5, allow_null=True, required=False, help_text="videos only"
    )
    thumbnail = serializers.IntegerField(min_value=1, max_value=5, allow_null=True, required=False)


class RemarkSerializer(serializers.ModelSerializer):
    text = serializers.CharField(max_length=MAX_REMARK_CHARS)
    event_id = serializers.UUIDField(required=False)
    wishes = serializers.SerializerMethodField(
        help_text="lasting wishes that came of it; /me/wishes/ changes and removes them"
    )
    proposals = serializers.SerializerMethodField(
        help_text="wishes that it may mean; post one to /me/wishes/ to keep it"
    )

    class Meta:
        model = Remark
        fields = [
            "id",
            "item",
            "event_id",
            "text",
            "understood",
            "wishes",
            "proposals",
            "created_at",
        ]
        read_only_fields = ["id", "item", "understood", "created_at"]

    def get_wishes(self, remark: Remark) -> list[dict[str, Any]]:
        return [
            {"id": row.pk, "polarity": row.polarity, "text": row.value}
            for row in remark.statedwish_set.all()
        ]

    def get_proposals(self, remark: Remark) -> list[dict[str, str]]:
        return [{"polarity": w.polarity, "text": w.value} for w in proposals_of(remark)]


class RatingsView(APIView):
    """Your stars for an item."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="item_ratings", responses=StarsSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Return your stars by facet."""
        return Response(get_ratings(user=request.user, item=_item(request, pk)))

    @extend_schema(operation_id="item_rate", request=StarsSerializer, responses=StarsSerializer)
    def put(self, request: Request, pk: int) -> Response:
        """Store, change or take back stars; returns those in force."""
        body = StarsSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        item = _item(request, pk)
        return Response(rate(user=request.user, item=item, stars=body.validated_data))


class RemarksView(APIView):
    """Your remarks on an item."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="item_remarks", responses=RemarkSerializer(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """Return your remarks, newest first, with what was understood."""
        own = list_remarks(user=request.user, item=_item(request, pk))
        return Response(RemarkSerializer(own, many=True).data)

    @extend_schema(
        operation_id="item_remark", request=RemarkSerializer, responses={201: RemarkSerializer}
    )
    def post(self, request: Request, pk: int) -> Response:
        """Say something of an item; the same event_id again returns the first remark."""
        remark = add_remark(user=request.user, item=_item(request, pk), **_words(request))
        return Response(RemarkSerializer(remark).data, status=201)


class RemarkDetailView(APIView):
    """One remark of yours."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="remark_change", request=RemarkSerializer, responses=RemarkSerializer
    )
    def patch(self, request: Request, remark_id: int) -> Response:
        """Replace its words."""
        changed = change_remark(remark=_remark(request, remark_id), text=_words(request)["text"])
        return Response(RemarkSerializer(changed).data)

    @extend_schema(operation_id="remark_delete", responses={204: None})
    def delete(self, request: Request, remark_id: int) -> Response:
        """Delete it."""
        _remark(request, remark_id).delete()
        return Response(status=204)


def _item(request: Request, pk: int) -> Item:
    return get_object_or_404(Item.objects.for_audience(request.user), pk=pk)


def _remark(request: Request, remark_id: int) -> Remark:
    return get_object_or_404(Remark.objects.select_related("item"), pk=remark_id, user=request.user)


def _words(request: Request) -> dict[str, Any]:
    body = RemarkSerializer(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


urlpatterns = [
    path("items/<int:pk>/ratings/", RatingsView.as_view(), name="item-ratings"),
    path("items/<int:pk>/remarks/", RemarksView.as_view(), name="item-remarks"),
    path("remarks/<int:remark_id>/", RemarkDetailView.as_view(), name="remark"),
]
