"""API of reports, statements of reasons and appeals, and of what operators look after."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.selectors import get_item
from moderation.console_api import IsModerator
from moderation.models import Appeal, AuditEntry, Report, Statement, Strike
from moderation.selectors import list_audit_entries
from moderation.services import (
    appeal_report,
    appeal_statement,
    audit,
    change_policy,
    change_routing,
    current_policy,
    current_routing,
    report_item,
    transparency,
)
from moderation.standing_selectors import get_own_report, get_standing, get_statement
from moderation.throttles import require_report_rate

MAX_AUDIT = 100


class IsOperator(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        return bool(user and user.is_authenticated and user.can_operate)


class ReportRequestSerializer(serializers.Serializer):
    reason = serializers.ChoiceField(choices=Report.Reason.choices)
    explanation = serializers.CharField(
        max_length=2000, required=False, default="", allow_blank=True
    )
    law = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    notifier_name = serializers.CharField(
        max_length=120, required=False, default="", allow_blank=True
    )
    good_faith = serializers.BooleanField(required=False, default=False)


class ReportSerializer(serializers.ModelSerializer):
    class Meta:
        model = Report
        fields = ("id", "receipt", "item", "reason", "state", "outcome", "created_at", "decided_at")


class AppealRequestSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=2000)


class AppealSerializer(serializers.ModelSerializer):
    class Meta:
        model = Appeal
        fields = ("id", "decision", "by", "text", "state", "outcome", "created_at", "decided_at")


class StatementSerializer(serializers.ModelSerializer):
    action = serializers.CharField(source="decision.action")
    item = serializers.IntegerField(source="decision.item_id", allow_null=True)

    class Meta:
        model = Statement
        fields = (
            *("puid", "item", "title", "action", "reason_code", "rule", "ground", "legal_ground"),
            *("policy_version", "message", "facts", "source", "automated_detection"),
            *("automated_decision", "territorial_scope", "service_until", "appeal_until"),
            *("reversed_at", "created_at"),
        )


class StrikeSerializer(serializers.ModelSerializer):
    class Meta:
        model = Strike
        fields = ("id", "points", "reason_code", "created_at", "expires_at", "revoked_at")


class RestrictionSerializer(serializers.Serializer):
    kind = serializers.CharField()
    until = serializers.DateTimeField()
    why = serializers.CharField()


class StandingSerializer(serializers.Serializer):
    points = serializers.IntegerField()
    level = serializers.CharField(source="consequence.level")
    restrictions = RestrictionSerializer(many=True)
    strikes = StrikeSerializer(many=True)
    statements = StatementSerializer(many=True)
    appeals = AppealSerializer(many=True)
    reports = ReportSerializer(many=True)
    report_weight = serializers.FloatField()
    weight_because = serializers.CharField()


class RoutingSerializer(serializers.Serializer):
    base = serializers.IntegerField(help_text="the table that this one follows")
    rules = serializers.ListField(child=serializers.DictField(), max_length=100)


class PolicySerializer(serializers.Serializer):
    base = serializers.CharField(max_length=20, help_text="the version that this one follows")
    reasons = serializers.ListField(child=serializers.DictField(), max_length=60)


class AuditEntrySerializer(serializers.ModelSerializer):
    actor = serializers.CharField(source="actor.username", default=None)

    class Meta:
        model = AuditEntry
        fields = (
            *("id", "position", "actor", "action", "item_id", "data", "created_at"),
            *("previous", "digest"),
        )


class ChainSerializer(serializers.Serializer):
    is_whole = serializers.BooleanField()
    length = serializers.IntegerField()
    head = serializers.CharField()
    broken_at = serializers.IntegerField(allow_null=True)
    problem = serializers.CharField()


class PeriodSerializer(serializers.Serializer):
    first = serializers.DateField(required=False)
    last = serializers.DateField(required=False)


class ReportItem(APIView):
    permission_classes = [AllowAny]

    @extend_schema(request=ReportRequestSerializer, responses={201: ReportSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Report an item. It is hidden from the reporter at once; people decide."""
        require_report_rate(request)
        item = get_item(user=request.user, pk=pk)
        asked = ReportRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        report = report_item(
            user=request.user, item=item, session=request.session, **asked.validated_data
        )
        return Response(ReportSerializer(report).data, status=status.HTTP_201_CREATED)


class StandingView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(responses=StandingSerializer)
    def get(self, request: Request) -> Response:
        """One's own record: decisions, strikes, appeals, reports and how much they count."""
        return Response(StandingSerializer(get_standing(request.user)).data)


class StatementView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(responses=StatementSerializer)
    def get(self, request: Request, puid: str) -> Response:
        """A statement of reasons, for the person it is about and for moderators."""
        return Response(StatementSerializer(get_statement(user=request.user, puid=puid)).data)


