"""API of moderation, under /api/v1/: what a file carries, and the routes of its other modules."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderation import age_api, console_api, standing_api
from moderation.services import require_size, verify_file
from moderation.throttles import VerifyThrottle


class LayerSerializer(serializers.Serializer):
    name = serializers.CharField()
    state = serializers.CharField()
    sentence = serializers.CharField()


class VerifySerializer(serializers.Serializer):
    outcome = serializers.CharField()
    sentence = serializers.CharField()
    layers = LayerSerializer(many=True)
    history = serializers.ListField(child=serializers.CharField())
    item = serializers.IntegerField(allow_null=True)


class VerifyRequestSerializer(serializers.Serializer):
    file = serializers.FileField()


class Verify(APIView):
    """What marks a file carries. Open to everybody; the file is never stored."""

    permission_classes = [AllowAny]
    parser_classes = [MultiPartParser]
    throttle_classes = [VerifyThrottle]

    @extend_schema(
        request={"multipart/form-data": VerifyRequestSerializer}, responses=VerifySerializer
    )
    def post(self, request: Request) -> Response:
        asked = VerifyRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        file = asked.validated_data["file"]
        require_size(file.size)
        report = verify_file(data=file.read(), user=request.user)
        return Response(VerifySerializer(report.as_dict()).data)


urlpatterns = [
    *console_api.urlpatterns,
    *age_api.urlpatterns,
    *standing_api.urlpatterns,
    path("verify/", Verify.as_view(), name="verify"),
]
