"""MMGCN learns tastes from a graph and features, and says what a changed look would score."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recommender.core.evaluate import evaluate_people, popularity_scorer
from recommender.core.graph import Bipartite, NegativeSampler, averaged, to_likes
from recommender.core.mmgcn import MMGCN, ps, train_mmgcn

USERS, ITEMS, TASTES, WIDTH = 60, 48, 4, 12
QUICK = {"epochs": 25, "batch": 128, "rate": 5e-3, "dimension": 16}


@pytest.fixture(scope="module")
def world() -> dict:
    """Sixty people of four tastes; an item's picture shows which taste it is for."""
    rng = np.random.default_rng(3)
    taste_of_item = np.arange(ITEMS) % TASTES
    looks = np.eye(WIDTH)[taste_of_item] + 0.15 * rng.normal(size=(ITEMS, WIDTH))
    rows = []
    for user in range(USERS):
        fond = np.flatnonzero(taste_of_item == user % TASTES)
        rows += [(user, item) for item in rng.permutation(fond)[:7]]
    pairs = rng.permutation(np.array(rows))
    return {
        "train": pairs[: int(0.75 * len(pairs))],
        "test": pairs[int(0.75 * len(pairs)) :],
        "features": {
            "visual": looks.astype(np.float32),
            "acoustic": rng.normal(size=(ITEMS, 5)).astype(np.float32),
        },
        "tastes": taste_of_item,
    }


@pytest.fixture(scope="module", params=[("fixed", "mean"), ("trained", "root")])
def model(request, world) -> MMGCN:
    ids, average = request.param
    options = {"ids": ids, "average": average, "hide": average == "root", **QUICK}
    return train_mmgcn(world["train"], world["features"], USERS, ITEMS, **options)


def test_it_finds_held_out_likes_better_than_popularity(model, world):
    train = to_likes(world["train"], USERS, ITEMS)
    test = to_likes(world["test"], USERS, ITEMS)
    found = evaluate_people(lambda users: model.score(users), train, test, k=5)
    floor = popularity_scorer(train)
    popular = evaluate_people(lambda users: floor(train[users]), train, test, k=5)
    assert found["recall@5"] > popular["recall@5"] + 0.3


def test_the_numpy_half_gives_what_torch_trained(world):
    import torch

    from recommender.core.mmgcn_training import MMGCNSettings, Network

    likes = to_likes(world["train"], USERS, ITEMS)
    for ids, average in (("fixed", "mean"), ("trained", "root"), ("trained", "mean")):
        settings = MMGCNSettings(ids=ids, average=average, dimension=16)
        network = Network(likes, world["features"], settings)
        model = network.export(likes, [])
        everyone = np.concatenate([model.user_vectors(), model.item_vectors()])
        some = np.array([0, 5, 61, 107])
        with torch.no_grad():
            np.testing.assert_allclose(network().numpy(), everyone, atol=1e-5)
            np.testing.assert_allclose(network(some).numpy(), everyone[some], atol=1e-5)


def test_everything_trained_is_registered_and_gets_a_gradient(world):
    from recommender.core.graph_training import bpr_loss
    from recommender.core.mmgcn_training import MMGCNSettings, Network

    likes = to_likes(world["train"], USERS, ITEMS)
    for ids, learnt in (("fixed", False), ("trained", True)):
        network = Network(likes, world["features"], MMGCNSettings(ids=ids, dimension=16))
        named = dict(network.named_parameters())
        assert named["ids"].requires_grad is learnt
        assert named["branches.visual.preference"].requires_grad is learnt
        people = np.arange(USERS)
        bpr_loss(network, people, people % ITEMS, (people + 1) % ITEMS, USERS).backward()
        without = [name for name, p in named.items() if p.requires_grad and p.grad is None]
        assert without == []


def test_the_product_has_the_gradient_of_its_transpose(world):
    import torch

    from recommender.core.graph_torch import make_product

    graph = Bipartite(to_likes(world["train"], USERS, ITEMS)).full
    means = averaged(graph, "mean")
    right = np.linspace(0.5, 2.0, graph.shape[1])
    states = torch.randn(graph.shape[1], 6, requires_grad=True)
    wanted = torch.randn(graph.shape[0], 6)
    scaled = means.multiply(right[None, :]).tocsr()
    result = make_product(scaled)(states)
    (result * wanted).sum().backward()
    np.testing.assert_allclose(result.detach().numpy(), scaled @ states.detach().numpy(), atol=1e-5)
    np.testing.assert_allclose(states.grad.numpy(), scaled.T @ wanted.numpy(), atol=1e-5)


