"""API of the review console, under /api/v1/: everything that its pages do, by the same services."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
)
from rest_framework import serializers, status
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderation.case_selectors import get_case_view
from moderation.console_selectors import count_queues, get_preference, list_open_cases, take_page
from moderation.models import Case, CaseNote, CaseSkip, CheckResult, Decision, ReviewerPreference
from moderation.services import (
    add_note,
    bulk_decide,
    claim_case,
    claim_next_case,
    decide_case,
    move_case,
    release_case,
    set_preference,
    skip_case,
)

MAX_PAGE = 100
PROPOSED = "Kept. A second person must decide alike before anything happens."


class IsModerator(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        return bool(user and user.is_authenticated and user.can_moderate)


class ResultSerializer(serializers.ModelSerializer):
    class Meta:
        model = CheckResult
        fields = (
            *("check_name", "perspective", "verdict", "score", "threshold", "summary"),
            *("evidence", "version"),
        )


class NoteworthySerializer(serializers.ModelSerializer):
    """A check that did not pass, in short."""

    class Meta:
        model = CheckResult
        fields = ("check_name", "perspective", "verdict", "summary")


class ReviewSerializer(serializers.ModelSerializer):
    """A case as the list shows it; `results` are the checks that did not pass."""

    title = serializers.CharField(source="item.title")
    queue = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    claimed_by = serializers.SerializerMethodField()
    results = serializers.SerializerMethodField()

    class Meta:
        model = Case
        fields = (
            *("id", "item", "title", "origin", "queue", "reason", "state", "priority", "severity"),
            *("report_count", "report_weight", "looks_organised", "four_eyes", "due_at"),
            *("claimed_by", "claimed_until", "created_at", "results"),
        )

    def get_claimed_by(self, case: Case) -> str | None:
        return case.claimed_by.username if case.is_claimed and case.claimed_by else None

    @extend_schema_field(NoteworthySerializer(many=True))
    def get_results(self, case: Case) -> list[dict[str, Any]]:
        if case.screening is None:
            return []
        rows = getattr(case.screening, "noteworthy", None)
        if rows is None:
            rows = case.screening.results.exclude(verdict=CheckResult.Verdict.PASS)
        return list(NoteworthySerializer(rows, many=True).data)


class ReviewPageSerializer(serializers.Serializer):
    """One page of cases; ask again with `after` while `next` is not empty."""

    results = ReviewSerializer(many=True)
    next = serializers.CharField()


class QueueSerializer(serializers.Serializer):
    slug = serializers.CharField(source="queue.slug")
    name = serializers.CharField(source="queue.name")
    waiting = serializers.IntegerField(source="count")
    more = serializers.BooleanField()
    allows_bulk = serializers.BooleanField(source="queue.allows_bulk")
    chosen = serializers.BooleanField(source="is_chosen")


class NoteSerializer(serializers.ModelSerializer):
    author = serializers.CharField(source="author.username", default=None, read_only=True)

    class Meta:
        model = CaseNote
        fields = ("id", "author", "text", "created_at")
        read_only_fields = ("id", "created_at")


class DecisionRequestSerializer(serializers.Serializer):
    action = serializers.ChoiceField(choices=Decision.Action.choices)
    reason_code = serializers.CharField(max_length=30, required=False, default="", allow_blank=True)
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    with_strike = serializers.BooleanField(required=False, default=True)
    bad_faith = serializers.BooleanField(required=False, default=False)


class BulkRequestSerializer(serializers.Serializer):
    cases = serializers.ListField(child=serializers.IntegerField(), max_length=100)
    action = serializers.ChoiceField(choices=("publish", "reject"))
    reason_code = serializers.CharField(max_length=30, required=False, default="", allow_blank=True)
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class BulkResultSerializer(serializers.Serializer):
    decided = serializers.IntegerField()
    problems = serializers.ListField(child=serializers.CharField())


class ReviewDecisionSerializer(serializers.ModelSerializer):
    class Meta:
        model = Decision
        fields = ("id", "case", "item", "action", "reason_code", "note", "policy_version")


class ProposedSerializer(serializers.Serializer):
    detail = serializers.CharField()


class SkipRequestSerializer(serializers.Serializer):
    reason = serializers.ChoiceField(
        choices=CaseSkip.Reason.choices, required=False, default=CaseSkip.Reason.OTHER
    )


class QueueRequestSerializer(serializers.Serializer):
    queue = serializers.SlugField(max_length=30)


class NextRequestSerializer(serializers.Serializer):
    queues = serializers.ListField(
        child=serializers.SlugField(max_length=30), required=False, max_length=50
    )


class PreferenceSerializer(serializers.ModelSerializer):
    queues = serializers.ListField(child=serializers.SlugField(max_length=30), max_length=50)

    class Meta:
        model = ReviewerPreference
        fields = ("queues", "blur", "grey", "mute")


class ModeratorView(APIView):
    permission_classes = [IsModerator]


class ReviewList(ModeratorView):
    @extend_schema(
        parameters=[
            OpenApiParameter("queue", str),
            OpenApiParameter("reason", str, enum=Case.Reason.values),
            OpenApiParameter("origin", str),
            OpenApiParameter("after", str, description="`next` of the page before"),
        ],
        responses=ReviewPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Open cases, most urgent first."""
        asked = request.query_params
        cases: QuerySet[Case] = list_open_cases(
            queue=asked.get("queue", "")[:30],
            reason=asked.get("reason", "")[:10],
            origin=asked.get("origin", "")[:11],
        )
        page, token = take_page(cases, after=asked.get("after", "")[:60], limit=MAX_PAGE)
        return Response({"results": ReviewSerializer(page, many=True).data, "next": token})


