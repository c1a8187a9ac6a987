"""API of parity between groups, under /api/v1/dashboard/fairness/."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dashboard.fairness_history import keep_measurement
from dashboard.models import FairnessMeasurement
from dashboard.people_api import IsOperator


class FairnessView(APIView):
    """Exposure and creation success by group, diversity of outputs, counterfactual pairs."""

    permission_classes = [IsAuthenticated, IsOperator]

    @extend_schema(operation_id="dashboard_fairness", responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request) -> Response:
        """Return the newest measurement, with 95 % intervals over people; measured now if none."""
        kept = FairnessMeasurement.objects.first() or keep_measurement()
        return Response({"measured_at": kept.measured_at, **kept.figures})


urlpatterns = [path("dashboard/fairness/", FairnessView.as_view(), name="dashboard-fairness")]