@pytest.mark.parametrize("some", [False, True])
def test_a_layer_has_the_gradient_that_autograd_finds(world, some):
    import torch
    from torch.nn.functional import leaky_relu

    from recommender.core.graph_torch import make_product
    from recommender.core.mmgcn_layers import GraphLayer

    torch.manual_seed(0)
    means = averaged(Bipartite(to_likes(world["train"], USERS, ITEMS)).full, "mean")
    people, items = (torch.randn(count, 12, requires_grad=True) for count in (USERS, ITEMS))
    rows = torch.tensor([3, 70, 59, 60]) if some else torch.arange(USERS + ITEMS)
    ids = torch.randn(len(rows), 8, requires_grad=True)
    layer = GraphLayer(12, 8)
    wanted = torch.randn(len(rows), 8)
    trained = [people, items, ids, *layer.parameters()]

    def plain():
        states = torch.cat([people, items])
        around = torch.from_numpy(means[rows.numpy()].toarray()) @ states
        heard = leaky_relu(layer.message(around), 0.01)
        kept = leaky_relu(layer.own(states[rows]), 0.01) + ids
        return leaky_relu(layer.mix(torch.cat([heard, kept], dim=1)), 0.01)

    product = make_product(means[rows.numpy()])
    ours = layer(product, [people, items], ids, rows if some else None)
    torch.testing.assert_close(ours, plain(), atol=1e-5, rtol=1e-4)
    found = torch.autograd.grad((ours * wanted).sum(), trained)
    expected = torch.autograd.grad((plain() * wanted).sum(), trained)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_a_walk_to_a_few_nodes_ends_where_the_walk_over_all_does():
    import torch

    from recommender.core.graph_torch import steps_to

    # People 0 to 9 in a ring with items 10 to 19: three layers from one person reach few.
    pairs = np.array([(user, (user + step) % 10) for user in range(10) for step in (0, 1)])
    matrix = averaged(Bipartite(to_likes(pairs, 10, 10)).full, "root")
    states = found = torch.randn(20, 4)
    for _ in range(3):
        states = torch.from_numpy(matrix @ states.numpy())
    steps = list(steps_to(np.array([4]), matrix, 3))
    assert [step.nodes is None or len(step.nodes) for step in steps] == [5, 3, 1]
    for step in steps:
        found = step.product(found)
    torch.testing.assert_close(found, states[[4]])


@pytest.fixture(scope="module")
def wardrobe() -> dict:
    """People whose taste is a direction among looks, as in a real feed."""
    rng = np.random.default_rng(1)
    people, things = 150, 120
    taste, style = (_unit(rng.normal(size=(count, 6))) for count in (people, things))
    looks = style @ rng.normal(size=(6, 12)) + 0.4 * rng.normal(size=(things, 12)) + 2
    affinity = 6 * taste @ style.T + rng.gumbel(size=(people, things))
    likes = np.argsort(-affinity, axis=1)[:, :12]
    pairs = rng.permutation([(user, item) for user in range(people) for item in likes[user]])
    return {"pairs": pairs, "looks": looks.astype(np.float32), "shape": (people, things)}


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize(("ids", "average"), [("fixed", "mean"), ("trained", "root")])
def test_a_look_the_person_likes_raises_the_prediction_score(wardrobe, ids, average):
    people, things = wardrobe["shape"]
    looks, rng = wardrobe["looks"], np.random.default_rng(2)
    likes = to_likes(wardrobe["pairs"], people, things)
    model = train_mmgcn(
        wardrobe["pairs"],
        {"visual": looks},
        people,
        things,
        ids=ids,
        average=average,
        epochs=16,
        batch=512,
        rate=5e-3,
    )
    users = np.repeat(np.arange(people), 5)
    items = rng.integers(things, size=len(users))
    theirs = np.stack([looks[likes[user].indices].mean(axis=0) for user in users])
    strangers = np.roll(theirs, 35, axis=0)
    own, other = (
        ps(model, users, items, {"visual": shown}, standardised=True)
        for shown in (theirs, strangers)
    )
    gain = own - other
    assert gain.mean() > 4 * gain.std() / np.sqrt(len(gain))
    assert own.mean() > ps(model, users, items, standardised=True).mean()


def test_an_items_own_features_change_nothing(model, world):
    items = np.arange(ITEMS)
    same = model.replace_item_features(items, world["features"])
    np.testing.assert_allclose(same, model.item_vectors(), atol=1e-5)
    users = np.array([0, 1])
    np.testing.assert_allclose(
        ps(model, users, items[:2]), model.score(users, items[:2]).diagonal(), atol=1e-5
    )


def test_standardised_scores_are_z_scores_over_the_catalogue(model):
    every = np.arange(ITEMS)
    scores = ps(model, np.full(ITEMS, 7), every, standardised=True)
    assert scores.mean() == pytest.approx(0, abs=1e-4)
    assert scores.std() == pytest.approx(1, abs=1e-3)


def test_an_item_that_nobody_met_is_placed_by_its_features(model, world):
    new = {name: rows[:4] for name, rows in world["features"].items()}
    vectors = model.replace_item_features(np.full(4, -1), new)
    scores = model.user_vectors() @ vectors.T  # (U, 4), one item of each taste
    own = scores[np.arange(USERS), np.arange(USERS) % TASTES]
    assert own.mean() > scores.mean() + scores.std() / 2
    assert (scores.argmax(axis=1) == np.arange(USERS) % TASTES).mean() > 0.5
    with pytest.raises(ValueError, match="all modalities"):
        model.replace_item_features(np.array([-1]), {"visual": new["visual"][:1]})


