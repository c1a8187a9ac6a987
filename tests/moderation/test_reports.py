"""Reports: one case, weighed, answered; a crowd decides nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.models import HiddenItem, Item
from catalog.selectors import search_items
from catalog.services import remove_item
from common.errors import InvalidInputError, NotAllowedError
from moderation.core.reporting import VISITOR_WEIGHT
from moderation.models import Case, Report
from moderation.services import claim_case, claim_next_case, close_cases, report_item
from moderation.services.reports import reputation
from tests.factories import ItemFactory, UserFactory
from tests.moderation.cases import decided, reported_case, settled

pytestmark = pytest.mark.django_db


@pytest.fixture
def item() -> Item:
    return ItemFactory(published=True, title="A loud dress")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_reported_item_is_hidden_from_the_reporter_at_once_and_from_nobody_else(
    item: Item,
) -> None:
    person = settled()
    report_item(user=person, item=item, reason="unlabelled_ai")
    assert item not in search_items(user=person)
    assert item in search_items(user=UserFactory())
    assert item in search_items(user=None)


def test_several_reports_of_one_item_are_one_case(item: Item) -> None:
    for _ in range(3):
        report_item(user=settled(), item=item, reason="spam")
    case = Case.objects.get()
    assert case.report_count == 3
    assert case.reason == Case.Reason.REPORT
    assert str(case.queue) == "Reports"


@pytest.mark.django_db(transaction=True)
def test_reports_of_many_at_the_same_moment_are_one_case() -> None:
    item = ItemFactory(published=True)
    people = [settled() for _ in range(5)]
    start = threading.Barrier(len(people))

    def report(person: User) -> None:
        try:
            start.wait()
            report_item(user=person, item=item, reason="spam")
        finally:
            connection.close()

    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(report, people))
    assert Case.objects.get().report_count == 5


def test_reporting_twice_is_one_report(item: Item) -> None:
    person = settled()
    first = report_item(user=person, item=item, reason="spam")
    assert report_item(user=person, item=item, reason="copy") == first
    assert HiddenItem.objects.filter(user=person).count() == 1


def test_a_burst_of_new_accounts_neither_removes_nor_outranks(item: Item) -> None:
    other = ItemFactory(published=True)
    for _ in range(40):
        report_item(user=UserFactory(), item=item, reason="spam")
    for _ in range(3):
        report_item(user=settled(), item=other, reason="spam")
    item.refresh_from_db()
    crowd, few = Case.objects.get(item=item), Case.objects.get(item=other)
    assert item.is_public
    assert crowd.looks_organised
    assert not few.looks_organised
    assert few.priority > crowd.priority


def test_the_gravest_reason_decides_the_queue(item: Item) -> None:
    report_item(user=settled(), item=item, reason="spam")
    report_item(user=settled(), item=item, reason="minors")
    case = Case.objects.get()
    assert str(case.queue) == "Minors' safety"
    assert case.four_eyes
    assert case.severity == 3


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ({"law": ""}, "Name the law"),
        ({"explanation": ""}, "Explain"),
        ({"good_faith": False}, "good faith"),
    ],
)
def test_a_notice_of_illegal_content_holds_what_the_law_asks(
    item: Item, missing: dict[str, object], sentence: str
) -> None:
    given = {"law": "Art. 12", "explanation": "It is stolen.", "good_faith": True}
    person = settled()
    with pytest.raises(InvalidInputError, match=sentence):
        report_item(user=person, item=item, reason="illegal", **(given | missing))  # type: ignore[arg-type]
    made = report_item(user=person, item=item, reason="illegal", **given)  # type: ignore[arg-type]
    assert made.notifier_name == person.username


def test_a_visitors_notice_needs_a_name(item: Item) -> None:
    said = {"law": "Art. 12", "explanation": "Stolen.", "good_faith": True}
    with pytest.raises(InvalidInputError, match="name"):
        report_item(user=AnonymousUser(), item=item, reason="illegal", **said)  # type: ignore[arg-type]


def test_nobody_reports_their_own_or_what_they_may_not_see(item: Item) -> None:
    assert item.owner is not None
    with pytest.raises(NotAllowedError):
        report_item(user=item.owner, item=item, reason="spam")
    hidden = ItemFactory()
    with pytest.raises(InvalidInputError):
        report_item(user=settled(), item=hidden, reason="spam")
    with pytest.raises(InvalidInputError):
        report_item(user=settled(), item=item, reason="nonsense")


def test_a_moderator_does_not_decide_on_their_own_report(item: Item) -> None:
    moderator = settled(moderator=True)
    case = report_item(user=moderator, item=item, reason="spam").case
    assert claim_next_case(moderator=moderator) is None
    with pytest.raises(NotAllowedError, match="reported"):
        decided(case, moderator, "keep")  # type: ignore[arg-type]


def test_reporters_are_told_that_they_were_right(item: Item, moderator: User) -> None:
    case = reported_case(item)
    decided(case, moderator, "remove")
    report = Report.objects.get()
    assert report.state == Report.State.UPHELD
    assert "right" in report.outcome


def test_reporters_are_told_that_no_rule_was_broken(item: Item, moderator: User) -> None:
    case = reported_case(item)
    decided(case, moderator, "keep")
    assert Report.objects.get().state == Report.State.DISMISSED
    item.refresh_from_db()
    assert item.is_public


def test_reports_in_bad_faith_make_later_ones_count_less(moderator: User) -> None:
    liar, honest = settled(), settled()
    for person, said in ((liar, {"bad_faith": True}), (honest, {"bad_faith": False})):
        decided(reported_case(by=person), moderator, "keep", **said)
    item = ItemFactory(published=True)
    weights = [report_item(user=one, item=item, reason="spam").weight for one in (liar, honest)]
    assert weights[0] < weights[1] < 0.5
    assert reputation(liar)[0].bad_faith == 1


def test_being_right_makes_later_reports_count_more(moderator: User) -> None:
    person = settled()
    decided(reported_case(by=person), moderator, "remove")
    later = report_item(user=person, item=ItemFactory(published=True), reason="spam")
    assert later.weight > 0.5


def test_reports_of_an_item_that_its_owner_took_down_are_closed(item: Item) -> None:
    reported_case(item)
    remove_item(item=item, problem="gone")
    close_cases(item_id=item.pk)
    assert Report.objects.get().state == Report.State.MOOT


def test_a_decided_item_can_be_reported_again(item: Item, moderator: User) -> None:
    person = settled()
    decided(reported_case(item, by=person), moderator, "keep")
    again = report_item(user=person, item=item, reason="copy")
    assert again.case is not None
    assert again.case.state == Case.State.OPEN


# --- pages and API --------------------------------------------------------------------------


def test_a_person_reports_from_the_items_page(item: Item) -> None:
    client = signed_in(settled())
    address = reverse("moderation:report", args=[item.pk])
    assert address in client.get(item.get_absolute_url()).content.decode()
    assert "Made with AI but not labelled" in client.get(address).content.decode()
    answer = client.post(address, {"reason": "spam"}, follow=True)
    assert "A loud dress" in answer.content.decode()
    assert Report.objects.get().reason == "spam"


def test_the_card_in_the_feed_leads_to_the_report(item: Item) -> None:
    page = Client().get("/").content.decode()
    assert reverse("moderation:report", args=[item.pk]) in page


def test_a_visitor_gets_a_receipt_and_sees_the_outcome_by_it(item: Item, moderator: User) -> None:
    client = Client()
    sent = client.post(reverse("moderation:report", args=[item.pk]), {"reason": "spam"})
    assert "Being looked at" in client.get(sent.url).content.decode()  # type: ignore[attr-defined]
    report = Report.objects.get()
    assert report.weight == VISITOR_WEIGHT
    assert report.receipt in sent.url  # type: ignore[attr-defined]
    decided(report.case, moderator, "remove")  # type: ignore[arg-type]
    assert "You were right" in client.get(sent.url).content.decode()  # type: ignore[attr-defined]
    assert client.get(reverse("moderation:receipt", args=["0" * 16])).status_code == 404


def test_what_a_visitor_reports_is_gone_from_their_browser_alone(item: Item) -> None:
    other = ItemFactory(published=True, title="A quiet coat")
    client = Client()
    assert "A loud dress" in client.get("/").content.decode()
    client.post(reverse("moderation:report", args=[item.pk]), {"reason": "spam"})
    for page in ("/?again=1", reverse("catalog:search"), "/search/?q=dress"):
        assert "A loud dress" not in client.get(page).content.decode()
    assert "A quiet coat" in client.get("/?again=1").content.decode()
    assert client.get("/api/v1/feed/?again=true").json()["cards"][0]["item"]["id"] == other.pk
    assert "A loud dress" in Client().get("/").content.decode()


def test_a_browser_that_reports_twice_reports_once(item: Item, moderator: User) -> None:
    client = Client()
    address = reverse("moderation:report", args=[item.pk])
    first = client.post(address, {"reason": "spam"})
    second = client.post(address, {"reason": "copy"})
    assert first.url == second.url  # type: ignore[attr-defined]
    report = Report.objects.get()
    decided(report.case, moderator, "keep")  # type: ignore[arg-type]
    client.post(address, {"reason": "copy"})
    assert Report.objects.count() == 2


def test_a_report_without_a_reason_comes_back_with_a_sentence(item: Item) -> None:
    answer = signed_in(settled()).post(reverse("moderation:report", args=[item.pk]))
    assert answer.status_code == 400
    assert "Choose what is wrong" in answer.content.decode()


def test_reports_are_limited(item: Item) -> None:
    cache.clear()
    address = reverse("moderation:report", args=[item.pk])
    # Seven browsers behind one address.
    answers = [Client().post(address, {"reason": "spam"}).status_code for _ in range(7)]
    assert answers[0] == 302
    assert answers[-1] == 400
    assert Report.objects.count() == 5


def test_the_api_reports_and_hides(item: Item) -> None:
    person = settled()
    client = signed_in(person)
    made = client.post(f"/api/v1/items/{item.pk}/report/", {"reason": "copy"})
    assert made.status_code == 201
    assert made.json()["state"] == "open"
    assert item not in search_items(user=person)
    assert client.post("/api/v1/items/0/report/", {"reason": "copy"}).status_code == 404
    assert client.post(f"/api/v1/items/{item.pk}/report/", {"reason": "?"}).status_code == 400


def test_the_console_shows_who_reported_and_why_it_counts(item: Item, moderator: User) -> None:
    new = UserFactory(date_joined=timezone.now() - timedelta(days=2))
    case = reported_case(item, by=new)
    claim_case(case=case, moderator=moderator)
    page = signed_in(moderator).get(reverse("moderation:case", args=[case.pk])).content.decode()
    assert new.username in page
    assert "account only 2 days old" in page
    assert "Keep it public" in page


def test_the_author_never_learns_who_reported(item: Item, moderator: User) -> None:
    reporter = settled(username="the_reporter")
    decided(reported_case(item, by=reporter), moderator, "remove")
    client = signed_in(item.owner)  # type: ignore[arg-type]
    statement = item.decisions.get().statement  # type: ignore[attr-defined]
    for address in (
        reverse("moderation:standing"),
        reverse("moderation:statement", args=[statement.puid]),
        f"/items/{item.pk}/",
    ):
        assert "the_reporter" not in client.get(address).content.decode()
