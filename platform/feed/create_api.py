"""API of the create page: hand a wish in by words and settings, and get one back for a remix."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import Item
from common.errors import InvalidInputError
from common.guidance import MAX_HISTORY, MAX_INSTRUCTION_CHARS, UPSCALES
from common.vocabulary import COLOURS, LOOKS, PATTERNS, STYLES, TYPES
from feed.create_forms import MAX_COLOURS, MAX_ID
from feed.create_services import (
    Wish,
    as_dict,
    request_creation,
    restore_from_item,
    restore_from_job,
)
from generation.api import GroupSerializer
from generation.selectors import Group, get_job
from generation.services import MAX_VARIANTS, SEED_LIMIT


def _percent(default: int, least: int = 0) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=least, max_value=100, default=default)


class WishSerializer(serializers.Serializer):
    """Everything the create page lets a person set. Sliders go from 0 to 100; 50 is as usual."""

    instruction = serializers.CharField(
        max_length=MAX_INSTRUCTION_CHARS, allow_blank=True, default=""
    )
    avoid = serializers.CharField(max_length=200, allow_blank=True, default="")
    type = serializers.ChoiceField(choices=TYPES, allow_blank=True, default="")
    colours = serializers.ListField(
        child=serializers.ChoiceField(choices=tuple(COLOURS)), max_length=MAX_COLOURS, default=list
    )
    pattern = serializers.ChoiceField(choices=PATTERNS, allow_blank=True, default="")
    kind = serializers.ChoiceField(choices=Item.Kind.choices, default="image")
    look = serializers.ChoiceField(choices=LOOKS, allow_blank=True, default="")
    style = serializers.ChoiceField(choices=STYLES, allow_blank=True, default="")
    degree = _percent(100)
    literalness = _percent(50)
    personality = _percent(50)
    strength = _percent(60, least=10)
    likes = serializers.IntegerField(min_value=0, max_value=MAX_HISTORY, default=MAX_HISTORY)
    seed = serializers.IntegerField(
        min_value=0, max_value=SEED_LIMIT, default=0, help_text="0: by lot."
    )
    upscale = serializers.ChoiceField(choices=UPSCALES, default=1)
    variants = serializers.IntegerField(min_value=1, max_value=MAX_VARIANTS, default=MAX_VARIANTS)
    reference = serializers.IntegerField(
        min_value=1,
        max_value=MAX_ID,
        allow_null=True,
        default=None,
        help_text="An item to begin from: your own, made for you, or one that allows edits.",
    )

    delete_after_view = serializers.BooleanField(
        default=False,
        help_text="Nobody else sees it, and it is deleted 24 hours after you first look at it.",
    )


class CreationSerializer(WishSerializer):
    request_key = serializers.CharField(
        max_length=100, help_text="Chosen by the caller: sending it again returns the same jobs."
    )


class RemixQuerySerializer(serializers.Serializer):
    item = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    job = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ID)


class CreationsView(APIView):
    """Ask for something new."""

    permission_classes = [IsAuthenticated]
    throttle_scope = "create"

    @extend_schema(
        operation_id="creation_request",
        request=CreationSerializer,
        responses={201: GroupSerializer},
    )
    def post(self, request: Request) -> Response:
        """Understand the words, queue the variants, and return them as one group."""
        asked = CreationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        key = values.pop("request_key")
        wish = Wish(**{**values, "colours": tuple(values["colours"])})
        jobs = request_creation(user=request.user, wish=wish, request_key=f"api:{key}")
        return Response(GroupSerializer(Group(jobs)).data, status=status.HTTP_201_CREATED)


class RemixView(APIView):
    """The settings behind what was made."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="creation_remix",
        parameters=[
            OpenApiParameter("item", int, description="An AI item that you may see."),
            OpenApiParameter("job", int, description="One of your own jobs."),
        ],
        responses=WishSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return the wish that would make the like; of others' items without their words."""
        asked = RemixQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        if job_id := asked.validated_data.get("job"):
            wish = restore_from_job(get_job(user=request.user, job_id=job_id))
        elif item_id := asked.validated_data.get("item"):
            wish = restore_from_item(user=request.user, pk=item_id)
        else:
            raise InvalidInputError("Name the item or the job to remix.")
        return Response(WishSerializer(as_dict(wish)).data)
