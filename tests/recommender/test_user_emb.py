"""`User_Emb` lies in the encoder's space, follows likes at once, and respects a refusal."""

from __future__ import annotations

import numpy as np
import pytest

from accounts.models import Consent
from catalog.models import Embedding
from recommender.models import ModelVersion
from recommender.services import get_user_emb, train
from recommender.services.user_emb import CONTENT_MEAN
from tests.factories import UserFactory


def test_without_a_model_it_is_the_mean_of_the_likes(items, adult, like):
    like(adult, items[0])
    like(adult, items[3])
    vector, name = get_user_emb(adult)
    assert name == CONTENT_MEAN
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
    assert int(np.argmax(vector)) == 0


def test_with_a_model_it_names_it_and_keeps_the_taste(items, fans, adult, like):
    version = train("ials")
    _set_share(version, 1.0)
    for item in items[1:13:3]:  # hats
        like(adult, item)
    vector, name = get_user_emb(adult)
    assert name == f"ials {version.pk}"
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
    assert int(np.argmax(vector[:3])) == 1


def test_a_model_that_validation_gave_no_share_is_not_named(items, fans, adult, like):
    _set_share(train("ials"), 0.0)
    like(adult, items[0])
    assert get_user_emb(adult)[1] == CONTENT_MEAN


def test_a_new_like_counts_at_once(items, fans, adult, like):
    _set_share(train("ials"), 0.5)
    like(adult, items[0])
    before, _ = get_user_emb(adult)
    for item in items[1:13:3]:
        like(adult, item)
    after, _ = get_user_emb(adult)
    assert after[1] > before[1]


def test_nothing_is_known_of_a_newcomer(items, fans, adult):
    train("ials")
    assert get_user_emb(adult) == ((), "")


def test_who_refused_has_no_vector(items, fans, like):
    person = UserFactory()
    like(person, items[0])
    assert get_user_emb(person)[0]
    Consent.objects.create(user=person, kind=Consent.Kind.PERSONALISATION, granted=False)
    assert get_user_emb(person) == ((), "")


def test_a_model_of_another_encoder_is_not_used(items, fans, adult, like):
    _set_share(train("ials"), 1.0)
    for item in items:
        Embedding.objects.create(item=item, model="newer", vector=np.eye(4)[item.pk % 4])
    like(adult, items[0])
    vector, name = get_user_emb(adult)
    assert (len(vector), name) == (4, CONTENT_MEAN)


def test_a_model_whose_files_are_gone_is_passed_over(items, fans, adult, like):
    version = train("ials")
    ModelVersion.objects.filter(pk=version.pk).update(folder="models/gone")
    like(adult, items[0])
    assert get_user_emb(adult)[1] == CONTENT_MEAN


def _set_share(version: ModelVersion, share: float) -> None:
    """Rewrite what validation chose: this test is not about the choice."""
    import json
    from pathlib import Path

    from django.conf import settings

    path = Path(settings.VAR_DIR) / version.folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "blend": share}))
