"""API of facts, under /api/v1/: search for everybody, sources for operators."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from knowledge.models import Passage, Source
from knowledge.selectors import (
    MAX_QUERY_CHARS,
    get_source,
    list_held,
    list_passages,
    list_sources,
    search_passages,
)
from knowledge.services import (
    add_source,
    change_source,
    delete_source,
    judge_passage,
    request_reading,
    upload_document,
)


class IsOperator(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        return bool(user and user.is_authenticated and user.can_operate)


class FactQuerySerializer(serializers.Serializer):
    q = serializers.CharField(max_length=MAX_QUERY_CHARS)
    k = serializers.IntegerField(min_value=1, max_value=20, default=5)
    topic = serializers.ListField(child=serializers.CharField(max_length=24), default=list)


class CitationSerializer(serializers.Serializer):
    passage_id = serializers.IntegerField()
    document_id = serializers.IntegerField()
    source_id = serializers.IntegerField()
    title = serializers.CharField()
    publisher = serializers.CharField()
    url = serializers.CharField()
    page = serializers.CharField()
    date = serializers.DateField()
    jurisdiction = serializers.CharField()
    in_force_from = serializers.DateField(allow_null=True)
    trust = serializers.IntegerField()
    quote = serializers.CharField()
    start = serializers.IntegerField()
    end = serializers.IntegerField()


class FactSearchApi(APIView):
    """Search the facts."""

    @extend_schema(
        operation_id="facts_search",
        parameters=[
            OpenApiParameter("q", str, required=True),
            OpenApiParameter("k", int),
            OpenApiParameter("topic", str, many=True),
        ],
        responses=CitationSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        given = FactQuerySerializer(
            data={
                **request.query_params.dict(),
                "topic": request.query_params.getlist("topic"),
            }
        )
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        found = search_passages(asked["q"], k=asked["k"], topics=asked["topic"])
        rows = [one.as_citation() for one in found]
        return Response(CitationSerializer(rows, many=True).data)


class SourceSerializer(serializers.ModelSerializer):
    passage_count = serializers.IntegerField(read_only=True)
    held_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Source
        fields = (
            *("id", "kind", "url", "title", "publisher", "trust", "topics", "enabled"),
            *("refresh_hours", "next_fetch_at", "fetched_at", "state", "error", "failures"),
            *("passage_count", "held_count", "created_at"),
        )
        read_only_fields = fields


class NewSourceSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=(Source.Kind.FEED, Source.Kind.PAGE))
    url = serializers.CharField(max_length=1000)
    title = serializers.CharField(max_length=200, default="", allow_blank=True)
    publisher = serializers.CharField(max_length=120, default="", allow_blank=True)
    trust = serializers.ChoiceField(choices=Source.Trust.choices, default=Source.Trust.KNOWN)
    topics = serializers.ListField(child=serializers.CharField(max_length=24), default=list)
    refresh_hours = serializers.IntegerField(min_value=1, max_value=24 * 90, default=24)


class SourceChangeSerializer(serializers.Serializer):
    title = serializers.CharField(max_length=200, required=False)
    publisher = serializers.CharField(max_length=120, required=False, allow_blank=True)
    trust = serializers.ChoiceField(choices=Source.Trust.choices, required=False)
    topics = serializers.ListField(child=serializers.CharField(max_length=24), required=False)
    refresh_hours = serializers.IntegerField(min_value=1, max_value=24 * 90, required=False)
    enabled = serializers.BooleanField(required=False)


class FactUploadSerializer(serializers.Serializer):
    file = serializers.FileField()
    title = serializers.CharField(max_length=200, default="", allow_blank=True)
    publisher = serializers.CharField(max_length=120, default="", allow_blank=True)
    trust = serializers.ChoiceField(choices=Source.Trust.choices, default=Source.Trust.KNOWN)


class PassageSerializer(serializers.ModelSerializer):
    title = serializers.CharField(source="document.title")
    url = serializers.CharField(source="document.url")

    class Meta:
        model = Passage
        fields = (
            *("id", "document", "title", "url", "position", "text", "screening", "held_for"),
            *("duplicate_of", "retired_at"),
        )
        read_only_fields = fields


class JudgementSerializer(serializers.Serializer):
    let_in = serializers.BooleanField()


class SourceListApi(APIView):
    """All sources; add a feed or a page."""

    permission_classes = (IsOperator,)

    @extend_schema(operation_id="fact_sources_list", responses=SourceSerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response(SourceSerializer(list_sources(), many=True).data)

    @extend_schema(
        operation_id="fact_sources_add",
        request=NewSourceSerializer,
        responses={201: SourceSerializer},
    )
    def post(self, request: Request) -> Response:
        given = NewSourceSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        source = add_source(user=request.user, **given.validated_data)
        return _answer(source, status.HTTP_201_CREATED)


class SourceApi(APIView):
    """One source: see, change, delete."""

    permission_classes = (IsOperator,)

    @extend_schema(operation_id="fact_sources_get", responses=SourceSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return _answer(get_source(pk=pk))

    @extend_schema(
        operation_id="fact_sources_change",
        request=SourceChangeSerializer,
        responses=SourceSerializer,
    )
    def patch(self, request: Request, pk: int) -> Response:
        given = SourceChangeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        change_source(user=request.user, source=get_source(pk=pk), **given.validated_data)
        return _answer(get_source(pk=pk))

    @extend_schema(operation_id="fact_sources_delete", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        delete_source(user=request.user, source=get_source(pk=pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class SourceReadApi(APIView):
    """Read a source now."""

    permission_classes = (IsOperator,)

    @extend_schema(
        operation_id="fact_sources_read",
        request=None,
        responses={202: OpenApiResponse(description="It will be read in the background.")},
    )
    def post(self, request: Request, pk: int) -> Response:
        request_reading(user=request.user, source=get_source(pk=pk))
        return Response(status=status.HTTP_202_ACCEPTED)


class SourceUploadApi(APIView):
    """Upload a document as a source."""

    permission_classes = (IsOperator,)
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="fact_sources_upload",
        request=FactUploadSerializer,
        responses={201: SourceSerializer},
    )
    def post(self, request: Request) -> Response:
        given = FactUploadSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        source = upload_document(user=request.user, **given.validated_data)
        return _answer(source, status.HTTP_201_CREATED)


class SourcePassagesApi(ListAPIView):
    """The passages of a source that stand, held ones included."""

    permission_classes = (IsOperator,)
    serializer_class = PassageSerializer
    queryset = Passage.objects.none()

    def get_queryset(self) -> QuerySet[Passage]:
        return list_passages(source=get_source(pk=self.kwargs["pk"]))


class HeldPassagesApi(ListAPIView):
    """Passages that were held because they speak to machines."""

    permission_classes = (IsOperator,)
    serializer_class = PassageSerializer
    queryset = Passage.objects.none()

    def get_queryset(self) -> QuerySet[Passage]:
        return list_held()


class JudgePassageApi(APIView):
    """Let a held passage in, or set one aside."""

    permission_classes = (IsOperator,)

    @extend_schema(
        operation_id="fact_passages_judge", request=JudgementSerializer, responses=PassageSerializer
    )
    def post(self, request: Request, pk: int) -> Response:
        given = JudgementSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        passage = judge_passage(user=request.user, passage_id=pk, **given.validated_data)
        return Response(PassageSerializer(passage).data)


def _answer(source: Source, code: int = status.HTTP_200_OK) -> Response:
    data: dict[str, Any] = dict(SourceSerializer(source).data)
    return Response(data, status=code)


urlpatterns = [
    path("facts/", FactSearchApi.as_view(), name="facts"),
    path("facts/sources/", SourceListApi.as_view(), name="fact-sources"),
    path("facts/sources/upload/", SourceUploadApi.as_view(), name="fact-upload"),
    path("facts/sources/<int:pk>/", SourceApi.as_view(), name="fact-source"),
    path("facts/sources/<int:pk>/read/", SourceReadApi.as_view(), name="fact-source-read"),
    path("facts/sources/<int:pk>/passages/", SourcePassagesApi.as_view(), name="fact-passages"),
    path("facts/held/", HeldPassagesApi.as_view(), name="facts-held"),
    path("facts/passages/<int:pk>/judge/", JudgePassageApi.as_view(), name="fact-judge"),
]
