"""API of the person's own account, under /api/v1/."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Profile
from accounts.services import list_consents, record_consents


class MeSerializer(serializers.ModelSerializer):
    """Who is signed in, and their preferences."""

    username = serializers.CharField(source="user.username", read_only=True)
    role = serializers.CharField(source="user.role", read_only=True)
    consents = serializers.DictField(child=serializers.BooleanField(), required=False)

    class Meta:
        model = Profile
        fields = ["username", "role", "age_band", "ai_share", "interests", "consents"]
        read_only_fields = ["interests"]

    def to_representation(self, instance: Profile) -> dict[str, Any]:
        return {
            **super().to_representation(instance),
            "consents": list_consents(user=instance.user),
        }

    def validate_consents(self, value: dict[str, bool]) -> dict[str, bool]:
        if unknown := set(value) - set(list_consents(user=self.instance.user)):
            raise serializers.ValidationError(f"Unknown consent: {', '.join(sorted(unknown))}.")
        return value


class MeView(APIView):
    """The signed-in person: read, and change preferences."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(request.user.profile).data)

    @extend_schema(request=MeSerializer, responses=MeSerializer)
    def patch(self, request: Request) -> Response:
        profile = request.user.profile
        serializer = MeSerializer(profile, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        consents = serializer.validated_data.pop("consents", {})
        record_consents(user=request.user, answers=consents)
        serializer.save()
        return Response(MeSerializer(profile).data)


urlpatterns = [path("me/", MeView.as_view(), name="me")]
