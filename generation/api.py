"""API of generation, under /api/v1/: hand in, list, look at, cancel and retry one's own jobs."""

from __future__ import annotations

import uuid
from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import Item
from catalog.selectors import get_item
from common.guidance import MAX_INSTRUCTION_CHARS, MAX_SCALE, Attributes, Guidance
from common.vocabulary import COLOURS, LOOKS, PATTERNS, STYLES, TYPES
from generation.models import Job
from generation.selectors import Group, get_allowance, get_group, get_job, get_progress, list_jobs
from generation.services import (
    MAX_VARIANTS,
    SEED_LIMIT,
    cancel_job,
    cancel_jobs,
    rerun_job,
    retry_job,
    retry_variants,
    submit_job,
    submit_variants,
)

MAX_LIKED = 50


class GarmentSerializer(serializers.Serializer):
    type = serializers.ChoiceField(choices=TYPES, required=False, allow_null=True)
    colours = serializers.ListField(
        child=serializers.ChoiceField(choices=tuple(COLOURS)), required=False, max_length=4
    )
    pattern = serializers.ChoiceField(choices=PATTERNS, required=False, allow_null=True)
    details = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, max_length=12
    )


class JobRequestSerializer(serializers.Serializer):
    """What to make. With `source_id` it is an edit of that item."""

    request_key = serializers.CharField(
        max_length=100, help_text="Chosen by the caller: sending it again returns the same job."
    )
    instruction = serializers.CharField(max_length=MAX_INSTRUCTION_CHARS, allow_blank=True)
    source_id = serializers.IntegerField(required=False, allow_null=True)
    wanted = GarmentSerializer(required=False)
    unwanted = GarmentSerializer(required=False)
    liked_item_ids = serializers.ListField(
        child=serializers.IntegerField(), required=False, max_length=MAX_LIKED
    )
    kind = serializers.ChoiceField(
        choices=Item.Kind.choices,
        default="image",
        help_text="Of what is created; an edit keeps its kind.",
    )
    reference_id = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="A picture to begin from: your own, made for you, or one that allows edits.",
    )
    look = serializers.ChoiceField(choices=LOOKS, required=False, allow_null=True)
    style = serializers.ChoiceField(choices=STYLES, required=False, allow_null=True)
    style_degree = serializers.FloatField(min_value=0.0, max_value=1.0, default=1.0)
    strength = serializers.FloatField(min_value=0.0, max_value=1.0, default=0.6)
    literalness = serializers.FloatField(
        min_value=0.0,
        max_value=MAX_SCALE,
        required=False,
        allow_null=True,
        help_text="Guidance scale of the words; left out, the model's own.",
    )
    personality = serializers.FloatField(
        min_value=0.0,
        max_value=MAX_SCALE,
        required=False,
        allow_null=True,
        help_text="Guidance scale of the liked items; left out, the model's own.",
    )
    seed = serializers.IntegerField(min_value=0, max_value=SEED_LIMIT, default=0)
    exposure = serializers.ChoiceField(choices=("direct", "ranked"), default="direct")


class GroupRequestSerializer(JobRequestSerializer):
    variants = serializers.IntegerField(min_value=1, max_value=MAX_VARIANTS, default=MAX_VARIANTS)


class ProgressSerializer(serializers.Serializer):
    """Where a job stands; the same payload as its server-sent events."""

    job_id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=Job.State.choices)
    stage = serializers.ChoiceField(choices=Job.Stage.choices)
    stage_text = serializers.CharField()
    step = serializers.IntegerField()
    steps_total = serializers.IntegerField()
    share = serializers.FloatField()
    position = serializers.IntegerField()
    estimate_s = serializers.FloatField(allow_null=True)
    kind = serializers.ChoiceField(choices=Item.Kind.choices)
    item_id = serializers.IntegerField(allow_null=True)
    item_state = serializers.CharField()
    item_url = serializers.CharField()
    thumb_url = serializers.CharField()
    poster_url = serializers.CharField()
    video_url = serializers.CharField()
    problem = serializers.CharField()
    notes = serializers.ListField(child=serializers.CharField())
    settled = serializers.BooleanField()


class JobSerializer(serializers.ModelSerializer):
    progress = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = [
            *("id", "batch", "guidance", "source", "result", "backend", "cost", "created_at"),
            "progress",
        ]

    def get_progress(self, job: Job) -> ProgressSerializer:  # type: ignore[override]
        return ProgressSerializer(get_progress(job)).data  # type: ignore[return-value]


