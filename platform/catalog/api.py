"""API of the catalogue, under /api/v1/: find, look at, upload, change, submit and delete items."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import permission_api
from catalog.models import Asset, Item
from catalog.selectors import MAX_QUERY_CHARS, can_edit, get_item, list_own_items, search_items
from catalog.services import (
    create_upload,
    delete_draft,
    submit_item,
    update_item,
    withdraw_item,
)
from common.licences import CHOICES as LICENCE_CHOICES
from common.vocabulary import COLOURS, LOOKS, PATTERNS, STYLES, TYPES

MAX_PAGE = 100


class FindSerializer(serializers.Serializer):
    """What to look for. `mine` lists one's own items in every state instead."""

    q = serializers.CharField(required=False, default="", max_length=MAX_QUERY_CHARS)
    type = serializers.ChoiceField(choices=TYPES, required=False)
    colour = serializers.ListField(
        child=serializers.ChoiceField(choices=tuple(COLOURS)), required=False, max_length=4
    )
    pattern = serializers.ChoiceField(choices=PATTERNS, required=False)
    kind = serializers.ChoiceField(choices=Item.Kind.choices, required=False)
    mine = serializers.BooleanField(required=False, default=False)
    limit = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, default=20)
    offset = serializers.IntegerField(min_value=0, max_value=100_000, default=0)


class AssetSerializer(serializers.ModelSerializer):
    url = serializers.CharField(read_only=True)

    class Meta:
        model = Asset
        fields = ["role", "url", "mime", "width", "height", "duration_s", "has_sound", "bytes"]


class ItemSerializer(serializers.ModelSerializer):
    """An item as everybody who may see it sees it."""

    assets = AssetSerializer(many=True, read_only=True)
    owner = serializers.CharField(source="owner.username", default=None, read_only=True)
    expires_at = serializers.SerializerMethodField(
        help_text="When it is deleted, where its person asked for that; null for all others."
    )

    def get_expires_at(self, item: Item) -> datetime | None:
        clock = getattr(item, "expiry", None) if item.is_personal else None
        return clock.expires_at if clock else None

    class Meta:
        model = Item
        fields = [
            "id",
            "kind",
            "origin",
            "authorship",
            "owner",
            "title",
            "description",
            "garment_type",
            "colours",
            "pattern",
            "look",
            "parent",
            "version",
            "age_rating",
            "licence",
            "state",
            "published_at",
            "expires_at",
            "assets",
        ]


class OwnItemSerializer(ItemSerializer):
    """What only the owner and moderators are told: how processing went, and why it was refused."""

    class Meta(ItemSerializer.Meta):
        fields = [*ItemSerializer.Meta.fields, "media_state", "problem", "created_at", "guidance"]


class UploadSerializer(serializers.Serializer):
    file = serializers.FileField(allow_empty_file=True, max_length=None)
    title = serializers.CharField(required=False, default="", allow_blank=True, max_length=120)
    description = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=2000
    )
    licence = serializers.ChoiceField(
        choices=LICENCE_CHOICES,
        default="own",
        help_text="Whose it is, in the uploader's word. Sending nothing says: I made it.",
    )


class ChangeSerializer(serializers.Serializer):
    title = serializers.CharField(required=False, allow_blank=True, max_length=120)
    description = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    garment_type = serializers.ChoiceField(choices=TYPES, required=False, allow_blank=True)
    colours = serializers.ListField(
        child=serializers.ChoiceField(choices=tuple(COLOURS)), required=False, max_length=4
    )
    pattern = serializers.ChoiceField(choices=PATTERNS, required=False, allow_blank=True)
    look = serializers.ChoiceField(choices=(*LOOKS, *STYLES), required=False, allow_blank=True)
    age_rating = serializers.ChoiceField(choices=Item.AgeRating.choices, required=False)
    people_agreed = serializers.BooleanField(required=False)
    licence = serializers.ChoiceField(choices=LICENCE_CHOICES, required=False)


