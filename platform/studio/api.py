"""API of the studio, under /api/v1/: AI edits in words, and the outcome of one's own items.

Upload, change, submit and withdraw are the catalogue's (`/api/v1/items/`).
"""

from __future__ import annotations

from collections.abc import Callable

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.services import say_people_agreed
from common.guidance import EDITS, MAX_INSTRUCTION_CHARS, MAX_MASK_CHARS, UPSCALES, WINDOWS
from common.vocabulary import LAID_STYLES, STYLES
from generation.api import JobSerializer
from generation.models import Job
from studio.selectors import get_statistics, get_studio_item, get_timeline, list_checks
from studio.services import (
    request_blur,
    request_clip,
    request_edit,
    request_style,
    request_thumbnail,
)


class RequestSerializer(serializers.Serializer):
    request_key = serializers.CharField(
        max_length=100, help_text="Chosen by the caller: sending it again returns the same job."
    )
    delete_after_view = serializers.BooleanField(
        default=False, help_text="Yours alone, and deleted 24 hours after you first see it."
    )


class EditSerializer(RequestSerializer):
    """A change in the uploader's words: of a picture, a painted part of it, or a video's frames."""

    instruction = serializers.CharField(max_length=MAX_INSTRUCTION_CHARS)
    strength = serializers.FloatField(min_value=0.0, max_value=1.0, default=0.6)
    style = serializers.ChoiceField(choices=STYLES, required=False, allow_null=True)
    edit = serializers.ChoiceField(choices=EDITS, required=False, allow_blank=True)
    mask_png = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=MAX_MASK_CHARS,
        help_text="Base64 of a PNG of the picture's shape, white where it may change.",
    )
    upscale = serializers.ChoiceField(choices=UPSCALES, required=False)


class StyleSerializer(RequestSerializer):
    """A style laid over the item: a named one, the person's palette, or an item's."""

    style = serializers.ChoiceField(choices=LAID_STYLES)
    degree = serializers.FloatField(min_value=0.0, max_value=1.0, default=1.0)
    exemplar_id = serializers.IntegerField(required=False, allow_null=True)


class ClipSerializer(RequestSerializer):
    """A part of a video: between two times, or the one that suits people's taste best."""

    window = serializers.ChoiceField(choices=WINDOWS, default=8)
    start_s = serializers.FloatField(min_value=0.0, required=False, allow_null=True)
    end_s = serializers.FloatField(min_value=0.0, required=False, allow_null=True)
    audience = serializers.ChoiceField(choices=("fans", "me"), default="fans")


class ThumbnailSerializer(RequestSerializer):
    """A cover drawn from a video's frames."""

    instruction = serializers.CharField(
        max_length=MAX_INSTRUCTION_CHARS, required=False, allow_blank=True
    )
    strength = serializers.FloatField(min_value=0.0, max_value=1.0, default=0.5)


class BlurSerializer(RequestSerializer):
    """Faces made unknowable, and in a picture what is painted over."""

    mask_png = serializers.CharField(required=False, allow_blank=True, max_length=MAX_MASK_CHARS)


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


class _ToolView(APIView):
    """One tool of the editor; the new version stays a draft until its uploader submits it."""

    permission_classes = [IsAuthenticated]
    throttle_scope = "create"
    serializer: type[RequestSerializer]
    queue: Callable[..., Job]

    def queue_job(self, request: Request, pk: int) -> Response:
        item = get_studio_item(user=request.user, pk=pk)
        asked = self.serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        job = type(self).queue(user=request.user, item=item, **asked.validated_data)
        return Response(JobSerializer(job).data, status=status.HTTP_201_CREATED)


class EditView(_ToolView):
    serializer = EditSerializer
    queue = request_edit

    @extend_schema(request=EditSerializer, responses={201: JobSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Have your own item changed in words."""
        return self.queue_job(request, pk)


class StyleView(_ToolView):
    serializer = StyleSerializer
    queue = request_style

    @extend_schema(request=StyleSerializer, responses={201: JobSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Have your own picture or video rendered in a style."""
        return self.queue_job(request, pk)


class ClipView(_ToolView):
    serializer = ClipSerializer
    queue = request_clip

    @extend_schema(request=ClipSerializer, responses={201: JobSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Have a part of your own video cut out."""
        return self.queue_job(request, pk)


class ThumbnailView(_ToolView):
    serializer = ThumbnailSerializer
    queue = request_thumbnail

    @extend_schema(request=ThumbnailSerializer, responses={201: JobSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Have a cover drawn for your own video."""
        return self.queue_job(request, pk)


class BlurView(_ToolView):
    serializer = BlurSerializer
    queue = request_blur

    @extend_schema(request=BlurSerializer, responses={201: JobSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Have the faces in your own picture or video blurred."""
        return self.queue_job(request, pk)


class PeopleView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, pk: int) -> Response:
        """Say that everybody who is shown in your own item agreed to it."""
        say_people_agreed(item=get_studio_item(user=request.user, pk=pk), by=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


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
    path("studio/items/<int:pk>/style/", StyleView.as_view(), name="studio-style"),
    path("studio/items/<int:pk>/clip/", ClipView.as_view(), name="studio-clip"),
    path("studio/items/<int:pk>/thumbnail/", ThumbnailView.as_view(), name="studio-thumbnail"),
    path("studio/items/<int:pk>/blur-faces/", BlurView.as_view(), name="studio-blur"),
    path("studio/items/<int:pk>/people/", PeopleView.as_view(), name="studio-people"),
    path("studio/items/<int:pk>/outcome/", OutcomeView.as_view(), name="studio-outcome"),
]
