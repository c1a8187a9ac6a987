"""Does activation fire where the corpus has a hole, and stay quiet where it has none?

    PYTHONPATH=platform:. python benchmarks/corpus_holes.py [--people 300] [--log-people 600]

The rules, and a policy learnt from the log of other simulated people, on the same wishes, each once
before a corpus that covers it and once before one that does not. Prints the AUC of the need
estimate, how often something is made or offered in holes and elsewhere, and the regret against an
oracle that knows every arm's true satisfaction.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np
from record import write_result

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--log-people", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    from demo.wishing.people import draw_corpus
    from demo.wishing.sitting import Diary, Player
    from evaluation.policies.holes import STREAM, run_holes
    from evaluation.policies.playing import play
    from recommender.core.policy import MAX_EXPLORATION, fit_policy

    diary = Diary()
    corpus = draw_corpus(np.random.default_rng([STREAM, options.seed, 1]))
    logging = Player("rules", exploration=MAX_EXPLORATION)
    seed = (STREAM, options.seed, 2)
    play(corpus, logging, people=options.log_people, sessions=10, seed=seed, diary=diary)
    log = diary.as_log()
    policy = fit_policy(log.contexts, log.arms, log.rewards)
    players = {"rules": Player("rules"), "learned": Player("learned", policy)}
    figures = {
        "people": options.people,
        "log_people": options.log_people,
        "logged_open_decisions": len(log),
        "seed": options.seed,
        "colour_said": run_holes(players, options.people, options.seed),
        "colour_unsaid": run_holes(players, options.people, options.seed, says_colour=False),
    }
    print(json.dumps(figures, indent=1))
    write_result("corpus_holes", figures)


if __name__ == "__main__":
    main()