class StatementAppeal(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(request=AppealRequestSerializer, responses={201: AppealSerializer})
    def post(self, request: Request, puid: str) -> Response:
        """Appeal once against a decision about one's own item."""
        asked = AppealRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        statement = get_statement(user=request.user, puid=puid)
        appeal = appeal_statement(statement=statement, user=request.user, **asked.validated_data)
        return Response(AppealSerializer(appeal).data, status=status.HTTP_201_CREATED)


class ReportAppeal(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(request=AppealRequestSerializer, responses={201: AppealSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Appeal against the dismissal of one's own report."""
        asked = AppealRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        report = get_own_report(user=request.user, pk=pk)
        appeal = appeal_report(report=report, user=request.user, **asked.validated_data)
        return Response(AppealSerializer(appeal).data, status=status.HTTP_201_CREATED)


class OperatorsWrite(APIView):
    """Moderators read, operators change."""

    def get_permissions(self) -> list[Any]:
        return [IsOperator()] if self.request.method == "PUT" else [IsModerator()]


class RoutingView(OperatorsWrite):
    @extend_schema(operation_id="routing_read", responses=RoutingSerializer)
    def get(self, request: Request) -> Response:
        """The table that sends cases to queues."""
        number, rules = current_routing()
        return Response({"base": number, "rules": [one.as_dict() for one in rules]})

    @extend_schema(
        operation_id="routing_change", request=RoutingSerializer, responses=RoutingSerializer
    )
    def put(self, request: Request) -> Response:
        """Put a new table in force; refused when `base` is not the one in force."""
        asked = RoutingSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        change_routing(by=request.user, **asked.validated_data)
        return self.get(request)


class PolicyView(OperatorsWrite):
    @extend_schema(operation_id="policy_read", responses=PolicySerializer)
    def get(self, request: Request) -> Response:
        """The reasons that a decision may name."""
        policy = current_policy()
        reasons = [one.as_dict() for one in policy.reasons]
        return Response({"base": policy.version, "reasons": reasons})

    @extend_schema(
        operation_id="policy_change", request=PolicySerializer, responses=PolicySerializer
    )
    def put(self, request: Request) -> Response:
        """Put new reasons in force; refused when `base` is not the version in force."""
        asked = PolicySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        change_policy(by=request.user, **asked.validated_data)
        return self.get(request)


class AuditView(APIView):
    permission_classes = [IsModerator]

    @extend_schema(
        operation_id="audit_list",
        parameters=[
            OpenApiParameter("action", str),
            OpenApiParameter("item", int),
            OpenApiParameter("before", int, description="entries with a smaller number"),
        ],
        responses=AuditEntrySerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """The audit log, newest first."""
        asked = request.query_params
        item, before = _number(asked.get("item")), _number(asked.get("before"))
        entries = list_audit_entries(action=asked.get("action", "")[:40], item_id=item)
        if before:
            entries = entries.filter(pk__lt=before)
        return Response(AuditEntrySerializer(entries[:MAX_AUDIT], many=True).data)


class AuditVerify(APIView):
    permission_classes = [IsModerator]

    @extend_schema(
        parameters=[OpenApiParameter("expect", str, description="a head noted earlier")],
        responses=ChainSerializer,
    )
    def get(self, request: Request) -> Response:
        """Walk the whole chain of the audit log."""
        report = audit.verify_chain(expected=request.query_params.get("expect", "")[:64])
        return Response(ChainSerializer(report).data)


class TransparencyCounts(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        parameters=[PeriodSerializer], responses=OpenApiResponse(description="Counts by name.")
    )
    def get(self, request: Request) -> Response:
        """What moderation did in a period, in numbers."""
        first, last = _period(request)
        return Response(transparency.count_period(first=first, last=last))


class TransparencyStatements(APIView):
    permission_classes = [IsOperator]

    @extend_schema(
        parameters=[PeriodSerializer],
        responses=OpenApiResponse(description="Rows by the DSA Transparency Database's fields."),
    )
    def get(self, request: Request) -> Response:
        """The statements of reasons of a period; no personal data."""
        first, last = _period(request)
        rows = transparency.list_statements(first=first, last=last)
        return Response({"statements": [transparency.as_row(one) for one in rows]})


def _period(request: Request) -> tuple[Any, Any]:
    asked = PeriodSerializer(data=request.query_params)
    asked.is_valid(raise_exception=True)
    return transparency.period(asked.validated_data.get("first"), asked.validated_data.get("last"))


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 18 else None


urlpatterns = [
    path("items/<int:pk>/report/", ReportItem.as_view(), name="item_report"),
    path("standing/", StandingView.as_view(), name="standing"),
    path("statements/<uuid:puid>/", StatementView.as_view(), name="statement"),
    path("statements/<uuid:puid>/appeal/", StatementAppeal.as_view(), name="statement_appeal"),
    path("reports/<int:pk>/appeal/", ReportAppeal.as_view(), name="report_appeal"),
    path("routing/", RoutingView.as_view(), name="routing"),
    path("policy/", PolicyView.as_view(), name="policy"),
    path("audit/", AuditView.as_view(), name="audit"),
    path("audit/verify/", AuditVerify.as_view(), name="audit_verify"),
    path("transparency/", TransparencyCounts.as_view(), name="transparency"),
    path("transparency/statements/", TransparencyStatements.as_view(), name="statements"),
]
