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

from accounts.follows import follow, list_followed, unfollow
from accounts.models import Profile
from accounts.own_data_api import urlpatterns as own_data_patterns
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


class FollowSerializer(serializers.Serializer):
    username = serializers.CharField()
    followed = serializers.BooleanField()


class FollowedSerializer(serializers.Serializer):
    people = serializers.ListField(child=serializers.CharField())


class FollowingView(APIView):
    """Whom you follow."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="following_list", responses=FollowedSerializer)
    def get(self, request: Request) -> Response:
        """Return their names, the newest follow first."""
        names = list_followed(request.user).values_list("username", flat=True)
        return Response({"people": list(names)})


class FollowView(APIView):
    """Follow an uploader, or stop it. Both may be sent twice."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="follow", request=None, responses=FollowSerializer)
    def put(self, request: Request, username: str) -> Response:
        """Follow; nobody follows themselves."""
        person = follow(follower=request.user, username=username)
        return Response({"username": person.username, "followed": True})

    @extend_schema(operation_id="unfollow", request=None, responses=FollowSerializer)
    def delete(self, request: Request, username: str) -> Response:
        """Stop following."""
        person = unfollow(follower=request.user, username=username)
        return Response({"username": person.username, "followed": False})


urlpatterns = [
    *own_data_patterns,
    path("me/", MeView.as_view(), name="me"),
    path("me/following/", FollowingView.as_view(), name="following"),
    path("people/<str:username>/follow/", FollowView.as_view(), name="follow"),
]
