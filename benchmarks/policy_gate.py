"""How often does the gate let a truly better policy of activation serve, and a truly worse one?

    PYTHONPATH=platform:. python benchmarks/policy_gate.py [--worlds 3] [--runs 8] [--people 120]

Draws the open decisions of simulated people with the rewards of every arm, so that true gains are
known, then learns from logs of 10,000 decisions in many runs. Each run puts four candidates through
the trial, and through the gate that it replaced: what the log teaches, what twenty times as long a
log teaches, and two that are meant to be bad. Writes results/policy_gate.json.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from record import write_result

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")


def main() -> None:
    """Draw the worlds, run both gates, print and write the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=8, help="in each world")
    parser.add_argument("--people", type=int, default=120)
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--logged", type=int, default=10_000, help="decisions that teach")
    options = parser.parse_args()
    from evaluation.policies.gate import draw_decisions, run_gates, summary

    runs, decisions = [], 0
    for world in range(options.worlds):
        table = draw_decisions(world, options.people, options.sessions)
        decisions += len(table.rules)
        for number in range(options.runs):
            runs += run_gates(table, number, options.logged)
        print(world, summary(runs), flush=True)
    kinds = sorted({run.kind for run in runs})
    figures = {
        **vars(options),
        "open_decisions_drawn": decisions,
        **summary(runs),
        "gains": {k: [round(run.gain, 5) for run in runs if run.kind == k] for k in kinds},
        "served": {k: sum(run.new for run in runs if run.kind == k) for k in kinds},
        "served_by_old": {k: sum(run.old for run in runs if run.kind == k) for k in kinds},
    }
    print(figures)
    print("written to", write_result("policy_gate", figures))


if __name__ == "__main__":
    main()
