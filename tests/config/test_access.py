"""Every address, for every role, on one's own objects, others' and deleted ones.

The addresses come from the URL configuration; `access_rules` says who may do what.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.config.access_rules import (
    BEARER,
    DEFAULTS,
    GATES,
    MAY_LACK,
    OF_PUBLISHED,
    OWN_PAGES,
    PUBLIC_ACTS,
    SEEN_BY_STAFF,
    Rule,
    rule_of,
)
from tests.config.access_world import ROLES, Named, World, make_world

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
STAFF = GATES["moderator"]
DENIED = {401, 403}
# Refused for another reason than who asks: nothing was sent, the object is not in that state, …
IN = {200, 201, 202, 204, 302, 303, 400, 409, 415, 429, 503}


@dataclass(frozen=True)
class Address:
    view: str
    namespace: str
    route: str
    pattern: URLPattern


def list_addresses() -> list[Address]:
    """Return every address of the URL configuration."""
    return list(_walk(get_resolver(), "", ""))


def _walk(resolver: URLResolver, namespace: str, route: str) -> Iterator[Address]:
    for one in resolver.url_patterns:
        path = route + str(one.pattern)
        if isinstance(one, URLResolver):
            inner = ":".join(part for part in (namespace, one.namespace) if part)
            yield from _walk(one, inner, path)
        else:
            view = f"{namespace}:{one.name}" if namespace else str(one.name)
            yield Address(view, namespace, path, one)


NAMESPACES = sorted({one.namespace for one in list_addresses()} - {"", "admin"})


@pytest.fixture
def world(db) -> World:
    return make_world()


@pytest.fixture
def clients(world: World) -> dict[str, Client]:
    made = {role: Client(raise_request_exception=False) for role in ROLES}
    for role, person in world.people.items():
        if person is not None:
            made[role].force_login(person)
    return made


# Enough for most forms and serializers, so that a refusal is about who asks and not about words.
SAID = {
    "text": "I like its collar",
    "instruction": "make it black",
    "q": "black skirt",
    "purpose": "to see it in navy",
    "explanation": "It advertises.",
    "reason": "spam",
    "note": "Seen.",
    "title": "Title",
    "kind": "like",
    "action": "approve",
    "do": "grant",
    "answer": "accept",
    "act": "change",
    "style": "neon",
    "polarity": "unwanted",
    "slot": "details",
    "value": "leather",
    "verdict": "clean",
    "judgement": "clean",
    "stars": {"overall": 4},
    "overall": "4",
    "queue": "general",
    "script": "Hello there.",
    "vtt": "WEBVTT\n\n00:00.000 --> 00:01.000\nHello",
    "still": "frame-1",
}


def send(client: Client, method: str, url: str) -> HttpResponseBase:
    """Send a plausible request and undo whatever it did."""
    said = SAID | {"request_key": str(uuid.uuid4()), "event_id": str(uuid.uuid4())}
    with transaction.atomic():
        if method == "GET":
            answer = client.get(url)
        elif method == "POST" and "/api/" not in url:
            answer = client.post(url, {**said, "stars": ""})
        else:
            answer = client.generic(method, url, json.dumps(said), "application/json")
        transaction.set_rollback(True)
    return answer


def is_denied(answer: HttpResponseBase) -> bool:
    """Whether it was refused, or sent to sign in, or shown how to become an uploader."""
    if any(one.name == "studio/welcome.html" for one in getattr(answer, "templates", ())):
        return True
    to_sign_in = answer.status_code == 302 and "login" in answer["Location"]
    return answer.status_code in DENIED or to_sign_in


def test_every_address_is_covered():
    unknown = []
    for one in list_addresses():
        if one.namespace in {"", "admin"}:
            continue
        try:
            rule_of(one.view, "GET", one.route)
        except LookupError as error:
            unknown.append(str(error))
    assert not unknown
    assert set(NAMESPACES) <= set(DEFAULTS)


@pytest.mark.slow
@pytest.mark.parametrize("namespace", NAMESPACES)
def test_everybody_gets_what_is_theirs_and_nothing_else(world, clients, namespace):
    wrong = []
    for address in list_addresses():
        if address.namespace == namespace:
            wrong += _check(world, clients, address)
    assert not wrong, "\n" + "\n".join(wrong)


def _check(world: World, clients: dict[str, Client], address: Address) -> Iterator[str]:
    for method in METHODS:
        rule = rule_of(address.view, method, address.route)
        if not _is_supported(world, clients, address, method, rule):
            continue
        # Where everybody may go and nothing is named, two roles tell as much as five.
        for role in ROLES if rule.kind or rule.gate != "all" else ("visitor", "operator"):
            named = _objects(world, rule, role)
            never = None
            if "missing" in named:
                url = reverse(address.view, kwargs=named["missing"].values)
                never = send(clients[role], method, url)
            for whose, one in named.items():
                case = Case(address, method, rule, role, whose)
                known = never if whose == "missing" else None
                if problem := _try(case, one, clients[role], never, known):
                    yield f"{method} {address.view} as {role}, {whose}: {problem}"


def _is_supported(
    world: World, clients: dict[str, Client], address: Address, method: str, rule: Rule
) -> bool:
    """Return whether the address knows this method at all: then nobody need try it."""
    one = next(iter(_objects(world, rule, "operator").values()))
    answer = send(clients["operator"], method, reverse(address.view, kwargs=one.values))
    return answer.status_code != 405


def _objects(world: World, rule: Rule, role: str) -> dict[str, Named]:
    if not rule.kind:
        return {"": Named({})}
    keys = {"own": role} | {key: key for key in ("other", "public", "shared", "deleted", "missing")}
    found = {whose: world.objects.get((rule.kind, key)) for whose, key in keys.items()}
    return {whose: one for whose, one in found.items() if one is not None}


def _try(
    case: Case,
    one: Named,
    client: Client,
    never: HttpResponseBase | None,
    known: HttpResponseBase | None,
) -> str:
    """Return what is wrong with an answer; "" where all is well."""
    url = reverse(case.address.view, kwargs=one.values)
    watched = case.method != "GET" and case.expected != "in"
    before = one.state() if watched else None
    answer = known or send(client, case.method, url)
    status, denied = answer.status_code, is_denied(answer)
    as_never = never is not None and status == never.status_code and case.method != "GET"
    right = {
        "in": (status in IN and not denied) or (status == 404 and case.may_lack),
        "unchanged": True,
        "gone": status == 404 or as_never,
        "not in": denied or status == 404 or as_never,
    }[case.expected]
    if status >= 500 or not right:
        return f"{status}, should be {case.expected}"
    return "it was changed" if watched and one.state() != before else ""


@dataclass(frozen=True)
class Case:
    """One cell of the matrix."""

    address: Address
    method: str
    rule: Rule
    role: str
    whose: str

    @property
    def may_lack(self) -> bool:
        return self.whose in {"", "own"} and bool(MAY_LACK.match(self.address.view))

    @property
    def expected(self) -> str:
        """Say "in", "not in", "gone" (just as for what never was), or "unchanged".

        Staff see what is others', and are told by its state what cannot be done: "unchanged".
        """
        view, whose, kind = self.address.view, self.whose, self.rule.kind
        if self.role not in GATES[self.rule.gate]:
            return "not in"
        if kind in BEARER and whose != "missing":
            return "in"
        if OF_PUBLISHED.match(view):
            return "in" if whose == "public" else "gone"
        if whose in {"", "shared", "own"}:
            return "in"
        if whose == "missing" or OWN_PAGES.match(view):
            return "gone"
        seen = whose == "public" or (kind in SEEN_BY_STAFF and self.role in STAFF)
        if not seen:
            return "gone"
        if self.method == "GET" or (whose == "public" and PUBLIC_ACTS.match(view)):
            return "in"
        return "not in" if whose == "public" else "unchanged"
