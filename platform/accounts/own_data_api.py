"""API about one's own data, under /api/v1/me/."""

from __future__ import annotations

from django.http import StreamingHttpResponse
from django.urls import path
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.leaving import close_account
from accounts.own_data import confirm, send_export


class LeaveSerializer(serializers.Serializer):
    password = serializers.CharField(required=False, default="", trim_whitespace=False)
    username = serializers.CharField(
        required=False, default="", help_text="instead, for accounts without a password"
    )


class ExportView(APIView):
    """Your data."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="me_export", responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request) -> StreamingHttpResponse:
        """Return everything Weft knows of you, part by part."""
        return send_export(request._request, request.user)


class LeaveView(APIView):
    """Your account's end."""

    permission_classes = [IsAuthenticated]
    throttle_scope = "verify"

    @extend_schema(operation_id="me_delete", request=LeaveSerializer, responses={202: None})
    def post(self, request: Request) -> Response:
        """Close your account and erase what belongs to it. There is no way back."""
        body = LeaveSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        confirm(request._request, request.user, asked["password"], asked["username"])
        close_account(user=request.user)
        return Response(status=202)


urlpatterns = [
    path("me/export/", ExportView.as_view(), name="me-export"),
    path("me/delete/", LeaveView.as_view(), name="me-delete"),
]
