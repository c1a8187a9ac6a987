"""Jobs to work on, and a generator that is quick."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from accounts.models import User
from catalog.models import Item
from catalog.services import store_media
from common.guidance import Attributes, Guidance
from generation.models import Job
from generation.services import submit_job
from tests.factories import ItemFactory, UserFactory
from tests.worker_backend import StripeBackend

BLACK_SKIRT = Attributes(type="skirt", colours=("black",), pattern="striped")


@pytest.fixture
def viewer(db: None) -> User:
    return UserFactory()


@pytest.fixture
def uploader(db: None) -> User:
    return UserFactory(uploader=True)


@pytest.fixture
def photo(uploader: User) -> Item:
    """An upload of the uploader's with its picture ready."""
    item = ItemFactory(owner=uploader, title="Red skirt", colours=["red"], pattern="plain")
    picture = np.full((240, 180, 3), (200, 36, 46), np.uint8)
    store_media(item=item, image=picture)
    return item


@pytest.fixture(autouse=True)
def no_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vectors of new items are made elsewhere and take a second to load: leave them out here."""
    monkeypatch.setattr("catalog.services.storing.embed_if_possible", lambda item: None)


@pytest.fixture(autouse=True)
def own_stages(settings, tmp_path: Path) -> None:
    """Nothing that an earlier test drew is found again."""
    settings.VAR_DIR = tmp_path


class CountedGenerator:
    """A generator whose runs can be counted and interrupted."""

    def __init__(self) -> None:
        self.requests: list = []
        self.backend = StripeBackend()
        self.before_step: Callable[[int], None] = lambda step: None
        self.loading: Callable[[], None] = lambda: None

    name, revision = "stripes", "1"

    def load(self, name: str, *, revision: str | None = None) -> CountedGenerator:
        self.loading()
        return self

    def run(self, request, *, on_step=None, should_stop=None):
        self.requests.append(request)

        def step(done: int, total: int) -> None:
            self.before_step(done)
            on_step(done, total)

        return self.backend.run(request, on_step=step, should_stop=should_stop)

    @property
    def runs(self) -> int:
        return len(self.requests)


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> CountedGenerator:
    counted = CountedGenerator()
    monkeypatch.setattr("generation.loading.import_string", lambda path: counted.load)
    return counted


@pytest.fixture
def ask(viewer: User) -> Callable[..., Job]:
    """Hand in "a black striped skirt" for the viewer; anything may be said otherwise."""
    counter = iter(range(1000))

    def _ask(user: User | None = None, source: Item | None = None, **said) -> Job:
        key = said.pop("request_key", f"key {next(counter)}")
        auto_submit = said.pop("auto_submit", None)
        words = {"instruction": "make me a black skirt with stripes", "wanted": BLACK_SKIRT} | said
        person = user or viewer
        return submit_job(
            user=person,
            guidance=Guidance(user_id=person.pk, **words),
            source=source,
            request_key=key,
            auto_submit=auto_submit,
        )

    return _ask
