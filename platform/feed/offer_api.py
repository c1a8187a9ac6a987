"""The feed's offer in the API."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from feed.offers import accept_offer, dismiss_offer, find_offer


class OfferSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    wish = serializers.CharField()
    sentence = serializers.CharField()


class OpenOfferSerializer(serializers.Serializer):
    offer = OfferSerializer(allow_null=True)


class OfferAnswerSerializer(serializers.Serializer):
    answer = serializers.ChoiceField(choices=("accept", "dismiss"))


class OfferTurnSerializer(serializers.Serializer):
    turn_id = serializers.IntegerField(allow_null=True)
    job_id = serializers.IntegerField(allow_null=True)


class OfferView(APIView):
    """What the feed offers to make after you passed over several items."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="offer_read", responses=OpenOfferSerializer)
    def get(self, request: Request) -> Response:
        """Return the open offer, or null."""
        return Response(OpenOfferSerializer({"offer": find_offer(request.user)}).data)


class OfferAnswerView(APIView):
    """Answer an offer."""

    permission_classes = [IsAuthenticated]
    throttle_scope = "create"

    @extend_schema(
        operation_id="offer_answer", request=OfferAnswerSerializer, responses=OfferTurnSerializer
    )
    def post(self, request: Request, pk: int) -> Response:
        """Take the offer up or wave it away; repeating either changes nothing."""
        body = OfferAnswerSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        if body.validated_data["answer"] == "dismiss":
            dismiss_offer(user=request.user, pk=pk)
            return Response({"turn_id": None, "job_id": None})
        turn = accept_offer(user=request.user, pk=pk)
        made = {"turn_id": turn.pk, "job_id": turn.job_id}
        return Response(made, status=status.HTTP_201_CREATED)


urlpatterns = [
    path("feed/offer/", OfferView.as_view(), name="offer"),
    path("feed/offer/<int:pk>/", OfferAnswerView.as_view(), name="offer-answer"),
]