class GroupSerializer(serializers.Serializer):
    """Variants that were asked for together; one alone has no group of its own."""

    batch = serializers.UUIDField(allow_null=True)
    jobs = JobSerializer(many=True)


class CancelSerializer(serializers.Serializer):
    waiting_only = serializers.BooleanField(
        default=False, help_text="Leave alone what is already being made."
    )


class CancelledSerializer(serializers.Serializer):
    cancelled = serializers.IntegerField()


class AllowanceSerializer(serializers.Serializer):
    """What you may still ask for."""

    active = serializers.IntegerField()
    most_active = serializers.IntegerField()
    free_now = serializers.IntegerField()
    used_today = serializers.IntegerField()
    daily = serializers.IntegerField()
    left_today = serializers.IntegerField()


class RetrySerializer(serializers.Serializer):
    request_key = serializers.CharField(max_length=100, required=False, default="")


class JobsView(ListAPIView):
    """Your jobs, newest first; POST hands one in."""

    permission_classes = [IsAuthenticated]
    serializer_class = JobSerializer

    @property
    def throttle_scope(self) -> str | None:
        """Only handing in is throttled; looking on is not."""
        return "create" if self.request.method == "POST" else None

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return Job.objects.none()
        return list_jobs(self.request.user)

    @extend_schema(request=JobRequestSerializer, responses={201: JobSerializer})
    def post(self, request: Request) -> Response:
        asked = JobRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        job = _submit(request.user, asked.validated_data)
        return Response(JobSerializer(job).data, status=status.HTTP_201_CREATED)


def _submit(user: Any, asked: dict[str, Any]) -> Job:
    guidance, source, reference = _read(user, asked)
    return submit_job(
        user=user,
        guidance=guidance,
        source=source,
        reference=reference,
        request_key=f"api:{asked['request_key']}",
    )


def _read(user: Any, asked: dict[str, Any]) -> tuple[Guidance, Item | None, Item | None]:
    """Return the guidance of a request, the item it edits and the one it begins from."""
    source_id, reference_id = asked.get("source_id"), asked.get("reference_id")
    # An item that this person may not see does not exist for them; one that they may see but not
    # edit is refused with the reason by `submit_job`.
    source = get_item(user=user, pk=source_id) if source_id else None
    reference = get_item(user=user, pk=reference_id) if reference_id else None
    liked = asked.get("liked_item_ids", [])
    visible = set(Item.objects.for_audience(user).filter(pk__in=liked).values_list("pk", flat=True))
    guidance = Guidance(
        user_id=user.pk,
        instruction=asked["instruction"],
        kind=asked["kind"],
        mode="edit" if source and source.kind == Item.Kind.IMAGE else "create",
        wanted=_attributes(asked.get("wanted")),
        unwanted=_attributes(asked.get("unwanted")),
        reference_item_ids=(reference_id,) if reference_id else (),
        liked_item_ids=tuple(pk for pk in liked if pk in visible),
        look=asked.get("look"),
        style=asked.get("style"),
        style_degree=asked["style_degree"],
        strength=asked["strength"],
        literalness=asked.get("literalness"),
        personality=asked.get("personality"),
        seed=asked["seed"],
        exposure=asked["exposure"],
    )
    return guidance, source, reference


def _attributes(data: dict[str, Any] | None) -> Attributes:
    return Attributes(
        type=(data or {}).get("type"),
        colours=tuple((data or {}).get("colours", ())),
        pattern=(data or {}).get("pattern"),
        details=tuple((data or {}).get("details", ())),
    )


class JobView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(responses=JobSerializer)
    def get(self, request: Request, job_id: int) -> Response:
        """One of your jobs, with its progress."""
        return Response(JobSerializer(get_job(user=request.user, job_id=job_id)).data)


class CancelJobView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=None,
        responses={200: JobSerializer, 409: OpenApiResponse(description="It has finished")},
    )
    def post(self, request: Request, job_id: int) -> Response:
        """Stop a job; it ends within one denoising step."""
        job = get_job(user=request.user, job_id=job_id)
        return Response(JobSerializer(cancel_job(job=job, user=request.user)).data)


class RetryJobView(APIView):
    permission_classes = [IsAuthenticated]
    throttle_scope = "create"

    @extend_schema(request=RetrySerializer, responses={201: JobSerializer})
    def post(self, request: Request, job_id: int) -> Response:
        """Ask for the same once more with a new seed."""
        wish = RetrySerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        job = get_job(user=request.user, job_id=job_id)
        again = retry_job(job=job, user=request.user, **wish.validated_data)
        return Response(JobSerializer(again).data, status=status.HTTP_201_CREATED)


