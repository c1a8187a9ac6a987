"""Table 1 of GeneRec 2025: fashion pictures created with and without the person's liked items."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evaluation.fashion_world import Case, FashionWorld
from evaluation.judging import spread_out
from evaluation.making import Maker, weights_by_age
from evaluation.metrics import (
    cosine_to_each,
    frechet_distance,
    inception_score,
    kernel_distance,
    per_person,
)
from evaluation.report import Result, Table, Verdict
from evaluation.rows import COSINE, FUTURE, Audience, Row, controls_table, measure
from evaluation.statistics import (
    Interval,
    mean_interval,
    paired_test,
    set_comparison,
    set_interval,
)
from evaluation.study import DEMO, Networks, Options
from generation.core.backends import GenerationRequest
from generation.core.hub import library_versions

RANDOM, WITHOUT, WITH = "Random", "SD-Creator w/o history", "SD-Creator"
TARGET = "The target itself"
FID, KID, IS, CS, COSINE_PERCENT = "FID_own", "KID_own", "IS_own", "CS_own (%)", "Cosine (%)"
HISTORY = 8
TITLE = "Fashion image creation (GeneRec 2025, Table 1)"


@dataclass(frozen=True)
class Sight:
    """The judge's unit vectors of the world."""

    pictures: np.ndarray  # (N, D)
    swapped: np.ndarray | None  # (N, D)
    instructions: np.ndarray  # (P, D), of texts
    liked: np.ndarray  # (N, D) by the encoder that conditions


def look_at(world: FashionWorld, networks: Networks) -> Sight:
    """Return what both networks see of the pictures and instructions."""
    judge = networks.judge
    return Sight(
        pictures=judge.see(list(world.pictures)),
        swapped=None if world.swapped is None else judge.see(list(world.swapped)),
        instructions=judge.read([case.instruction for case in world.cases]),
        liked=networks.encoder.encode_images(list(world.pictures)),
    )


def evaluate(
    world: FashionWorld, networks: Networks, maker: Maker, options: Options, pictures: int
) -> Result:
    """Return the table from `pictures` pictures for each person and row."""
    sight = look_at(world, networks)
    audience = Audience(
        [sight.pictures[case.history] for case in world.cases],
        [sight.pictures[[case.target]] for case in world.cases],
    )
    rng = np.random.default_rng([options.seed, 31])
    found = {
        RANDOM: np.stack(
            [
                sight.pictures[rng.choice(world.others(case), size=pictures, replace=False)]
                for case in world.cases
            ]
        )[:, None],
        WITHOUT: _create(world, sight, maker, options, pictures, with_history=False),
        WITH: _create(world, sight, maker, options, pictures, with_history=True),
    }
    rows = {name: measure(name, results, audience) for name, results in found.items()}
    table = Table(TITLE, [FID, KID, IS, CS, COSINE_PERCENT], digits=3)
    for name, row in rows.items():
        table.rows[name] = _cells(row, sight, networks, is_made=name != RANDOM)
    table.notes.append(
        f"{len(world.cases)} people, {pictures} pictures each; FID_own and KID_own against all "
        f"{len(world.pictures)} pictures of the corpus: with so few, FID_own is high for every row."
    )
    controls, tests = controls_table(list(rows.values()), rows[WITHOUT], audience, options.seed)
    extra = [controls, _anchors(rows, audience)]
    if sight.swapped is not None:
        extra.append(_background_control(world, sight, rows))
    facts = {
        "data": options.data,
        "seed": options.seed,
        "people": len(world.cases),
        "pictures_each": pictures,
        "encoder": networks.encoder.name,
        "judge": networks.judge.name,
        "held_out_people_only": options.data == DEMO or not options.everybody,
        "versions": library_versions(),
        "generation": maker.facts(),
        "permutation": tests,
    }
    return Result("fashion", table, _verdicts(rows, sight, networks), extra, facts)


def _create(
    world: FashionWorld,
    sight: Sight,
    maker: Maker,
    options: Options,
    pictures: int,
    *,
    with_history: bool,
) -> np.ndarray:
    """Return the judge's vectors of created pictures, (P, 1, pictures, D)."""
    requests = [
        _request(world, case, sight, 1000 * options.seed + turn, with_history=with_history)
        for case in world.cases
        for turn in range(pictures)
    ]
    made = np.stack([one.judged[0] for one in maker.make_all(requests)])
    return made.reshape(len(world.cases), 1, pictures, -1)


def _request(
    world: FashionWorld, case: Case, sight: Sight, seed: int, *, with_history: bool
) -> GenerationRequest:
    """Return the request: the instruction, and the newest liked items or none."""
    prompt = f"{world.look} of a {case.instruction}"
    if not with_history:
        return GenerationRequest(prompt=prompt, seed=seed)
    liked = sight.liked[case.history[::-1][:HISTORY]]
    return GenerationRequest(
        prompt=prompt, history=liked, history_weights=weights_by_age(len(liked)), seed=seed
    )


