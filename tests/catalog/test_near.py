"""The index of vectors: made once, near the exact answer, never short because of a filter."""

from __future__ import annotations

import numpy as np
import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from psycopg.errors import DiskFull

from catalog import near
from catalog.models import Embedding, Item
from catalog.near import Selection, near_items
from catalog.selectors import nearest_items
from catalog.services import vector_index
from catalog.services.vector_index import (
    MOST_MEMORY_MB,
    ensure_vector_index,
    index_name,
    memory_for,
)
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db
DIM = 16


@pytest.fixture
def vectors():
    """Four hundred published items around eight centres, with their vectors."""
    rng = np.random.default_rng(3)
    owner = UserFactory(uploader=True)
    centres = rng.normal(size=(8, DIM))
    rows = centres[np.arange(400) % 8] + 0.5 * rng.normal(size=(400, DIM))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    items = [ItemFactory(owner=owner, published=True) for _ in rows]
    Embedding.objects.bulk_create(
        Embedding(item=item, model="test", vector=row)
        for item, row in zip(items, rows, strict=True)
    )
    # Checked now and not at the end of the test: an index cannot be made before.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return dict(zip([item.pk for item in items], rows, strict=True))


def plan_of(vector, items):
    """Return the plan of a search, without the choice to read everything."""
    selection = Selection.of(items.values_list("pk"))
    search, params = near._search(selection, np.array([vector]), "test", 10)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {search}", params)
        return "\n".join(row[0] for row in cursor.fetchall())


def test_it_is_made_once_and_the_query_is_one_that_it_can_answer(vectors):
    name = ensure_vector_index()
    assert name == index_name("test") == ensure_vector_index()
    assert name in plan_of(next(iter(vectors.values())), Item.objects.visible())


def test_an_index_of_another_encoder_is_dropped(vectors):
    ensure_vector_index()
    item = ItemFactory(published=True)
    Embedding.objects.create(item=item, model="newer", vector=np.ones(4) / 2)
    assert ensure_vector_index() == index_name("newer")
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_class WHERE relname = %s", [index_name("test")])
        assert cursor.fetchone() is None


def test_without_vectors_there_is_nothing_to_index(db):
    assert ensure_vector_index() is None


def test_it_finds_what_the_exact_way_finds(vectors):
    ensure_vector_index()
    found = exact = 0
    for query in list(vectors.values())[:20]:
        truth = {pk for pk, _ in nearest_items(vector=query, model="test", limit=50)}
        close = near_items(vectors=query[None], model="test", each=50, items=Item.objects.visible())
        found, exact = found + len(truth & set(close)), exact + len(truth)
    assert found >= 0.95 * exact


def test_a_filter_that_shuts_out_the_nearest_never_makes_the_answer_short(vectors):
    ensure_vector_index()
    query = next(iter(vectors.values()))
    nearest = [pk for pk, _ in nearest_items(vector=query, model="test", limit=360)]
    rest = Item.objects.visible().exclude(pk__in=nearest)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    found = near_items(vectors=query[None], model="test", each=40, items=rest, considered=10)
    assert sorted(found) == sorted(set(vectors) - set(nearest))


def test_several_vectors_are_answered_together_and_nothing_twice(vectors):
    queries = np.stack(list(vectors.values())[:3])
    found = near_items(vectors=queries, model="test", each=10, items=Item.objects.visible())
    assert len(found) == len(set(found))
    alone = [
        near_items(vectors=query[None], model="test", each=10, items=Item.objects.visible())
        for query in queries
    ]
    assert set(found) == set().union(*alone)
    assert len(found) > 10
    nothing = near_items(vectors=queries[:0], model="test", each=10, items=Item.objects.visible())
    assert nothing == []


def test_the_task_waits_until_the_catalogue_is_large(vectors, settings):
    from catalog.tasks import index_vectors_task

    for most, made in ((400, 0), (399, 1)):
        settings.FEED_EXACT_ITEMS = most
        index_vectors_task()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_class WHERE relname = %s", [index_name("test")])
            assert cursor.fetchone()[0] == made


def test_the_command_says_what_it_did(vectors, capsys):
    call_command("index_vectors")
    assert f"{index_name('test')} is ready." in capsys.readouterr().out


def test_what_a_selection_leaves_out_is_not_found(vectors):
    query = next(iter(vectors.values()))
    seen = near_items(
        vectors=query[None],
        model="test",
        each=7,
        items=Selection.of(Item.objects.visible().values_list("pk")).without(list(vectors)[:1]),
    )
    assert len(seen) == 7
    assert next(iter(vectors)) not in seen


def test_a_million_vectors_are_indexed_within_a_bounded_memory():
    assert memory_for(400, DIM) < 70
    # A node takes its vector and about 800 bytes of links.
    assert 1200 < memory_for(1_000_000, 128) < 1600
    assert memory_for(50_000_000, 768) == MOST_MEMORY_MB


def test_where_shared_memory_is_short_the_index_is_built_by_one_process(vectors, monkeypatch):
    tries = []

    def built(name, model, width, memory_mb, *, workers=None):
        tries.append(workers)
        if workers is None:
            raise OperationalError("could not resize shared memory segment") from DiskFull()
        return create(name, model, width, memory_mb, workers=workers)

    create = vector_index._create
    monkeypatch.setattr(vector_index, "_create", built)
    assert ensure_vector_index() in plan_of(next(iter(vectors.values())), Item.objects.visible())
    assert tries == [None, 0]
