"""Signing up, preferences, consents, and what a changed password ends."""

from __future__ import annotations

import pytest
from django.test import Client
from rest_framework.authtoken.models import Token

from accounts.models import Consent, Profile, User
from accounts.services import become_uploader, get_consent, record_consents
from common.errors import NotAllowedError
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
NEW_PASSWORD = "staple-lantern-42"


def _sign_up(client: Client, **answers: str):
    form = {
        "username": "mina",
        "email": "mina@example.org",
        "password1": PASSWORD,
        "password2": PASSWORD,
        "age_band": "adult",
        **answers,
    }
    return client.post("/accounts/signup/", form)


def _sign_in(user: User) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert "_auth_user_id" in client.session
    return client


def test_signing_up_makes_a_viewer_with_the_answers_given(client):
    assert _sign_up(client, personalisation="on").status_code == 302
    user = User.objects.get(username="mina")
    assert user.role == User.Role.VIEWER
    assert not user.is_minor
    assert get_consent(user=user, kind=Consent.Kind.PERSONALISATION)
    assert not get_consent(user=user, kind=Consent.Kind.CREATION)


def test_signing_up_to_publish_makes_an_uploader(client):
    _sign_up(client, wants_to_upload="on")
    assert User.objects.get(username="mina").can_upload


def test_nobody_can_sign_up_as_moderator(client):
    _sign_up(client, role="moderator")
    assert User.objects.get(username="mina").role == User.Role.VIEWER


@pytest.mark.parametrize("band", ["unknown", "under_13", "13_15", "16_17"])
def test_everybody_not_known_to_be_adult_counts_as_minor(client, band):
    _sign_up(client, age_band=band)
    assert User.objects.get(username="mina").is_minor


def test_a_taken_name_is_refused_with_a_sentence(client):
    UserFactory(username="mina")
    response = _sign_up(client)
    assert response.status_code == 200
    assert b"already exists" in response.content


def test_profile_stores_share_of_ai_interests_and_consents(client):
    user = UserFactory()
    client.force_login(user)
    form = {
        "ai_share": "75",
        "age_band": "adult",
        "types": ["skirt", "hat"],
        "colours": ["red"],
        "creation": "on",
    }
    assert client.post("/profile/", form).status_code == 302
    profile = Profile.objects.get(user=user)
    assert profile.ai_share == 75
    assert profile.interests == {"types": ["skirt", "hat"], "colours": ["red"]}
    assert get_consent(user=user, kind="creation")
    assert not get_consent(user=user, kind="personalisation")


def test_profile_refuses_an_unknown_share(client):
    client.force_login(UserFactory())
    response = client.post("/profile/", {"ai_share": "33", "age_band": "adult"})
    assert response.status_code == 200
    assert b"marked answers" in response.content


def test_profile_asks_strangers_to_sign_in(client):
    assert client.get("/profile/").url.startswith("/accounts/login/")


def test_consents_keep_every_answer_and_the_newest_counts():
    user = UserFactory()
    for answer in (True, True, False):
        record_consents(user=user, answers={"training": answer})
    assert list(user.consents.values_list("granted", flat=True).order_by("id")) == [True, False]
    assert not get_consent(user=user, kind="training")


def test_a_changed_password_ends_other_sessions_and_tokens():
    user = UserFactory()
    here, elsewhere = _sign_in(user), _sign_in(user)
    elsewhere.get("/profile/")
    Token.objects.create(user=user)
    form = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert here.post("/accounts/password/change/", form).status_code == 302
    assert here.get("/profile/").status_code == 200
    assert elsewhere.get("/profile/").status_code == 302
    assert not Token.objects.filter(user=user).exists()


def test_a_new_token_ends_the_old_one(client):
    user = UserFactory()
    client.force_login(user)
    client.post("/profile/token/")
    old = Token.objects.get(user=user).key
    page = client.post("/profile/token/").content.decode()
    new = Token.objects.get(user=user).key
    assert new != old
    assert new in page


def test_a_viewer_may_become_an_uploader_and_a_moderator_may_not():
    assert become_uploader(user=UserFactory()).can_upload
    with pytest.raises(NotAllowedError):
        become_uploader(user=UserFactory(moderator=True))


def test_api_shows_and_changes_only_oneself(client):
    user = UserFactory()
    assert client.get("/api/v1/me/").status_code in (401, 403)
    client.force_login(user)
    assert client.get("/api/v1/me/").json()["username"] == user.username
    body = {"ai_share": 0, "role": "operator", "consents": {"creation": True}}
    changed = client.patch("/api/v1/me/", body, content_type="application/json").json()
    assert (changed["ai_share"], changed["role"]) == (0, "viewer")
    assert changed["consents"]["creation"] is True


def test_api_refuses_unknown_values_with_a_sentence(client):
    client.force_login(UserFactory())
    for body in ({"ai_share": 33}, {"consents": {"everything": True}}):
        response = client.patch("/api/v1/me/", body, content_type="application/json")
        assert response.status_code == 400