class QueueList(ModeratorView):
    @extend_schema(operation_id="review_queues", responses=QueueSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The queues with how many cases wait in each."""
        counts = count_queues(get_preference(request.user).queues)
        return Response(QueueSerializer(counts, many=True).data)


class ReviewNext(ModeratorView):
    @extend_schema(
        request=NextRequestSerializer,
        responses={200: ReviewSerializer, 204: OpenApiResponse(description="Nothing waits.")},
    )
    def post(self, request: Request) -> Response:
        """Claim the most urgent case of the queues named, or of one's own."""
        asked = NextRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        case = claim_next_case(moderator=request.user, queues=asked.validated_data.get("queues"))
        if case is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        return Response(ReviewSerializer(case).data)


class CaseSerializer(serializers.Serializer):
    """One case with its evidence, as its page shows it."""

    case = ReviewSerializer()
    checks = ResultSerializer(many=True)
    notes = NoteSerializer(many=True)
    actions = serializers.ListField(child=serializers.CharField())
    barred = serializers.CharField()
    proposed = serializers.CharField(allow_null=True)
    appeal = serializers.CharField(allow_null=True)
    reports = serializers.ListField(child=serializers.DictField())
    author = serializers.DictField(allow_null=True)
    lineage = serializers.ListField(child=serializers.IntegerField())


class ReviewView(ModeratorView):
    @extend_schema(operation_id="review_read", responses=CaseSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """One case with everything that a decision needs."""
        view = get_case_view(pk=pk, moderator=request.user)
        results = view.case.screening.results.all() if view.case.screening else []
        author = view.author and {
            "items": dict(view.author.states),
            "strike_points": view.author.points,
            "standing": view.author.standing.level,
        }
        found = {
            "case": view.case,
            "checks": results,
            "notes": view.notes,
            "actions": [choice.action for choice in view.choices],
            "barred": view.barred,
            "proposed": view.proposal.action if view.proposal else None,
            "appeal": view.appeal.text if view.appeal else None,
            "reports": [
                {
                    "reason": one.report.reason,
                    "explanation": one.report.explanation,
                    "weight": one.report.weight,
                    "because": one.because,
                    "state": one.report.state,
                }
                for one in view.reports
            ],
            "author": author,
            "lineage": [one.pk for one in view.lineage],
        }
        return Response(CaseSerializer(found).data)


class ReviewClaim(ModeratorView):
    @extend_schema(request=None, responses=ReviewSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Claim a case for ten minutes."""
        case = claim_case(case=get_object_or_404(Case, pk=pk), moderator=request.user)
        return Response(ReviewSerializer(case).data)

    @extend_schema(request=None, responses={204: OpenApiResponse(description="Given back.")})
    def delete(self, request: Request, pk: int) -> Response:
        """Give a case back."""
        release_case(case=get_object_or_404(Case, pk=pk), moderator=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ReviewSkip(ModeratorView):
    @extend_schema(
        request=SkipRequestSerializer, responses={204: OpenApiResponse(description="Skipped.")}
    )
    def post(self, request: Request, pk: int) -> Response:
        """Give a case back and not be offered it again for a while."""
        asked = SkipRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        case = get_object_or_404(Case, pk=pk)
        skip_case(case=case, moderator=request.user, reason=asked.validated_data["reason"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class ReviewNotes(ModeratorView):
    @extend_schema(responses=NoteSerializer(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """What reviewers told each other about a case."""
        notes = get_object_or_404(Case, pk=pk).notes.select_related("author")
        return Response(NoteSerializer(notes, many=True).data)

    @extend_schema(request=NoteSerializer, responses={201: NoteSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Leave a note for the next reviewer."""
        asked = NoteSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        case = get_object_or_404(Case, pk=pk)
        note = add_note(case=case, moderator=request.user, text=asked.validated_data["text"])
        return Response(NoteSerializer(note).data, status=status.HTTP_201_CREATED)


class ReviewMove(ModeratorView):
    @extend_schema(request=QueueRequestSerializer, responses=ReviewSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Put a case into another queue."""
        asked = QueueRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        case = get_object_or_404(Case, pk=pk)
        moved = move_case(case=case, moderator=request.user, **asked.validated_data)
        return Response(ReviewSerializer(moved).data)


class ReviewDecide(ModeratorView):
    @extend_schema(
        request=DecisionRequestSerializer,
        responses={201: ReviewDecisionSerializer, 202: ProposedSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Decide a case that one holds; 202 when a second person must decide alike."""
        asked = DecisionRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        case = get_object_or_404(Case, pk=pk)
        decision = decide_case(case=case, moderator=request.user, **asked.validated_data)
        if decision is None:
            return Response({"detail": PROPOSED}, status=status.HTTP_202_ACCEPTED)
        return Response(ReviewDecisionSerializer(decision).data, status=status.HTTP_201_CREATED)


class ReviewBulk(ModeratorView):
    @extend_schema(request=BulkRequestSerializer, responses=BulkResultSerializer)
    def post(self, request: Request) -> Response:
        """Claim and decide several cases alike; grave ones are left out and named."""
        asked = BulkRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        chosen = dict(asked.validated_data)
        done, problems = bulk_decide(case_ids=chosen.pop("cases"), moderator=request.user, **chosen)
        return Response({"decided": done, "problems": problems})


class ReviewPreferences(ModeratorView):
    @extend_schema(responses=PreferenceSerializer)
    def get(self, request: Request) -> Response:
        """Which queues one takes cases from, and how pictures come."""
        return Response(PreferenceSerializer(get_preference(request.user)).data)

    @extend_schema(request=PreferenceSerializer, responses=PreferenceSerializer)
    def put(self, request: Request) -> Response:
        """Choose them."""
        asked = PreferenceSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        first = PreferenceSerializer(get_preference(request.user)).data
        chosen = {**first, **asked.validated_data}
        return Response(PreferenceSerializer(set_preference(user=request.user, **chosen)).data)


urlpatterns = [
    path("reviews/", ReviewList.as_view(), name="reviews"),
    path("reviews/queues/", QueueList.as_view(), name="review_queues"),
    path("reviews/next/", ReviewNext.as_view(), name="review_next"),
    path("reviews/bulk/", ReviewBulk.as_view(), name="review_bulk"),
    path("reviews/settings/", ReviewPreferences.as_view(), name="review_settings"),
    path("reviews/<int:pk>/", ReviewView.as_view(), name="review"),
    path("reviews/<int:pk>/claim/", ReviewClaim.as_view(), name="review_claim"),
    path("reviews/<int:pk>/skip/", ReviewSkip.as_view(), name="review_skip"),
    path("reviews/<int:pk>/notes/", ReviewNotes.as_view(), name="review_notes"),
    path("reviews/<int:pk>/move/", ReviewMove.as_view(), name="review_move"),
    path("reviews/<int:pk>/decide/", ReviewDecide.as_view(), name="review_decide"),
]
