"""Screening: every pending item ends up published, refused or before a person, exactly once."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import Item
from catalog.services import submit_item
from moderation.core import manifest, watermark
from moderation.models import AuditEntry, Case, CheckResult, Decision, Mark, Rule, Screening
from moderation.services import keys, marking, requeue_stale_screenings, screen_item
from moderation.services import screening as screening_module
from moderation.services.gathering import decode, read_bytes
from tests.factories import ItemFactory, UserFactory
from tests.moderation.conftest import MakeItem, draw, guidance_of, soften

pytestmark = pytest.mark.django_db


def outcome_of(item: Item) -> str:
    item.refresh_from_db()
    return item.state


def verdicts_of(item: Item) -> dict[str, str]:
    return dict(
        CheckResult.objects.filter(screening__item=item).values_list("check_name", "verdict")
    )


def test_a_clean_upload_is_published_with_its_results_kept(pending_item: MakeItem) -> None:
    item = pending_item()
    assert screen_item(item_id=item.pk) is True
    assert outcome_of(item) == Item.State.PUBLISHED
    assert set(verdicts_of(item).values()) == {"pass"}
    assert Decision.objects.get(item=item).moderator is None
    assert AuditEntry.objects.filter(item_id=item.pk, action="publish_by_policy").exists()


def test_a_second_delivery_does_nothing(pending_item: MakeItem) -> None:
    item = pending_item()
    assert screen_item(item_id=item.pk) is True
    assert screen_item(item_id=item.pk) is False
    assert Screening.objects.filter(item=item).count() == 1
    assert Decision.objects.filter(item=item).count() == 1


def test_a_delivery_while_another_worker_screens_does_nothing(pending_item: MakeItem) -> None:
    item = pending_item()
    assert screening_module.claim_screening(item.pk) is not None
    assert screen_item(item_id=item.pk) is False
    assert outcome_of(item) == Item.State.PENDING


def test_a_dead_workers_screening_is_taken_over_and_its_late_result_dropped(
    pending_item: MakeItem,
) -> None:
    item = pending_item()
    dead = screening_module.claim_screening(item.pk)
    assert dead is not None
    Screening.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert screen_item(item_id=item.pk) is True
    assert screening_module.finish_screening(dead, item, []) is False
    assert Decision.objects.filter(item=item).count() == 1


def test_a_blurred_upload_waits_for_a_person_and_is_out_of_reach(pending_item: MakeItem) -> None:
    item = pending_item(soften(draw(type="dress")))
    screen_item(item_id=item.pk)
    assert outcome_of(item) == Item.State.IN_REVIEW
    case = Case.objects.get(item=item)
    assert case.reason == Case.Reason.FLAGGED
    stranger = Client()
    stranger.force_login(UserFactory())
    for address in (f"/items/{item.pk}/", item.master_url, item.thumb_url):
        assert stranger.get(address).status_code == 404


def test_a_blank_picture_is_refused_with_a_sentence(pending_item: MakeItem) -> None:
    item = pending_item(np.full((640, 480, 3), 200, np.uint8))
    screen_item(item_id=item.pk)
    assert outcome_of(item) == Item.State.REJECTED
    assert "blank" in item.problem
    assert Decision.objects.get(item=item).action == Decision.Action.REJECT


def test_an_ai_item_is_published_with_both_marks_in_every_file(pending_ai_item: MakeItem) -> None:
    item = pending_ai_item()
    screen_item(item_id=item.pk)
    assert outcome_of(item) == Item.State.PUBLISHED
    mark = Mark.objects.get(item=item)
    assert mark.watermarked
    assert mark.manifest_sha256
    assert {asset.role for asset in item.assets.all()} == {"master", "poster", "thumb"}
    for asset in item.assets.all():
        data = read_bytes(asset)
        report = manifest.read(data, asset.mime, keys.signing_keys())
        assert report.state == manifest.State.VALID
        assert report.says_ai
        picture = decode(data)
        assert watermark.detect(picture, keys.watermark_key()).payload == mark.payload


def test_what_people_made_is_left_as_it_is(pending_item: MakeItem) -> None:
    item = pending_item()
    before = {asset.sha256 for asset in item.assets.all()}
    screen_item(item_id=item.pk)
    assert {asset.sha256 for asset in item.assets.all()} == before
    assert not Mark.objects.filter(item=item).exists()


def test_marking_again_changes_nothing(pending_ai_item: MakeItem) -> None:
    item = pending_ai_item()
    first = marking.ensure_marked(item)
    before = {asset.role: asset.sha256 for asset in item.assets.all()}
    assert marking.ensure_marked(item).payload == first.payload
    assert {asset.role: asset.sha256 for asset in item.assets.all()} == before


def test_an_ai_item_whose_mark_does_not_read_back_waits_for_a_person(
    pending_ai_item: MakeItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise watermark.WatermarkError("too flat")

    monkeypatch.setattr(marking.watermark, "embed", refuse)
    item = pending_ai_item()
    screen_item(item_id=item.pk)
    assert outcome_of(item) == Item.State.IN_REVIEW
    assert verdicts_of(item)["marks"] == "cannot_tell"


def test_an_ai_item_of_the_wrong_colour_waits_for_a_person(pending_ai_item: MakeItem) -> None:
    asker = UserFactory()
    item = pending_ai_item(
        draw(type="dress", colour="red", pattern="plain"),
        asker=asker,
        guidance=guidance_of(asker, type="dress", colours=("green",)),
    )
    screen_item(item_id=item.pk)
    assert outcome_of(item) == Item.State.IN_REVIEW
    assert verdicts_of(item)["colour_match"] == "flag"


def test_a_copy_of_somebody_elses_item_waits_but_an_own_version_does_not(
    pending_item: MakeItem,
) -> None:
    image = draw(type="shirt")
    original = pending_item(image)
    screen_item(item_id=original.pk)
    copy, version = pending_item(image), pending_item(image, owner=original.owner)
    for item in (copy, version):
        screen_item(item_id=item.pk)
    assert outcome_of(copy) == Item.State.IN_REVIEW
    result = CheckResult.objects.get(screening__item=copy, check_name="near_duplicate")
    assert result.evidence["neighbours"][0]["item_id"] == original.pk
    assert outcome_of(version) == Item.State.PUBLISHED


def test_an_ai_item_uploaded_again_as_human_is_caught_by_its_mark(
    pending_ai_item: MakeItem, pending_item: MakeItem
) -> None:
    made = pending_ai_item()
    screen_item(item_id=made.pk)
    taken = decode(read_bytes(made.assets.get(role="master")))
    upload = pending_item(taken)
    screen_item(item_id=upload.pk)
    assert verdicts_of(upload)["disclosure"] == "flag"


def test_a_sample_of_clean_items_waits_for_a_person(
    pending_item: MakeItem, settings: object
) -> None:
    settings.REVIEW_SAMPLE_SHARE = 1.0  # type: ignore[attr-defined]
    item = pending_item()
    screen_item(item_id=item.pk)
    assert Case.objects.get(item=item).reason == Case.Reason.SAMPLED


def test_a_check_that_breaks_counts_as_cannot_tell(
    pending_item: MakeItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError

    first, *others = screening_module.CHECKS
    changed = type(first)(**{**vars(first), "run": broken})
    monkeypatch.setattr(screening_module, "CHECKS", (changed, *others))
    item = pending_item()
    screen_item(item_id=item.pk)
    assert outcome_of(item) == Item.State.IN_REVIEW
    assert verdicts_of(item)[first.name] == "cannot_tell"


def test_screening_that_keeps_breaking_hands_the_item_to_a_person(
    pending_item: MakeItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screening_module, "run_checks", lambda item: 1 / 0)
    item = pending_item()
    for _ in range(Screening.MAX_ATTEMPTS):
        screen_item(item_id=item.pk)
    assert outcome_of(item) == Item.State.IN_REVIEW
    assert Case.objects.get(item=item).reason == Case.Reason.FAILED


def test_a_moderators_threshold_is_followed(pending_item: MakeItem) -> None:
    Rule.objects.create(check_name="clarity", threshold=1000.0)
    item = pending_item()
    screen_item(item_id=item.pk)
    assert verdicts_of(item)["clarity"] == "flag"


def test_a_check_switched_off_does_not_run(pending_item: MakeItem) -> None:
    Rule.objects.create(check_name="clarity", threshold=1.0, enabled=False)
    item = pending_item(soften(draw(type="dress")))
    screen_item(item_id=item.pk)
    assert "clarity" not in verdicts_of(item)


def test_an_item_taken_down_meanwhile_stays_down(
    pending_item: MakeItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = pending_item()
    run = screening_module.run_checks

    def slow(one: Item) -> list[screening_module.Result]:
        Item.objects.filter(pk=item.pk).update(state=Item.State.REMOVED)
        return run(one)

    monkeypatch.setattr(screening_module, "run_checks", slow)
    assert screen_item(item_id=item.pk) is False
    assert outcome_of(item) == Item.State.REMOVED


def test_submitting_enqueues_the_screening(
    pending_item: MakeItem,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: object,
) -> None:
    sent: list[int] = []
    monkeypatch.setattr("moderation.tasks.screen_item_task.delay_on_commit", sent.append)
    item = pending_item()
    Item.objects.filter(pk=item.pk).update(state=Item.State.DRAFT)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        submit_item(item=item, by=item.owner)
    assert sent == [item.pk]


def test_lost_messages_are_sent_again(
    pending_item: MakeItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr("moderation.tasks.screen_item_task.delay_on_commit", sent.append)
    lost, fresh = pending_item(), pending_item(draw(8))
    now = timezone.now()
    Item.objects.filter(pk=lost.pk).update(submitted_at=now - timedelta(minutes=5))
    Item.objects.filter(pk=fresh.pk).update(submitted_at=now)
    assert requeue_stale_screenings() == 1
    assert sent == [lost.pk]


def test_drafts_are_not_screened() -> None:
    assert screen_item(item_id=ItemFactory().pk) is False
    assert not Screening.objects.exists()
