"""API of requests to edit others' items, under /api/v1/: ask, list, answer, revoke, mute."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from catalog.models import EditPermission
from catalog.permission_selectors import (
    get_permission,
    list_muted,
    list_requests_by,
    list_requests_to,
)
from catalog.selectors import get_item
from catalog.services.permissions import (
    MAX_ANSWER,
    MAX_DAYS,
    MAX_PURPOSE,
    MIN_PURPOSE,
    ask_to_edit,
    decline_request,
    grant_request,
    mute_person,
    revoke_grant,
    unmute_person,
    withdraw_request,
)


class EditPermissionSerializer(serializers.ModelSerializer):
    """A request to edit one item, and what became of it."""

    person = serializers.CharField(source="person.username", read_only=True)
    owner = serializers.CharField(source="item.owner.username", default=None, read_only=True)
    in_force = serializers.BooleanField(source="is_in_force", read_only=True)

    class Meta:
        model = EditPermission
        fields = [
            *("id", "item", "owner", "person", "purpose", "state", "in_force", "lasting"),
            *("expires_at", "answer", "asked_at", "answered_at", "ended_at"),
        ]


class AskSerializer(serializers.Serializer):
    purpose = serializers.CharField(min_length=MIN_PURPOSE, max_length=MAX_PURPOSE)


class AnswerSerializer(serializers.Serializer):
    """What the owner says, or the one who asked: only they can withdraw."""

    do = serializers.ChoiceField(choices=("grant", "decline", "revoke", "withdraw"))
    lasting = serializers.BooleanField(
        default=False, help_text="With grant: for any number of edits, else for one."
    )
    days = serializers.IntegerField(
        min_value=1, max_value=MAX_DAYS, required=False, allow_null=True, default=None
    )
    answer = serializers.CharField(max_length=MAX_ANSWER, allow_blank=True, default="")
    mute = serializers.BooleanField(
        default=False, help_text="With decline: hear no more requests of this person."
    )


class MutedSerializer(serializers.Serializer):
    username = serializers.CharField()


class AskView(APIView):
    """Ask the owner of an item for permission to edit it; asking twice is asking once."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="item_ask_to_edit",
        request=AskSerializer,
        responses={201: EditPermissionSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        item = get_item(user=request.user, pk=pk)
        asked = AskSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = ask_to_edit(person=request.user, item=item, **asked.validated_data)
        return Response(EditPermissionSerializer(made).data, status=status.HTTP_201_CREATED)


class PermissionsView(ListAPIView):
    """Requests that you made (`box=out`), or that were made to you."""

    permission_classes = [IsAuthenticated]
    serializer_class = EditPermissionSerializer

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return EditPermission.objects.none()
        user: Any = self.request.user
        mine = self.request.GET.get("box") == "out"
        return list_requests_by(user) if mine else list_requests_to(user)

    @extend_schema(
        operation_id="edit_permissions_list",
        parameters=[
            OpenApiParameter("box", str, enum=["in", "out"], description="in: asked of you.")
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return them, newest first."""
        return super().get(request, *args, **kwargs)


class PermissionView(APIView):
    """One request; POST answers it."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="edit_permission", responses=EditPermissionSerializer)
    def get(self, request: Request, pk: int) -> Response:
        found = get_permission(user=request.user, pk=pk)
        return Response(EditPermissionSerializer(found).data)

    @extend_schema(
        operation_id="edit_permission_answer",
        request=AnswerSerializer,
        responses=EditPermissionSerializer,
    )
    def post(self, request: Request, pk: int) -> Response:
        found = get_permission(user=request.user, pk=pk)
        sent = AnswerSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        settled = _answer(found, request.user, sent.validated_data)
        return Response(EditPermissionSerializer(settled).data)


def _answer(permission: EditPermission, by: Any, said: dict[str, Any]) -> EditPermission:
    who = {"permission": permission, "by": by}
    if said["do"] == "withdraw":
        return withdraw_request(**who)
    if said["do"] == "grant":
        terms = {"lasting": said["lasting"], "days": said["days"]}
        return grant_request(**who, **terms, answer=said["answer"])
    if said["do"] == "decline":
        return decline_request(**who, answer=said["answer"], mute=said["mute"])
    return revoke_grant(**who, answer=said["answer"])


class MutedView(APIView):
    """People whose requests you do not hear."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="edit_mutes", responses=MutedSerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response(MutedSerializer(list_muted(request.user), many=True).data)


class MuteView(APIView):
    """One of them: PUT mutes, DELETE unmutes; both harmless twice."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="edit_mute", request=None, responses={204: None})
    def put(self, request: Request, username: str) -> Response:
        mute_person(owner=request.user, person=get_object_or_404(User, username=username))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="edit_unmute", responses={204: None})
    def delete(self, request: Request, username: str) -> Response:
        unmute_person(owner=request.user, person=get_object_or_404(User, username=username))
        return Response(status=status.HTTP_204_NO_CONTENT)


urlpatterns = [
    path("items/<int:pk>/ask/", AskView.as_view(), name="item-ask"),
    path("permissions/", PermissionsView.as_view(), name="permissions"),
    path("permissions/muted/", MutedView.as_view(), name="permissions-muted"),
    path("permissions/muted/<str:username>/", MuteView.as_view(), name="permissions-mute"),
    path("permissions/<int:pk>/", PermissionView.as_view(), name="permission"),
]
