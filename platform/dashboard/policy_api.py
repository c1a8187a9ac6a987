"""API of the policy of activation, under /api/v1/dashboard/policy/."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dashboard.people_api import IsOperator
from dashboard.policy_figures import get_policy_figures
from dashboard.policy_views import SAID
from recommender.services.policies import set_mode


class ModeSerializer(serializers.Serializer):
    """rules: they decide alone. learned: training chooses. rollback: what served before."""

    mode = serializers.ChoiceField(choices=list(SAID))


class PolicyView(APIView):
    """When the instructor retrieves, asks, edits or creates, and which policy decides."""

    permission_classes = [IsAuthenticated, IsOperator]

    @extend_schema(operation_id="dashboard_policy", responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request) -> Response:
        """Return decisions by arm with rewards, the off-line figures and the versions."""
        return Response(get_policy_figures().as_dict())

    @extend_schema(
        operation_id="dashboard_policy_switch",
        request=ModeSerializer,
        responses={200: OpenApiTypes.OBJECT},
    )
    def post(self, request: Request) -> Response:
        """Choose what serves."""
        body = ModeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        set_mode(body.validated_data["mode"])
        return Response(get_policy_figures().as_dict())


urlpatterns = [path("dashboard/policy/", PolicyView.as_view(), name="dashboard-policy")]
