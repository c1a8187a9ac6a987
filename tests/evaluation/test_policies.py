"""Simulated people and their policies: paired, repeatable, and true to the site's rules."""

from __future__ import annotations

import json

import numpy as np
import pytest
from django.core.management import call_command

from common.errors import InvalidInputError
from demo.wishing.offers import look_at_feed
from demo.wishing.people import (
    ASSISTED,
    CHANGE,
    DESIRE,
    FIND,
    MAKE,
    Corpus,
    SimPerson,
    Wish,
    draw_corpus,
    draw_person,
    draw_wish,
    edit_item,
    make_item,
)
from demo.wishing.sitting import RETRIEVE_ONLY, Diary, Outcome, Player, Sitting
from evaluation.policies.experiment import Setting
from evaluation.policies.gate import DRAWS, Decisions, run_gates, summary
from evaluation.policies.holes import auc, run_holes
from evaluation.policies.playing import play
from evaluation.policies.rankers import compare_rankers
from recommender.core.policy import ARMS, FEATURES

SEED = (1, 2, 3)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return draw_corpus(np.random.default_rng(0))


@pytest.fixture
def person(corpus: Corpus) -> SimPerson:
    return draw_person(np.random.default_rng(4), corpus)


def test_a_corpus_has_holes_and_covered_kinds(corpus: Corpus) -> None:
    cells = {(kind, colour) for kind, colour, _ in corpus.attributes.tolist()}
    assert 100 < len(cells) < 16 * 13 * 0.75
    kind, colour = next(iter(cells))
    left = corpus.without(kind, colour)
    assert (kind, colour) not in {tuple(row[:2]) for row in left.attributes.tolist()}


def test_the_same_people_wish_the_same_for_every_player(corpus: Corpus) -> None:
    first = play(corpus, Player("rules"), people=3, sessions=2, seed=SEED)
    again = play(corpus, Player("rules"), people=3, sessions=2, seed=SEED)
    np.testing.assert_array_equal(first, again)
    assert first.shape == (3, 2, 5)
    assert (first[..., 1] >= first[..., 0] - 1e-9).all()


def test_retrieval_alone_never_makes_anything(corpus: Corpus, person: SimPerson) -> None:
    sitting = Sitting(person, corpus, Player(RETRIEVE_ONLY), 0, None)
    for n in range(30):
        rng = np.random.default_rng(n)
        assert sitting.answer(draw_wish(person, rng), rng).arm == "retrieve"
    assert not person.ai_opinions


def test_an_explicit_request_is_made_and_a_search_is_not(corpus: Corpus, person: SimPerson) -> None:
    target = np.array([0, 0, 0])
    said = np.array([True, True, True])
    sitting = Sitting(person, corpus, Player("rules"), 0, None)
    rng = np.random.default_rng(0)
    assert sitting.answer(Wish(target, said, MAKE), rng).arm == "create"
    assert sitting.answer(Wish(target, said, FIND), rng).arm != "create"


def test_a_person_has_their_own_picture_changed_and_it_stays_theirs(
    corpus: Corpus, person: SimPerson
) -> None:
    person.own, person.own_ai = [np.array([0, 3, 0])], [0.0]
    everything = np.array([True, True, True])
    sitting = Sitting(person, corpus, Player("rules"), 0, None)
    wish = Wish(np.array([0, 5, 0]), everything, CHANGE)
    outcome = sitting.answer(wish, np.random.default_rng(0))
    assert outcome.arm == "edit"
    assert person.own[-1].tolist() == [0, 5, 0]
    assert person.own_ai == [0.0, ASSISTED]
    # What one has is found from then on: there is nothing to change any more.
    again = sitting.answer(wish, np.random.default_rng(1))
    assert again.arm != "edit"


def test_a_policy_may_edit_what_comes_near_where_nothing_fits(person: SimPerson) -> None:
    person.own, person.own_ai, person.ai_share = [np.array([0, 3, 0])], [0.0], 50
    bare = Corpus(np.array([[1, 1, 1]]), np.zeros(1))
    diary = Diary()
    wish = Wish(np.array([0, 5, 0]), np.array([True, True, True]), DESIRE)
    Sitting(person, bare, Player("rules", None, 0.05), 0, diary).answer(
        wish, np.random.default_rng(0)
    )
    assert diary.as_log().allowed[0, ARMS.index("edit")]


def test_an_edit_keeps_what_was_not_said() -> None:
    wish = Wish(np.array([3, 4, 1]), np.array([True, True, False]), CHANGE)
    made = edit_item(wish, np.array([3, 9, 5]), np.random.default_rng(0))
    assert made.tolist() == [3, 4, 5]