class ItemPageSerializer(serializers.Serializer):
    """One page of items; ask again with `next_offset` while it is not null."""

    results = ItemSerializer(many=True)
    next_offset = serializers.IntegerField(allow_null=True)


class ItemsView(APIView):
    """Published items, best first; POST uploads a picture or video as a draft."""

    parser_classes = [MultiPartParser, FormParser, JSONParser]

    @extend_schema(
        operation_id="items_list", parameters=[FindSerializer], responses=ItemPageSerializer
    )
    def get(self, request: Request) -> Response:
        asked = FindSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        limit, offset = asked.validated_data["limit"], asked.validated_data["offset"]
        found = _find(request, asked.validated_data, limit + 1, offset)
        more = len(found) > limit
        return Response(
            {
                "results": _serialize_many(request, found[:limit]),
                "next_offset": offset + limit if more else None,
            }
        )

    @extend_schema(
        request={"multipart/form-data": UploadSerializer}, responses={201: OwnItemSerializer}
    )
    def post(self, request: Request) -> Response:
        sent = UploadSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        item = create_upload(owner=request.user, **sent.validated_data)
        return Response(OwnItemSerializer(item).data, status=status.HTTP_201_CREATED)

    def get_permissions(self) -> list[Any]:
        return [IsAuthenticated()] if self.request.method == "POST" else super().get_permissions()


class ItemView(APIView):
    """One item. Only drafts and refused items can be changed; what is published is taken down."""

    @extend_schema(responses=ItemSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return _respond(request, get_item(user=request.user, pk=pk))

    @extend_schema(request=ChangeSerializer, responses=OwnItemSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        item = get_item(user=request.user, pk=pk)
        asked = ChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        update_item(item=item, by=request.user, **asked.validated_data)
        return _respond(request, item)

    @extend_schema(responses={204: OpenApiResponse(description="Deleted")})
    def delete(self, request: Request, pk: int) -> Response:
        delete_draft(item=get_item(user=request.user, pk=pk), by=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class SubmitView(APIView):
    """Hand one's draft in for screening; twice is harmless."""

    permission_classes = [IsAuthenticated]

    @extend_schema(request=None, responses=OwnItemSerializer)
    def post(self, request: Request, pk: int) -> Response:
        item = get_item(user=request.user, pk=pk)
        return _respond(request, submit_item(item=item, by=request.user))


class WithdrawView(APIView):
    """Take one's own item down; it disappears everywhere."""

    permission_classes = [IsAuthenticated]

    @extend_schema(request=None, responses=OwnItemSerializer)
    def post(self, request: Request, pk: int) -> Response:
        item = get_item(user=request.user, pk=pk)
        return _respond(request, withdraw_item(item=item, by=request.user))


def _find(request: Request, asked: dict[str, Any], limit: int, offset: int) -> list[Item]:
    if asked["mine"]:
        if not request.user.is_authenticated:
            return []
        return list(list_own_items(request.user)[offset : offset + limit])
    found = search_items(
        user=request.user,
        text=asked["q"],
        garment_type=asked.get("type"),
        colours=asked.get("colour", ()),
        pattern=asked.get("pattern"),
        kind=asked.get("kind"),
        limit=limit,
        offset=offset,
    )
    return list(found.select_related("owner"))


def _serialize_many(request: Request, items: list[Item]) -> list[dict[str, Any]]:
    return [_serializer_for(request, item)(item).data for item in items]


def _serializer_for(request: Request, item: Item) -> type[ItemSerializer]:
    told = can_edit(request.user, item) or bool(getattr(request.user, "can_moderate", False))
    return OwnItemSerializer if told else ItemSerializer


def _respond(request: Request, item: Item) -> Response:
    return Response(_serializer_for(request, item)(item).data)


urlpatterns = [
    *permission_api.urlpatterns,
    path("items/", ItemsView.as_view(), name="items"),
    path("items/<int:pk>/", ItemView.as_view(), name="item"),
    path("items/<int:pk>/submit/", SubmitView.as_view(), name="item-submit"),
    path("items/<int:pk>/withdraw/", WithdrawView.as_view(), name="item-withdraw"),
]
