"""API of suspected attacks, under /api/v1/dashboard/attacks/."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dashboard.attacks import CONFIRM, RESTORE, Group, decide, list_groups
from dashboard.people_api import IsOperator

MOST_AT_ONCE = 5000


class SuspectSerializer(serializers.Serializer):
    suspicion = serializers.IntegerField(source="pk")
    username = serializers.CharField()
    score = serializers.FloatField()
    opinions = serializers.IntegerField()
    joined = serializers.DateTimeField()
    acted_at = serializers.DateTimeField()
    waits = serializers.BooleanField()


class AttackSerializer(serializers.Serializer):
    item_id = serializers.IntegerField()
    is_push = serializers.BooleanField()
    size = serializers.IntegerField()
    young = serializers.IntegerField()
    waiting = serializers.IntegerField()
    signals = serializers.SerializerMethodField()
    shared = serializers.SerializerMethodField()
    people = SuspectSerializer(source="members", many=True)

    def get_signals(self, group: Group) -> list[dict[str, Any]]:
        return [{"words": words, "strength": strength} for words, strength in group.signals]

    def get_shared(self, group: Group) -> list[dict[str, int]]:
        return [{"item_id": item.pk, "people": count} for item, count in group.shared]


class AttackDecisionSerializer(serializers.Serializer):
    suspicions = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=MOST_AT_ONCE,
    )
    decision = serializers.ChoiceField(choices=[RESTORE, CONFIRM])
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class DecidedSerializer(serializers.Serializer):
    decided = serializers.IntegerField()


class AttacksView(APIView):
    """Open suspicions by target."""

    permission_classes = [IsAuthenticated, IsOperator]

    @extend_schema(operation_id="dashboard_attacks", responses=AttackSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Return the groups, largest first."""
        return Response(AttackSerializer(list_groups(), many=True).data)


class AttackDecisionsView(APIView):
    """Restore or confirm suspicions; all or none."""

    permission_classes = [IsAuthenticated, IsOperator]

    @extend_schema(
        operation_id="dashboard_attacks_decide",
        request=AttackDecisionSerializer,
        responses=DecidedSerializer,
    )
    def post(self, request: Request) -> Response:
        """Return how many were decided on."""
        sent = AttackDecisionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        return Response({"decided": decide(by=request.user, **sent.validated_data)})


urlpatterns = [
    path("dashboard/attacks/", AttacksView.as_view(), name="dashboard-attacks"),
    path(
        "dashboard/attacks/decisions/",
        AttackDecisionsView.as_view(),
        name="dashboard-attacks-decisions",
    ),
]
