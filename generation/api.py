"""API of generation, under /api/v1/: hand in, list, look at, cancel and retry one's own jobs."""

from __future__ import annotations

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
from common.guidance import MAX_INSTRUCTION_CHARS, Attributes, Guidance
from common.vocabulary import COLOURS, PATTERNS, STYLES, TYPES
from generation.models import Job
from generation.selectors import get_job, get_progress, list_jobs
from generation.services import cancel_job, retry_job, submit_job

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
    style = serializers.ChoiceField(choices=STYLES, required=False, allow_null=True)
    strength = serializers.FloatField(min_value=0.0, max_value=1.0, default=0.6)
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)
    exposure = serializers.ChoiceField(choices=("direct", "ranked"), default="direct")


class ProgressSerializer(serializers.Serializer):
    """Where a job stands; the same payload as its server-sent events."""

    state = serializers.ChoiceField(choices=Job.State.choices)
    stage = serializers.ChoiceField(choices=Job.Stage.choices)
    stage_text = serializers.CharField()
    step = serializers.IntegerField()
    steps_total = serializers.IntegerField()
    share = serializers.FloatField()
    position = serializers.IntegerField()
    estimate_s = serializers.FloatField(allow_null=True)
    item_id = serializers.IntegerField(allow_null=True)
    item_state = serializers.CharField()
    item_url = serializers.CharField()
    thumb_url = serializers.CharField()
    problem = serializers.CharField()
    settled = serializers.BooleanField()


class JobSerializer(serializers.ModelSerializer):
    progress = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = ["id", "guidance", "source", "result", "backend", "created_at", "progress"]

    def get_progress(self, job: Job) -> ProgressSerializer:  # type: ignore[override]
        return ProgressSerializer(get_progress(job)).data  # type: ignore[return-value]


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
    source_id = asked.get("source_id")
    # An item that this person may not see does not exist for them; one that they may see but not
    # edit is refused with the reason by `submit_job`.
    source = get_item(user=user, pk=source_id) if source_id else None
    liked = asked.get("liked_item_ids", [])
    visible = set(Item.objects.for_audience(user).filter(pk__in=liked).values_list("pk", flat=True))
    guidance = Guidance(
        user_id=user.pk,
        instruction=asked["instruction"],
        mode="edit" if source else "create",
        wanted=_attributes(asked.get("wanted")),
        unwanted=_attributes(asked.get("unwanted")),
        liked_item_ids=tuple(pk for pk in liked if pk in visible),
        style=asked.get("style"),
        strength=asked["strength"],
        seed=asked["seed"],
        exposure=asked["exposure"],
    )
    return submit_job(
        user=user, guidance=guidance, source=source, request_key=f"api:{asked['request_key']}"
    )


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


urlpatterns = [
    path("jobs/", JobsView.as_view(), name="jobs"),
    path("jobs/<int:job_id>/", JobView.as_view(), name="job"),
    path("jobs/<int:job_id>/cancel/", CancelJobView.as_view(), name="job-cancel"),
    path("jobs/<int:job_id>/retry/", RetryJobView.as_view(), name="job-retry"),
]