class RerunJobView(APIView):
    permission_classes = [IsAuthenticated]
    throttle_scope = "create"

    @extend_schema(
        operation_id="job_rerun", request=RetrySerializer, responses={201: JobSerializer}
    )
    def post(self, request: Request, job_id: int) -> Response:
        """Ask for exactly the same: same seed, same model, same picture."""
        wish = RetrySerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        job = get_job(user=request.user, job_id=job_id)
        again = rerun_job(job=job, user=request.user, **wish.validated_data)
        return Response(JobSerializer(again).data, status=status.HTTP_201_CREATED)


class CancelJobsView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="jobs_cancel", request=CancelSerializer, responses=CancelledSerializer
    )
    def post(self, request: Request) -> Response:
        """Stop all your jobs, or those that still wait."""
        wish = CancelSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        count = cancel_jobs(user=request.user, **wish.validated_data)
        return Response({"cancelled": count})


class AllowanceView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="jobs_allowance", responses=AllowanceSerializer)
    def get(self, request: Request) -> Response:
        """How many creations you may still ask for, now and today."""
        return Response(AllowanceSerializer(get_allowance(request.user)).data)


class GroupsView(APIView):
    permission_classes = [IsAuthenticated]
    throttle_scope = "create"

    @extend_schema(
        operation_id="job_group_request",
        request=GroupRequestSerializer,
        responses={201: GroupSerializer},
    )
    def post(self, request: Request) -> Response:
        """Hand in up to four variants that differ by their seeds alone."""
        asked = GroupRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        guidance, source, reference = _read(request.user, asked.validated_data)
        jobs = submit_variants(
            user=request.user,
            guidance=guidance,
            source=source,
            reference=reference,
            request_key=f"api:{asked.validated_data['request_key']}",
            count=asked.validated_data["variants"],
        )
        return _group_response(Group(jobs))


class GroupView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="job_group", responses=GroupSerializer)
    def get(self, request: Request, batch: uuid.UUID) -> Response:
        """Variants that you asked for together, with their progress."""
        return Response(GroupSerializer(get_group(user=request.user, batch=batch)).data)


class CancelGroupView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="job_group_cancel", request=CancelSerializer, responses=CancelledSerializer
    )
    def post(self, request: Request, batch: uuid.UUID) -> Response:
        """Stop those variants that are not made yet."""
        wish = CancelSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        get_group(user=request.user, batch=batch)
        count = cancel_jobs(user=request.user, batch=batch, **wish.validated_data)
        return Response({"cancelled": count})


class RetryGroupView(APIView):
    permission_classes = [IsAuthenticated]
    throttle_scope = "create"

    @extend_schema(
        operation_id="job_group_retry", request=RetrySerializer, responses={201: GroupSerializer}
    )
    def post(self, request: Request, batch: uuid.UUID) -> Response:
        """Ask for as many new variants of the same wish."""
        wish = RetrySerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        get_group(user=request.user, batch=batch)
        jobs = retry_variants(batch=batch, user=request.user, **wish.validated_data)
        return _group_response(Group(jobs))


def _group_response(group: Group) -> Response:
    return Response(GroupSerializer(group).data, status=status.HTTP_201_CREATED)


urlpatterns = [
    path("jobs/", JobsView.as_view(), name="jobs"),
    path("jobs/cancel/", CancelJobsView.as_view(), name="jobs-cancel"),
    path("jobs/allowance/", AllowanceView.as_view(), name="jobs-allowance"),
    path("jobs/groups/", GroupsView.as_view(), name="job-groups"),
    path("jobs/groups/<uuid:batch>/", GroupView.as_view(), name="job-group"),
    path("jobs/groups/<uuid:batch>/cancel/", CancelGroupView.as_view(), name="job-group-cancel"),
    path("jobs/groups/<uuid:batch>/retry/", RetryGroupView.as_view(), name="job-group-retry"),
    path("jobs/<int:job_id>/", JobView.as_view(), name="job"),
    path("jobs/<int:job_id>/cancel/", CancelJobView.as_view(), name="job-cancel"),
    path("jobs/<int:job_id>/retry/", RetryJobView.as_view(), name="job-retry"),
    path("jobs/<int:job_id>/rerun/", RerunJobView.as_view(), name="job-rerun"),
]
