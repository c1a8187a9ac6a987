"""API of attachments: pictures and videos for the next message to the instructor."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import Item
from feed.attachments import attach_file, discard_attachment, get_attachment, state_of


class AttachmentSerializer(serializers.ModelSerializer):
    """`state`: waiting while it is looked at, ready, or failed with its `problem`."""

    state = serializers.SerializerMethodField()

    class Meta:
        model = Item
        fields = ["id", "kind", "state", "problem", "thumb_url", "created_at"]

    def get_state(self, item: Item) -> str:
        return state_of(item)


class FileSerializer(serializers.Serializer):
    file = serializers.FileField()


class AttachmentsView(APIView):
    """Attach a picture or a video; only you can see it, and it is deleted with the conversation."""

    permission_classes = [IsAuthenticated]
    parser_classes = [MultiPartParser]
    throttle_scope = "create"

    @extend_schema(
        operation_id="attachment_add",
        request={"multipart/form-data": FileSerializer},
        responses={201: AttachmentSerializer},
    )
    def post(self, request: Request) -> Response:
        """Take a file in; name its id in `attachment_ids` of a message."""
        body = FileSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        item = attach_file(user=request.user, file=body.validated_data["file"])
        return Response(AttachmentSerializer(item).data, status=status.HTTP_201_CREATED)


class AttachmentView(APIView):
    """One attachment of your own."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="attachment_read", responses=AttachmentSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Return how it is coming along."""
        return Response(AttachmentSerializer(get_attachment(user=request.user, pk=pk)).data)

    @extend_schema(operation_id="attachment_discard", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete it with its files; harmless when it is gone."""
        discard_attachment(user=request.user, pk=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


urlpatterns = [
    path("conversations/attachments/", AttachmentsView.as_view(), name="attachments"),
    path("conversations/attachments/<int:pk>/", AttachmentView.as_view(), name="attachment"),
]
