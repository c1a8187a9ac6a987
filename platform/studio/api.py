"""API of the studio, under /api/v1/: AI edits in words, and the outcome of one's own items.

Upload, change, submit and withdraw are the catalogue's (`/api/v1/items/`).
"""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.guidance import MAX_INSTRUCTION_CHARS
from common.vocabulary import STYLES
from generation.api import JobSerializer
from studio.selectors import get_statistics, get_studio_item, get_timeline, list_checks
from studio.services import request_edit


class EditSerializer(serializers.Serializer):
    """An edit in the uploader's words."""

    request_key = serializers.CharField(
        max_length=100, help_text="Chosen by the caller: sending it again returns the same job."
    )
    instruction = serializers.CharField(max_length=MAX_INSTRUCTION_CHARS)
    strength = serializers.FloatField(min_value=0.0, max_value=1.0, default=0.6)
    style = serializers.ChoiceField(choices=STYLES, required=False, allow_null=True)


class StepSerializer(serializers.Serializer):
    label = serializers.CharField()
    status = serializers.ChoiceField(choices=("done", "current", "bad", "next"))
    at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField()


class CheckSerializer(serializers.Serializer):
    check_name = serializers.CharField()
    perspective = serializers.CharField(source="get_perspective_display")
    verdict = serializers.CharField()
    summary = serializers.CharField()


class OutcomeSerializer(serializers.Serializer):
    """How far an item came, what the checks found, and how it is received."""

    state = serializers.CharField()
    timeline = StepSerializer(many=True)
    checks = CheckSerializer(many=True)
    views = serializers.IntegerField()
    likes = serializers.IntegerField()


class EditView(APIView):
    permission_classes = [IsAuthenticated]
    throttle_scope = "create"

    @extend_schema(request=EditSerializer, responses={201: JobSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Have your own picture edited; the new version stays a draft until you submit it."""
        item = get_studio_item(user=request.user, pk=pk)
        asked = EditSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        job = request_edit(user=request.user, item=item, **asked.validated_data)
        return Response(JobSerializer(job).data, status=status.HTTP_201_CREATED)


class OutcomeView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(responses=OutcomeSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Timeline, checks and statistics of one of your items."""
        item = get_studio_item(user=request.user, pk=pk)
        statistics = get_statistics([item.pk])[item.pk]
        outcome = {
            "state": item.state,
            "timeline": get_timeline(item),
            "checks": list_checks(item),
            "views": statistics.views,
            "likes": statistics.likes,
        }
        return Response(OutcomeSerializer(outcome).data)


urlpatterns = [
    path("studio/items/<int:pk>/edit/", EditView.as_view(), name="studio-edit"),
    path("studio/items/<int:pk>/outcome/", OutcomeView.as_view(), name="studio-outcome"),
]