def test_a_new_person_gets_a_vector_from_what_they_like(model, world):
    tastes = world["tastes"]
    liked = sparse.csr_matrix(np.eye(TASTES, dtype=np.float32)[:, tastes])
    scores = model.fold_in(liked) @ model.item_vectors().T  # (TASTES, I), one person of each
    scores = (scores - scores.mean(axis=1, keepdims=True)) / scores.std(axis=1, keepdims=True)
    own = np.array([scores[taste, tastes == taste].mean() for taste in range(TASTES)])
    others = np.array([scores[taste, tastes != taste].mean() for taste in range(TASTES)])
    assert (own > others + 0.5).all()


def test_folding_a_known_person_in_gives_the_trained_vector(model, world):
    likes = to_likes(world["train"], USERS, ITEMS)
    users = np.array([3, 8])
    vectors = model.fold_in(likes[users], users)
    np.testing.assert_allclose(vectors, model.user_vectors()[users], atol=1e-5)


def test_a_model_is_read_back_as_it_was_written(model, tmp_path):
    model.save(tmp_path / "model")
    again = MMGCN.load(tmp_path / "model")
    np.testing.assert_array_equal(again.score(np.arange(3)), model.score(np.arange(3)))
    assert again.history == model.history
    assert again.config == model.config


def test_training_stops_when_validation_no_longer_improves(world):
    seen = []
    options = {**QUICK, "epochs": 200, "patience": 2, "rate": 0.02}
    model = train_mmgcn(
        world["train"],
        world["features"],
        USERS,
        ITEMS,
        valid=world["test"],
        report=seen.append,
        **options,
    )
    assert len(model.history) < 200
    assert model.history == seen
    best = max(entry["ndcg@20"] for entry in seen)
    train, test = (to_likes(world[part], USERS, ITEMS) for part in ("train", "test"))
    kept = evaluate_people(lambda users: model.score(users), train, test)
    assert kept["ndcg@20"] == pytest.approx(best, abs=0.02)


def test_the_same_seed_gives_the_same_model(world):
    options = {**QUICK, "epochs": 2, "seed": 5}
    first, second = (
        train_mmgcn(world["train"], world["features"], USERS, ITEMS, **options) for _ in range(2)
    )
    np.testing.assert_array_equal(first.item_vectors(), second.item_vectors())


def test_wide_features_are_projected_and_can_be_replaced(world):
    wide = np.repeat(world["features"]["visual"], 30, axis=1)  # (I, 360)
    model = train_mmgcn(world["train"], {"visual": wide}, USERS, ITEMS, **{**QUICK, "epochs": 1})
    assert model.modalities["visual"].items.shape == (ITEMS, 256)
    same = model.replace_item_features(np.arange(ITEMS), {"visual": wide})
    np.testing.assert_allclose(same, model.item_vectors(), atol=1e-4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"interactions": np.zeros((0, 2), dtype=int)}, "no interactions"),
        ({"interactions": np.array([[0, ITEMS]])}, "outside"),
        ({"interactions": np.array([[-1, 0]])}, "start at 0"),
        ({"interactions": np.arange(5)}, "rows of user and item"),
        ({"features": {}}, "at least one modality"),
        ({"features": {"visual": np.zeros((3, 4))}}, "rows of features"),
        ({"features": {"visual": np.full((ITEMS, 4), np.nan)}}, "finite"),
        ({"ids": "thawed"}, "fixed"),
        ({"average": "most"}, "root"),
    ],
)
def test_bad_input_is_named(world, change, sentence):
    given = {"interactions": world["train"], "features": world["features"], **change}
    with pytest.raises(ValueError, match=sentence):
        train_mmgcn(n_users=USERS, n_items=ITEMS, **given)


def test_negatives_are_items_the_person_does_not_have(world):
    likes = to_likes(world["train"], USERS, ITEMS)
    users = np.repeat(np.arange(USERS), 50)
    drawn = NegativeSampler(likes, np.random.default_rng(0)).draw(users)
    assert not np.asarray(likes[users, drawn]).any()


def test_hidden_interactions_leave_the_graph_both_ways(world):
    likes = to_likes(world["train"], USERS, ITEMS)
    graph = Bipartite(likes)
    hidden = np.array([0, 7, 100])
    users = np.repeat(np.arange(USERS), np.diff(likes.indptr))[hidden]
    items = likes.indices[hidden] + USERS
    left = graph.without(hidden)
    assert left.nnz == graph.full.nnz - 6
    assert not np.asarray(left[users, items]).any()
    assert not np.asarray(left[items, users]).any()
    assert (left - left.T).nnz == 0
    assert ((graph.full - left) < 0).nnz == 0
