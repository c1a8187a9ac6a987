from __future__ import annotations

import pytest

from knowledge.services import load_starter
from tests.factories import UserFactory
from tests.knowledge.site import serve


@pytest.fixture
def starter(db) -> int:
    """The shipped facts."""
    return load_starter()


@pytest.fixture
def site():
    """A web server on this machine that the test fills."""
    with serve() as running:
        yield running


@pytest.fixture
def operator(db):
    return UserFactory(operator=True)
