"""API of captions, under /api/v1/studio/: what the captions page can do."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.urls import path
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import Item
from common.guidance import MAX_SCRIPT_CHARS
from generation.api import JobSerializer
from media.captions import MIME
from studio import captions_services as services
from studio.selectors import get_studio_item


class CaptionWarningSerializer(serializers.Serializer):
    rule = serializers.CharField()
    sentence = serializers.CharField()


class CueSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    start_s = serializers.FloatField(source="cue.start_s")
    end_s = serializers.FloatField(source="cue.end_s")
    text = serializers.CharField(source="cue.text")
    auto = serializers.BooleanField(
        source="cue.auto", help_text="Written by speech recognition, not yet confirmed."
    )
    warnings = CaptionWarningSerializer(many=True)


class CaptionsSerializer(serializers.Serializer):
    """The captions of one's own video, with the rules that each breaks."""

    cues = CueSerializer(many=True)
    vtt = serializers.CharField()
    duration_s = serializers.FloatField()
    can_change = serializers.BooleanField()
    notes = serializers.ListField(child=serializers.CharField())


class NewCaptionsSerializer(serializers.Serializer):
    """One of the three: timed text, a file, or a script to be timed."""

    text = serializers.CharField(required=False, max_length=MAX_SCRIPT_CHARS)
    file = serializers.FileField(required=False, allow_empty_file=True)
    script = serializers.CharField(required=False, max_length=MAX_SCRIPT_CHARS)
    put_right = serializers.BooleanField(
        default=False, help_text="Wrap lines and mend times by the rules."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in ("text", "file", "script")) != 1:
            raise serializers.ValidationError("Send exactly one of text, file and script.")
        return attrs


class CaptionedVersionSerializer(serializers.Serializer):
    request_key = serializers.CharField(
        max_length=100, help_text="Chosen by the caller: sending it again returns the same job."
    )
    script = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=MAX_SCRIPT_CHARS
    )
    burn = serializers.BooleanField(default=False)


class CaptionsView(APIView):
    permission_classes = [IsAuthenticated]
    parser_classes = [MultiPartParser, FormParser, JSONParser]

    @extend_schema(operation_id="captions_read", responses=CaptionsSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """The captions of one of your videos, each with the rules that it breaks."""
        return _shown(_get_video(request, pk), [])

    @extend_schema(
        operation_id="captions_replace",
        request={
            "application/json": NewCaptionsSerializer,
            "multipart/form-data": NewCaptionsSerializer,
        },
        responses=CaptionsSerializer,
    )
    def put(self, request: Request, pk: int) -> Response:
        """Replace the captions of a draft by text, a file or a script."""
        item = _get_video(request, pk)
        sent = NewCaptionsSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        said = sent.validated_data
        whose = {"user": request.user, "item": item}
        if "text" in said:
            notes = services.save_text(**whose, text=said["text"])
        elif "file" in said:
            notes = services.save_file(**whose, file=said["file"])
        else:
            notes = services.save_script(**whose, script=said["script"])
        if said["put_right"]:
            services.put_right(**whose)
        return _shown(item, notes)

    @extend_schema(
        operation_id="captions_remove", responses={204: OpenApiResponse(description="Removed")}
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Take the captions of a draft away; twice is harmless."""
        services.remove_captions(user=request.user, item=_get_video(request, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class CaptionsFileView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="captions_file", responses={(200, MIME): str})
    def get(self, request: Request, pk: int) -> HttpResponse:
        """The captions as a WebVTT file."""
        vtt = services.get_captions(_get_video(request, pk)).vtt
        if not vtt:
            raise Http404("This video has no captions.")
        response = HttpResponse(vtt, content_type=f"{MIME}; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="captions-{pk}.vtt"'
        return response


class CaptionedVersionView(APIView):
    permission_classes = [IsAuthenticated]
    throttle_scope = "create"

    @extend_schema(request=CaptionedVersionSerializer, responses={201: JobSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Have a new version of the video made with captions, or with captions drawn into it."""
        item = _get_video(request, pk)
        asked = CaptionedVersionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        job = services.request_version(user=request.user, item=item, **asked.validated_data)
        return Response(JobSerializer(job).data, status=status.HTTP_201_CREATED)


def _get_video(request: Request, pk: int) -> Item:
    item = get_studio_item(user=request.user, pk=pk)
    if item.kind != Item.Kind.VIDEO:
        raise Http404("Only videos have captions.")
    return item


def _shown(item: Item, notes: list[str]) -> Response:
    state = services.get_captions(item)
    shown = {
        "cues": state.cues,
        "vtt": state.vtt,
        "duration_s": state.duration_s,
        "can_change": state.can_change,
        "notes": notes,
    }
    return Response(CaptionsSerializer(shown).data)


urlpatterns = [
    path("studio/items/<int:pk>/captions/", CaptionsView.as_view(), name="captions"),
    path("studio/items/<int:pk>/captions.vtt", CaptionsFileView.as_view(), name="captions-file"),
    path(
        "studio/items/<int:pk>/captions/version/",
        CaptionedVersionView.as_view(),
        name="captions-version",
    ),
]
