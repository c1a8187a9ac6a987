import pytest

from tests.factories import ItemFactory, UserFactory


@pytest.mark.django_db
def test_a_new_account_counts_as_minor():
    assert UserFactory().is_minor


@pytest.mark.django_db
def test_published_item_has_date():
    assert ItemFactory(published=True).published_at
