"""API of the figures about people, under /api/v1/dashboard/."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dashboard.people_figures import DEFAULT_DAYS, PERIODS, get_people_figures


class IsOperator(BasePermission):
    """Operators only."""

    message = "These pages are for operators."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the person may see the dashboard."""
        return bool(request.user.is_authenticated and request.user.can_operate)


class PeriodSerializer(serializers.Serializer):
    days = serializers.ChoiceField(choices=list(PERIODS), required=False, default=DEFAULT_DAYS)


class PeopleView(APIView):
    """What people make of human and AI items, and who comes back."""

    permission_classes = [IsAuthenticated, IsOperator]

    @extend_schema(
        operation_id="dashboard_people",
        parameters=[OpenApiParameter("days", int, enum=list(PERIODS))],
        responses={200: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request) -> Response:
        """Return all figures with 95 % intervals over people."""
        query = PeriodSerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        return Response(get_people_figures(query.validated_data["days"]).as_dict())


urlpatterns = [path("dashboard/people/", PeopleView.as_view(), name="dashboard-people")]
