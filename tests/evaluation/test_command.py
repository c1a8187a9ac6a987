"""`manage.py evaluate` as an operator runs it."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from common.errors import InvalidInputError
from evaluation.judging import load_judge
from evaluation.study import Options


def test_data_that_is_neither_demo_nor_a_folder_is_refused(tmp_path):
    with pytest.raises(CommandError, match="neither"):
        call_command("evaluate", "fashion", data=str(tmp_path / "nowhere"), cache=tmp_path)


@pytest.mark.parametrize(
    "wrong", [{"runs": 0}, {"people": 1}, {"ks": ()}, {"ks": (0,)}, {"videos": 0}, {"made_for": -1}]
)
def test_sizes_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InvalidInputError):
        Options(**wrong)


def test_judge_is_never_the_network_that_conditions():
    judge = load_judge()
    assert judge.name.startswith("judge-")
    with pytest.raises(InvalidInputError, match="must not be"):
        load_judge("embedded")


def test_judges_posterior_adds_up_and_knows_a_drawn_garment():
    import numpy as np

    from common.vocabulary import COLOURS, TYPES
    from demo.drawing import draw_garment
    from demo.garments import sample_spec

    judge = load_judge()
    rng = np.random.default_rng(8)
    specs = [sample_spec(rng, pattern="plain") for _ in range(24)]
    posterior = judge.posterior(judge.see([draw_garment(spec, 120, 160) for spec in specs]))
    assert posterior.shape == (24, len(TYPES) * len(COLOURS))
    assert posterior.sum(axis=1) == pytest.approx(1.0, abs=1e-4)
    wanted = [TYPES.index(s.type) * len(COLOURS) + list(COLOURS).index(s.colour) for s in specs]
    assert (posterior.argmax(axis=1) == wanted).mean() >= 0.75


@pytest.mark.slow
@pytest.mark.parametrize("table", ["thumbnails", "clips", "fashion"])
def test_quick_run_with_the_real_networks(table, tmp_path):
    out = StringIO()
    call_command(
        "evaluate",
        table,
        quick=True,
        json=tmp_path / "found.json",
        cache=tmp_path / "cache",
        stdout=out,
        stderr=StringIO(),
        pictures=1,
        people=6 if table == "fashion" else None,
    )
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["judge"] != found["encoder"]
    assert found["table"]["title"] in out.getvalue()
    # So few people show which way it goes; whether it holds is for the whole run to say.
    orderings = {
        (one["better"], one["worse"]): one["difference"]["value"]
        for one in found["orderings"]
        if one["column"].startswith("Cosine") or table == "fashion"
    }
    if table == "fashion":
        assert ("SD-Creator", "Random") in orderings
    elif table == "clips":
        assert orderings["CLIP", "Random"] > 0
    else:
        assert orderings["CLIP", "Random Frame"] > 0
        felt = found["controls"][-1]["rows"]
        chosen, chance = felt["CLIP"]["Pleasure"], felt["Random Frame"]["Pleasure"]
        assert chosen["value"] > chance["value"]
