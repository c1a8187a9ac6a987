"""Claims, sums, licences and topics: what is caught, what is let pass, and the border."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from common.licences import LICENCES
from moderation.core.calibration import calibrate
from moderation.core.checks import ScreeningInput
from moderation.core.checks.authenticity import claims, label_in_words, named_garment
from moderation.core.checks.rights import licences, topic_rules
from moderation.core.checks.topics import broken_rules, load_rules
from moderation.core.facts.claims import find_claims
from moderation.core.facts.holding import SourcePassage, hold
from moderation.core.facts.sums import wrong_sums
from moderation.core.licences import Ingredient, problems
from vision.delta_e import delta_e

SOURCE = SourcePassage(
    "Denim is a hard-wearing cotton twill with a blue warp and a white weft. It was not sold in "
    "Japan before 5 May 1955. Each roll is 25 metres long and weighs 12 kilograms.",
    passage_id=7,
    title="Denim",
    start=100,
)


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("Denim is a hard-wearing cotton twill with a blue warp.", "supported"),
        ("In short: denim, a hard-wearing twill of cotton, has a blue warp.", "supported"),
        ("Denim is a hard-wearing silk twill with a blue warp.", "refuted"),
        ("Denim is not a hard-wearing cotton twill with a blue warp.", "refuted"),
        ("It was sold in Japan before 5 May 1955.", "refuted"),
        ("It was not sold in Japan before 5 May 1965.", "refuted"),
        ("It was not sold in Japan before May 5, 1955.", "supported"),
        ("Each roll is 30 metres long and weighs 12 kilograms.", "refuted"),
        ("Each roll is 25 metres long and weighs twelve kilograms.", "supported"),
        ("The tailor closes his little shop on Mondays.", "not found"),
        ("Denim.", "not found"),
        ("", "not found"),
    ],
)
def test_a_claim_is_held_against_its_source(claim: str, verdict: str) -> None:
    assert hold(claim, [SOURCE]).verdict == verdict


def test_the_quote_can_be_found_in_the_document() -> None:
    held = hold("Each roll is 30 metres long and weighs 12 kilograms.", [SOURCE])
    assert held.quote == SOURCE.text[held.start - 100 : held.end - 100]
    assert "25" in held.why


def test_without_a_source_nothing_is_refuted() -> None:
    assert hold("Denim is a cotton twill with a blue warp.", []).verdict == "not found"


def test_opinions_are_no_claims_and_certificates_are() -> None:
    assert find_claims("title", "I love this blue skirt so much") == []
    assert find_claims("title", "Black skirt with white dots") == []
    assert find_claims("title", "GOTS certified skirt")[0].kind == "certificate"
    found = find_claims("description", "Nice. Denim is a cotton twill of 1955.")
    assert found[0].text == "Denim is a cotton twill of 1955."
    assert "Nice. Denim is a cotton twill of 1955."[found[0].start : found[0].end] == found[0].text


def test_unproven_certificates_are_allowed_up_to_the_threshold() -> None:
    found = find_claims("title", "GOTS certified. Fair trade.")
    given = ScreeningInput(claims=tuple((one, ()) for one in found))
    assert claims(given, 2.0).verdict == "pass"
    assert claims(given, 1.0).verdict == "flag"


@pytest.mark.parametrize(
    "text",
    [
        "80 % cotton, 30 % polyester",
        "Was €80, now €60, 50 % off",
        "Length 10 in (30 cm)",
        "Wash at 30 °C (96 °F)",
        "2 + 2 = 5",
        "Made on 31 February 2026",
        "2026-02-30",
        "Since 2190",
    ],
)
def test_what_does_not_come_out_is_found(text: str) -> None:
    assert len(wrong_sums(text, date(2026, 1, 1))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "80 % cotton, 20 % polyester",
        "Shell 100 % cotton; lining 100 % polyester",
        "Shell 100 % cotton, lining 100 % polyester",
        "Was €80, now €60, 25 % off",
        "Length 10 in (25 cm)",
        "Wash at 30 °C (86 °F)",
        "2 + 2 = 4, size 38-40",
        "Made on 29 February",
        "Since 1890",
        "95 % cotton",
    ],
)
def test_what_comes_out_is_left_alone(text: str) -> None:
    assert wrong_sums(text, date(2026, 1, 1)) == []


@pytest.mark.parametrize(
    ("origin", "words", "verdict"),
    [
        ("human", "Made with Midjourney", "flag"),
        ("human", "AI-generated skirt", "flag"),
        ("human", "Not made with AI, sewn by hand", "pass"),
        ("human", "A maid with a broom", "pass"),
        ("ai", "No AI was used", "flag"),
        ("ai", "Real photo of my skirt", "flag"),
        ("ai", "A really blue skirt, made by AI", "pass"),
    ],
)
def test_words_that_contradict_the_label(origin: str, words: str, verdict: str) -> None:
    given = ScreeningInput(origin=origin, texts={"description": words})
    assert label_in_words(given, 0.0).verdict == verdict


def test_a_title_that_names_another_garment() -> None:
    fits = {"skirt": 0.3, "hat": 0.1, "dress": 0.2}
    assert named_garment(ScreeningInput(named_type="hat", type_fits=fits), 0.2).verdict == "flag"
    assert named_garment(ScreeningInput(named_type="skirt", type_fits=fits), 0.2).verdict == "pass"
    assert named_garment(ScreeningInput(named_type="skirt"), 0.2).verdict == "pass"


@pytest.mark.parametrize("rule", load_rules(), ids=lambda rule: rule.id)
def test_every_topic_rule_keeps_to_its_examples(rule: object) -> None:
    def breaks(text: str) -> bool:
        return any(one.rule is rule for one in broken_rules({"description": text}))

    examples = rule.examples  # type: ignore[attr-defined]
    assert all(examples[one] for one in ("breaks", "keeps", "borders"))
    assert [text for text in examples["breaks"] if not breaks(text)] == []
    assert [text for text in examples["keeps"] + examples["borders"] if breaks(text)] == []


def test_topic_rules_follow_the_jurisdiction() -> None:
    texts = {"description": "You can vote by text this year"}
    assert topic_rules(ScreeningInput(texts=texts), 0.0).verdict == "flag"
    assert topic_rules(ScreeningInput(texts=texts, jurisdictions=("EU",)), 0.0).verdict == "pass"


# licence of the item, of what it was made from, own work?, edits allowed?, commercial -> problems
MATRIX = [
    ("own", None, False, False, True, 0),
    ("cc_by_nc", None, False, False, True, 1),
    ("cc_by_nc", None, False, False, False, 0),
    ("", "own", True, False, True, 0),
    ("", "own", False, False, True, 1),
    ("", "own", False, True, True, 0),
    ("", "permission", True, False, True, 0),
    ("", "permission", False, False, True, 1),
    ("", "cc0", False, False, True, 0),
    ("", "cc_by", False, False, True, 0),
    ("", "cc_by_nd", False, True, True, 1),
    ("", "cc_by_nd", True, True, True, 1),
    ("", "cc_by_nc", False, False, True, 1),
    ("", "cc_by_nc_nd", False, False, True, 2),
    ("cc_by_sa", "cc_by_sa", False, False, True, 0),
    ("own", "cc_by_sa", False, False, True, 1),
    ("", "", False, False, True, 1),
    ("", "", True, False, True, 0),
]


@pytest.mark.parametrize(("licence", "source", "own", "edits", "commercial", "count"), MATRIX)
def test_the_matrix_of_licences(
    licence: str, source: str | None, own: bool, edits: bool, commercial: bool, count: int
) -> None:
    made_from = [] if source is None else [Ingredient(5, source, own, edits)]
    assert len(problems(licence, made_from, commercial=commercial)) == count


def test_a_licence_holds_through_all_ancestors() -> None:
    line = (Ingredient(5, "own", True), Ingredient(4, "cc_by_nc"))
    found = licences(ScreeningInput(origin="ai", parent_origin="human", ingredients=line), 0.0)
    assert found.verdict == "flag"
    assert found.evidence["problems"][0]["item_id"] == 4


def test_nobody_said_whose_it_is() -> None:
    assert licences(ScreeningInput(), 0.0).verdict == "cannot_tell"
    assert licences(ScreeningInput(licence="own"), 0.0).verdict == "pass"
    assert set(LICENCES) >= {"own", "permission", "cc0"}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    # From the test data of Sharma, Wu and Dalal (2005).
    [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0),
        ((50.0, 2.5, 0.0), (50.0, 0.0, -2.5), 4.3065),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_ciede2000(first: tuple[float, ...], second: tuple[float, ...], expected: float) -> None:
    assert float(delta_e(np.array(first), np.array(second))) == pytest.approx(expected, abs=1e-4)
    assert float(delta_e(np.array(second), np.array(first))) == pytest.approx(expected, abs=1e-4)


def test_a_threshold_keeps_to_the_rate_whatever_the_direction() -> None:
    scores = [float(one) for one in range(200)]
    low = calibrate(scores, 0.02, higher_is_stricter=True, version="1")
    high = calibrate(scores, 0.02, higher_is_stricter=False, version="1")
    assert low
    assert high
    assert (low.threshold, low.flagged) == (4.0, 0.02)
    assert (high.threshold, high.flagged) == (195.0, 0.02)
    assert calibrate(scores[:49], 0.02, higher_is_stricter=True, version="1") is None
    # Equal scores sit on the threshold and pass.
    same = calibrate([1.0] * 80, 0.02, higher_is_stricter=True, version="1")
    assert same
    assert same.flagged == 0.0
