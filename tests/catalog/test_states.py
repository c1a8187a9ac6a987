"""The item's way from draft to published, and who may move it."""

from __future__ import annotations

import pytest

from catalog.models import Item
from catalog.services import (
    hold_item,
    publish_item,
    reject_item,
    remove_item,
    submit_item,
    withdraw_item,
)
from catalog.signals import item_published, item_removed, item_submitted
from common.errors import ConflictError, NotAllowedError
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def item():
    return ItemFactory(media_state=Item.MediaState.READY)


@pytest.fixture
def sent():
    """Signals as (name, item id), in the order in which they came."""
    seen = []
    receivers = {}
    for name, signal in (
        ("submitted", item_submitted),
        ("published", item_published),
        ("removed", item_removed),
    ):
        receivers[signal] = lambda sender, item_id, name=name, **more: seen.append((name, item_id))
        signal.connect(receivers[signal])
    yield seen
    for signal, receiver in receivers.items():
        signal.disconnect(receiver)


def test_the_whole_way_tells_the_apps_above_after_commit(
    item, sent, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        submit_item(item=item, by=item.owner)
        assert sent == []
    with django_capture_on_commit_callbacks(execute=True):
        hold_item(item=item)
        publish_item(item=item)
        remove_item(item=item, problem="Reported.")
    assert sent == [("submitted", item.pk), ("published", item.pk), ("removed", item.pk)]
    item.refresh_from_db()
    assert (item.state, item.problem) == ("removed", "Reported.")
    assert item.published_at >= item.submitted_at


def test_the_same_move_twice_is_harmless(item, sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        submit_item(item=item, by=item.owner)
        submit_item(item=item, by=item.owner)
        publish_item(item=item)
        first = item.published_at
        publish_item(item=item)
        submit_item(item=item, by=item.owner)
    assert sent == [("submitted", item.pk), ("published", item.pk)]
    assert item.published_at == first
    assert item.state == Item.State.PUBLISHED


@pytest.mark.parametrize(
    ("state", "move"),
    [
        ("draft", publish_item),
        ("draft", hold_item),
        ("rejected", publish_item),
        ("removed", publish_item),
        ("published", hold_item),
        ("expired", publish_item),
    ],
)
def test_moves_that_skip_a_step_are_refused(state, move):
    item = ItemFactory(published=True)
    Item.objects.filter(pk=item.pk).update(state=state)
    with pytest.raises(ConflictError):
        move(item=item)
    item.refresh_from_db()
    assert item.state == state


@pytest.mark.parametrize("state", ["draft", "published", "removed"])
def test_only_what_is_under_way_can_be_rejected(state):
    item = ItemFactory(published=True)
    Item.objects.filter(pk=item.pk).update(state=state)
    with pytest.raises(ConflictError):
        reject_item(item=item, problem="No.")


def test_a_rejected_item_keeps_its_reason_and_can_come_again(item):
    submit_item(item=item, by=item.owner)
    reject_item(item=item, problem="Too blurred.")
    assert item.problem == "Too blurred."
    submit_item(item=item, by=item.owner)
    item.refresh_from_db()
    assert (item.state, item.problem) == ("pending", "")


def test_only_its_owner_or_the_generator_submits(item):
    with pytest.raises(NotAllowedError):
        submit_item(item=item, by=UserFactory(operator=True))
    made = ItemFactory(ai=True, media_state="ready")
    assert submit_item(item=made, by=None).state == "pending"


@pytest.mark.parametrize("media_state", ["waiting", "processing", "failed"])
def test_an_item_without_its_file_goes_nowhere(media_state):
    item = ItemFactory(media_state=media_state)
    with pytest.raises(ConflictError, match="not ready"):
        submit_item(item=item, by=item.owner)
    Item.objects.filter(pk=item.pk).update(state="pending")
    with pytest.raises(ConflictError, match="not ready"):
        publish_item(item=item)


def test_an_owner_takes_their_item_down(item):
    published = ItemFactory(published=True)
    with pytest.raises(NotAllowedError):
        withdraw_item(item=published, by=item.owner)
    assert withdraw_item(item=published, by=published.owner).state == "removed"


def test_a_removed_item_can_be_looked_at_again(item):
    published = ItemFactory(published=True)
    remove_item(item=published, problem="Reported.")
    hold_item(item=published)
    assert publish_item(item=published).state == "published"
