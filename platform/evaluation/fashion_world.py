"""People with a last liked garment that is held out: the world of GeneRec 2025, Table 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.drawing import draw_garment
from demo.garments import caption, sample_spec
from demo.people import Taste, Traits, browse, sample_taste
from evaluation.folder_world import choose_senders
from evaluation.photographs import Photographs, load_photographs, swap_backgrounds
from evaluation.study import DEMO, Options, folder_of
from vision.phrases import UNKNOWN
from vision.samples import HEIGHT, WIDTH

FEWEST_LIKES = 5
CORPUS = 400
SHOWN = 160
STREAM = 2_908_411


@dataclass(frozen=True)
class Case:
    """One person: indices of what they liked before, of the target, and what they ask for."""

    history: np.ndarray
    target: int
    instruction: str


@dataclass(frozen=True)
class FashionWorld:
    """Pictures (N, HEIGHT, WIDTH, 3) and the people who liked them.

    swapped: the pictures with the garment before another person's background, where backgrounds
    could tell whose a picture is; None where they are drawn by lot.
    """

    key: str
    look: str
    pictures: np.ndarray
    cases: list[Case]
    swapped: np.ndarray | None

    def check(self) -> None:
        """Raise if a target is in its person's history."""
        if any(case.target in case.history for case in self.cases):
            raise AssertionError("A target is in its person's history.")

    def others(self, case: Case) -> np.ndarray:
        """Return the indices of pictures that the person has not liked."""
        return np.setdiff1d(np.arange(len(self.pictures)), [*case.history, case.target])


def make_fashion(options: Options) -> FashionWorld:
    """Return the world that `data` names; refuses a folder that is none."""
    if options.data == DEMO:
        world = draw_fashion(people=options.people, seed=options.seed)
    else:
        photographs = load_photographs(
            folder_of(options.data), options.cache, everybody=options.everybody
        )
        world = photograph_fashion(photographs, people=options.people, seed=options.seed)
    world.check()
    return world


def draw_fashion(*, people: int, seed: int, corpus: int = CORPUS) -> FashionWorld:
    """Return people with hidden tastes over drawn garments; the last thing liked is the target."""
    rng = np.random.default_rng([STREAM, seed])
    specs = [sample_spec(rng) for _ in range(corpus)]
    traits = Traits.of([(spec.type, spec.colour, spec.pattern, "image") for spec in specs])
    cases: list[Case] = []
    while len(cases) < people:
        likes = _likes(sample_taste(rng), traits, rng)
        if len(likes) >= FEWEST_LIKES:
            target = int(likes[-1])
            cases.append(Case(likes[:-1], target, caption(specs[target]).replace(" plain ", " ")))
    pictures = np.stack([draw_garment(spec, WIDTH, HEIGHT) for spec in specs])
    return FashionWorld(f"fashion-{corpus}-{seed}", "illustration", pictures, cases, None)


def photograph_fashion(photographs: Photographs, *, people: int, seed: int) -> FashionWorld:
    """Return the senders of at least five photographs; the last labelled one is the target.

    What they ask for is the target's type and its measured main colour.
    """
    rng = np.random.default_rng([STREAM, seed, 1])
    cases = []
    for sender in choose_senders(photographs, people, rng):
        own = photographs.of(sender)
        known = own[photographs.types[own] != UNKNOWN]
        if len(known) and len(own) >= FEWEST_LIKES:
            target = int(known[-1])
            cases.append(Case(own[own != target], target, photographs.caption(target)))
    return FashionWorld(
        f"fashion-{photographs.digest()}-{seed}",
        "photo",
        photographs.images,
        cases,
        swap_backgrounds(photographs, rng),
    )


def _likes(taste: Taste, traits: Traits, rng: np.random.Generator) -> np.ndarray:
    acts = browse(taste, traits, rng, SHOWN)
    return np.array([act.item for act in acts if act.kind == "like"], dtype=int)