def _cells(row: Row, sight: Sight, networks: Networks, *, is_made: bool) -> dict[str, Interval]:
    """Return the row's figures; Random has no generation quality, as in the paper."""
    cells = {
        CS: mean_interval(100 * per_person(_text_cosine(row, sight))),
        COSINE_PERCENT: mean_interval(100 * per_person(row.entries[COSINE])),
    }
    if is_made:
        for name, statistic in _set_statistics(sight, networks).items():
            cells[name] = set_interval(statistic, row.results)
    return cells


def _set_statistics(sight: Sight, networks: Networks) -> dict[str, Callable[[np.ndarray], float]]:
    """Return the measures of a whole set of pictures, (n, D) by the judge."""
    real = spread_out(sight.pictures)
    return {
        FID: lambda rows: frechet_distance(spread_out(rows), real),
        KID: lambda rows: kernel_distance(spread_out(rows), real),
        IS: lambda rows: inception_score(networks.judge.posterior(rows)),
    }


def _text_cosine(row: Row, sight: Sight) -> np.ndarray:
    """Return (P, 1, S): cosine of each picture with the person's instruction."""
    return np.einsum("prkd,pd->prk", row.results, sight.instructions)


def _verdicts(rows: dict[str, Row], sight: Sight, networks: Networks) -> list[Verdict]:
    """Return the paper's orderings; FID, IS and the gain in CS are reported only."""

    def text(row: Row) -> np.ndarray:
        return 100 * per_person(_text_cosine(row, sight))

    def likeness(row: Row) -> np.ndarray:
        return 100 * per_person(row.entries[COSINE])

    def verdict(
        better: str, worse: str, column: str, of: Callable[[Row], np.ndarray], required: bool
    ) -> Verdict:
        gap = of(rows[better]) - of(rows[worse])
        return Verdict(better, worse, column, paired_test(gap), required)

    def distance(column: str) -> Verdict:
        statistic = _set_statistics(sight, networks)[column]
        gap = set_comparison(statistic, rows[WITHOUT].results, rows[WITH].results)
        return Verdict(WITH, WITHOUT, column, gap, required=False, relation="<")

    return [
        distance(FID),
        distance(KID),
        verdict(WITHOUT, RANDOM, CS, text, True),
        verdict(WITH, RANDOM, CS, text, True),
        verdict(WITH, WITHOUT, CS, text, False),
        verdict(WITHOUT, RANDOM, COSINE_PERCENT, likeness, False),
        verdict(WITH, RANDOM, COSINE_PERCENT, likeness, True),
        verdict(WITH, WITHOUT, COSINE_PERCENT, likeness, True),
    ]


def _anchors(rows: dict[str, Row], audience: Audience) -> Table:
    """Return cosines to the held-out target, and how near the real target is to the history."""
    table = Table(
        "The held-out next like",
        ["to history (%)", "to the target (%)"],
        digits=3,
        notes=["The target itself: what a perfect guess of the next like would score."],
    )
    for name, row in rows.items():
        table.rows[name] = {
            "to history (%)": mean_interval(100 * per_person(row.entries[COSINE])),
            "to the target (%)": mean_interval(100 * per_person(row.entries[FUTURE])),
        }
    targets = np.stack(audience.future)[:, None]  # (P, 1, 1, D)
    own = 100 * per_person(cosine_to_each(targets, audience.history))
    table.rows[TARGET] = {"to history (%)": mean_interval(own)}
    return table


def _background_control(world: FashionWorld, sight: Sight, rows: dict[str, Row]) -> Table:
    """Return the cosines again with every liked photograph before another person's background.

    Were similarity the background's, it would go with it.
    """
    assert sight.swapped is not None
    swapped = [sight.swapped[case.history] for case in world.cases]
    table = Table(
        "Liked photographs before other people's backgrounds",
        [COSINE_PERCENT, "gain over w/o history"],
        digits=3,
    )
    likeness = {
        name: 100 * per_person(cosine_to_each(row.results, swapped)) for name, row in rows.items()
    }
    for name, values in likeness.items():
        table.rows[name] = {COSINE_PERCENT: mean_interval(values)}
    gain = paired_test(likeness[WITH] - likeness[WITHOUT])
    table.rows[WITH]["gain over w/o history"] = gain.difference
    targets = sight.swapped[[case.target for case in world.cases]][:, None, None]
    own = 100 * per_person(cosine_to_each(targets, swapped))
    table.rows[TARGET] = {COSINE_PERCENT: mean_interval(own)}
    word = "stays" if gain.holds() else "does not stay"
    table.notes.append(f"The gain of history {word} without the backgrounds (p {gain.p:.4f}).")
    return table