def test_the_feed_offers_after_rejections_and_only_to_who_wants_ai(corpus: Corpus) -> None:
    def looks(player: Player, ai_share: int, attitude: float) -> list[Outcome]:
        person = draw_person(np.random.default_rng(4), corpus)
        person.ai_share, person.attitude = ai_share, attitude
        sitting = Sitting(person, corpus, player, 0, None)
        found = []
        for n in range(60):
            person.rejected[:0] = [True, True]
            if offer := look_at_feed(sitting, np.random.default_rng(n)):
                found.append(offer)
        return found

    taken = looks(Player("rules"), 50, 1.0)
    refused = looks(Player("rules"), 50, -1.0)
    assert taken
    assert all(one.arm == "create" for one in taken)
    assert refused
    assert all(one.satisfaction < 0 for one in refused)
    assert not looks(Player("rules"), 0, 1.0)
    assert not looks(Player(RETRIEVE_ONLY), 50, 1.0)


@pytest.mark.slow
def test_the_gate_lets_what_is_better_serve_and_not_what_is_worse() -> None:
    rng = np.random.default_rng(3)
    count = 1500
    contexts = np.zeros((count, len(FEATURES)))
    contexts[:, 0] = 1.0
    contexts[:, 1] = rng.integers(2, size=count)
    allowed = np.tile(np.array([True, True, False, True]), (count, 1))
    rewards = rng.normal(0.3, 0.5, size=(count, len(ARMS), DRAWS))
    create = ARMS.index("create")
    rewards[:, create] += np.where(contexts[:, 1] == 1, 0.4, -0.4)[:, None]
    rewards[~allowed] = np.nan
    rules = np.full(count, ARMS.index("retrieve"))
    table = Decisions(contexts, allowed, rules, np.arange(count) // 10, rewards)
    runs = [run for seed in range(3) for run in run_gates(table, seed, 4000)]
    found = summary(runs)
    assert found["better"]["served_by_trial"]["value"] > 0.8
    assert found["worse"]["candidates"] >= 3
    assert found["worse"]["served_by_trial"]["value"] == 0


def test_what_is_made_has_what_was_said_or_is_refused(person: SimPerson) -> None:
    wish = Wish(np.array([3, 4, 1]), np.array([True, True, False]), DESIRE)
    made = [make_item(person, wish, np.random.default_rng(n)) for n in range(400)]
    refused = sum(item is None for item in made) / len(made)
    assert 0.05 < refused < 0.14
    assert all(item[0] == 3 and item[1] == 4 for item in made if item is not None)


def test_the_diary_holds_true_probabilities(corpus: Corpus) -> None:
    diary = Diary()
    play(corpus, Player("rules", None, 0.05), people=20, sessions=3, seed=SEED, diary=diary)
    log = diary.as_log()
    np.testing.assert_allclose(log.probabilities.sum(axis=1), 1.0)
    assert (log.propensities > 0).all()
    assert (log.allowed.sum(axis=1) > 1).all()
    explored = (log.arms != log.rules).mean()
    assert explored < 0.06
    assert ARMS[log.rules[0]] in {"retrieve", "ask"}


def test_people_who_want_no_ai_get_none_unasked(corpus: Corpus) -> None:
    diary = Diary()
    person = draw_person(np.random.default_rng(4), corpus)
    person.ai_share = 0
    sitting = Sitting(person, corpus, Player("rules", None, 0.05), 0, diary)
    for n in range(40):
        rng = np.random.default_rng(n)
        sitting.answer(draw_wish(person, rng), rng)
    assert not diary.as_log().allowed[:, ARMS.index("create")].any()


def test_activation_fires_in_a_hole_and_nowhere_else() -> None:
    found = run_holes({"rules": Player("rules")}, people=8)["rules"]
    assert found["auc_of_need"] == 1.0
    assert found["activates_in_holes"]["value"] > 0.9
    assert found["false_activation"]["value"] == 0.0
    assert found["regret_in_holes"]["value"] >= 0


def test_area_under_the_curve_by_hand() -> None:
    assert auc([3.0, 2.0], [1.0, 2.0]) == pytest.approx(3.5 / 4)


@pytest.mark.slow
def test_interleaving_is_at_least_as_sensitive_and_raises_no_false_alarm() -> None:
    table = compare_rankers(people=600, experiments=60)
    clear = table.rows["clear, 100 people"]
    assert clear["interleaving: found"].value > clear["A/B: found"].value
    assert clear["interleaving: sign"].value > 0.9
    assert table.rows["none, 100 people"]["interleaving: found"].value < 0.2


@pytest.mark.slow
def test_the_command_prints_and_writes_the_table(tmp_path, capsys) -> None:
    call_command("evaluate", "policies", "--quick", "--json", str(tmp_path / "p.json"))
    found = json.loads((tmp_path / "p.json").read_text())
    assert {"retrieve-only", "rules", "learned"} < set(found["table"]["rows"])
    assert len(found["curves"]["rules"]) == 2
    assert "low" in found["each_run"][0]["foretold"]
    assert found["each_run"][0]["would_serve"] in {True, False}
    assert "learned > rules" in capsys.readouterr().out


def test_nonsense_sizes_are_refused() -> None:
    with pytest.raises(InvalidInputError):
        Setting(people=1)
