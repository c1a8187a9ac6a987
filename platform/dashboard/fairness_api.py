"""API of parity between groups, under /api/v1/dashboard/fairness/."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dashboard.fairness import measure_fairness
from dashboard.people_api import IsOperator


class FairnessView(APIView):
    """Exposure and creation success by age band, diversity of outputs, counterfactual pairs."""

    permission_classes = [IsAuthenticated, IsOperator]

    @extend_schema(operation_id="dashboard_fairness", responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request) -> Response:
        """Return all figures with 95 % intervals over people."""
        return Response(measure_fairness())


urlpatterns = [path("dashboard/fairness/", FairnessView.as_view(), name="dashboard-fairness")]
