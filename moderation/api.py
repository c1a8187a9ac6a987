"""API of moderation, under /api/v1/: the review queue, and what a file carries."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderation import policy
from moderation.models import Case, CheckResult, Decision
from moderation.selectors import list_open_cases
from moderation.services import claim_case, decide_case, release_case, verify_file
from moderation.throttles import VerifyThrottle


class IsModerator(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        return bool(user and user.is_authenticated and user.can_moderate)


class ResultSerializer(serializers.ModelSerializer):
    class Meta:
        model = CheckResult
        fields = (
            "check_name",
            "perspective",
            "verdict",
            "score",
            "threshold",
            "summary",
            "evidence",
            "version",
        )


class ReviewSerializer(serializers.ModelSerializer):
    title = serializers.CharField(source="item.title")
    origin = serializers.CharField(source="item.origin")
    claimed_by = serializers.SerializerMethodField()
    results = serializers.SerializerMethodField()

    class Meta:
        model = Case
        fields = (
            "id",
            "item",
            "title",
            "origin",
            "reason",
            "state",
            "priority",
            "claimed_by",
            "claimed_until",
            "created_at",
            "results",
        )

    def get_claimed_by(self, case: Case) -> str | None:
        return case.claimed_by.username if case.is_claimed and case.claimed_by else None

    @extend_schema_field(ResultSerializer(many=True))
    def get_results(self, case: Case) -> list[dict[str, Any]]:
        results = case.screening.results.all() if case.screening else []
        return list(ResultSerializer(results, many=True).data)


class DecisionRequestSerializer(serializers.Serializer):
    action = serializers.ChoiceField(choices=(Decision.Action.PUBLISH, Decision.Action.REJECT))
    reason_code = serializers.ChoiceField(
        choices=[one.code for one in policy.REASONS], required=False, default="", allow_blank=True
    )
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class ReviewDecisionSerializer(serializers.ModelSerializer):
    class Meta:
        model = Decision
        fields = ("id", "case", "item", "action", "reason_code", "note", "policy_version")


class LayerSerializer(serializers.Serializer):
    name = serializers.CharField()
    state = serializers.CharField()
    sentence = serializers.CharField()


class VerifySerializer(serializers.Serializer):
    outcome = serializers.CharField()
    sentence = serializers.CharField()
    layers = LayerSerializer(many=True)
    item = serializers.IntegerField(allow_null=True)


class VerifyRequestSerializer(serializers.Serializer):
    file = serializers.FileField()


class ReviewList(ListAPIView):
    """Open cases, most urgent first."""

    permission_classes = [IsModerator]
    serializer_class = ReviewSerializer

    def get_queryset(self) -> QuerySet[Case]:
        return list_open_cases()


class ReviewClaim(APIView):
    """Claim a case for ten minutes (POST) or give it back (DELETE)."""

    permission_classes = [IsModerator]

    @extend_schema(request=None, responses=ReviewSerializer)
    def post(self, request: Request, pk: int) -> Response:
        case = claim_case(case=get_object_or_404(Case, pk=pk), moderator=request.user)
        return Response(ReviewSerializer(case).data)

    @extend_schema(request=None, responses={204: OpenApiResponse(description="Given back.")})
    def delete(self, request: Request, pk: int) -> Response:
        release_case(case=get_object_or_404(Case, pk=pk), moderator=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ReviewDecide(APIView):
    """Publish or reject the item of a case that one holds."""

    permission_classes = [IsModerator]

    @extend_schema(request=DecisionRequestSerializer, responses={201: ReviewDecisionSerializer})
    def post(self, request: Request, pk: int) -> Response:
        asked = DecisionRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        case = get_object_or_404(Case, pk=pk)
        decision = decide_case(case=case, moderator=request.user, **asked.validated_data)
        return Response(ReviewDecisionSerializer(decision).data, status=status.HTTP_201_CREATED)


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
        report = verify_file(data=asked.validated_data["file"].read(), user=request.user)
        return Response(VerifySerializer(report.as_dict()).data)


urlpatterns = [
    path("reviews/", ReviewList.as_view(), name="reviews"),
    path("reviews/<int:pk>/claim/", ReviewClaim.as_view(), name="review_claim"),
    path("reviews/<int:pk>/decide/", ReviewDecide.as_view(), name="review_decide"),
    path("verify/", Verify.as_view(), name="verify"),
]
