"""Precision and recall of the checks that the other two benchmarks leave out.

    PYTHONPATH=platform:. python benchmarks/checks_rest.py [--data ../shared/data] [--pictures 120]

Labelled sets are made here: files with and without private metadata, sentences written for this
file (not those that ship as examples of the rules), every combination of origin, lineage and
record, of licence and ingredient, captions that fit and that do not, photographs under their own
and another garment's name, drawn garments under their own and another request, and among a set of
drawings or of photographs. What is expected stands beside each case; all that was flagged wrongly
is named in the JSON. Writes results/checks_rest.json.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import os
import random
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin
from record import write_result

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")

import django  # noqa: E402

django.setup()

from common.guidance import Attributes  # noqa: E402
from common.licences import LICENCES  # noqa: E402
from common.vocabulary import COLOURS, TYPES  # noqa: E402
from demo.calibration import drawn_inputs  # noqa: E402
from demo.importing import LABELS  # noqa: E402
from media.images import make_image_renditions  # noqa: E402
from moderation.core.checks import CHECKS, DeliveredFile, ScreeningInput  # noqa: E402
from moderation.core.licences import Ingredient  # noqa: E402
from vision.relevance import other_requests, share_beaten, share_of_colour  # noqa: E402

Case = tuple[str, ScreeningInput, bool]
BY_NAME = {check.name: check for check in CHECKS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--pictures", type=int, default=120)
    options = parser.parse_args()
    photographs = read_photographs(options)
    drawn = drawn_inputs(options.pictures, seed=23)
    sets: dict[str, Iterable[Case]] = {
        "delivered_metadata": metadata([one for _, _, one in photographs[:40]]),
        "links_and_contacts": links(),
        "age_rating": ages(),
        "conditioning": conditioning(),
        "disclosure": disclosure(),
        "authorship": authorship(),
        "visible_label": labels(),
        "label_in_words": denials(),
        "licences": licences(),
        "topic_rules": topics(),
        "captions": captions(),
        "colour_match": colours(drawn),
        **by_encoder(photographs, drawn),
    }
    figures = {name: judged(name, cases) for name, cases in sets.items()}
    for name, found in figures.items():
        print(name, {k: v for k, v in found.items() if k != "missed"})
    print(write_result("checks_rest", figures))


def judged(name: str, cases: Iterable[Case]) -> dict[str, Any]:
    """Return precision and recall; of `age_rating` a rating above "all" counts as flagged."""
    check = BY_NAME[name]
    right, wrong, missed, negatives = 0, [], [], 0
    for label, given, expected in cases:
        finding = check.run(given, check.threshold)
        flagged = finding.verdict in {"flag", "block"}
        if name == "age_rating":
            flagged = finding.evidence["rating"] != "all"
        negatives += not expected
        right += expected and flagged
        if flagged and not expected:
            wrong.append(label)
        if expected and not flagged:
            missed.append(label)
    positives = right + len(missed)
    return {
        "positives": positives,
        "negatives": negatives,
        "precision": round(right / (right + len(wrong)), 4) if right + len(wrong) else None,
        "recall": round(right / positives, 4) if positives else None,
        "false_positives": wrong[:60],
        "missed": missed[:60],
    }


def said(text: str, **fields: Any) -> ScreeningInput:
    return ScreeningInput(texts={"description": text}, **fields)


def both(bad: Iterable[str], good: Iterable[str], **fields: Any) -> list[Case]:
    cases = [(one, said(one, **fields), True) for one in bad]
    return cases + [(one, said(one, **fields), False) for one in good]


# --- files and words ------------------------------------------------------------------------


def metadata(photographs: list[np.ndarray]) -> Iterator[Case]:
    """Our own renditions, and files as cameras and programs write them."""
    for number, picture in enumerate(photographs):
        image = Image.fromarray(picture)
        ours = tuple(
            DeliveredFile(one.role, one.mime, one.data)  # type: ignore[arg-type]
            for one in make_image_renditions(image)
        )
        yield f"ours {number}", ScreeningInput(files=ours), False
        for name, mime, data in _with_metadata(image):
            yield f"{name} {number}", ScreeningInput(files=(DeliveredFile("m", mime, data),)), True


def _with_metadata(image: Image.Image) -> Iterator[tuple[str, str, bytes]]:
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.0), 3: "E", 4: (2.0, 17.0, 40.0)})
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "Anna")
    for name, form, options in (
        ("EXIF", "JPEG", {"exif": exif}),
        ("comment", "JPEG", {"comment": b"taken at home"}),
        ("XMP", "JPEG", {"xmp": b"<x:xmpmeta>Anna</x:xmpmeta>"}),
        ("text", "PNG", {"pnginfo": text}),
        ("EXIF", "PNG", {"exif": exif}),
        ("EXIF", "WEBP", {"exif": exif}),
    ):
        buffer = io.BytesIO()
        image.save(buffer, form, **options)
        yield f"{form} with {name}", f"image/{form.lower()}", buffer.getvalue()


def links() -> list[Case]:
    wares = ("a red skirt", "this linen coat", "my old jeans", "a striped shirt")
    bad = ("see www.example.org for {}", "buy {} at https://shop.example.com/x?a=1")
    bad += ("{}: write to me on WhatsApp", "{}, DM me on Instagram @seller", "{}, link in bio")
    bad += ("order {} at shop dot example dot com", "{} - telegram: @coats", "free money and {}")
    bad += ("{} on bit.ly/3xyz", "visit my shop example.store for {}")
    good = ("{} from 2019", "{}, worn twice, e.g. in spring", "{}: size M/L, approx. 40 cm")
    good += ("{} in wool.It is warm", "{} by J. Crew", "{}; a message woven in", "{}, linen")
    good += ("made for {} at home", "{}, no. 5 of 12", "the link of the chain on {}")
    return both(
        [one.format(ware) for one in bad for ware in wares],
        [one.format(ware) for one in good for ware in wares],
    )


def ages() -> list[Case]:
    bad = ("a shirt with a zombie", "beer festival dress", "lace lingerie, very erotic")
    bad += ("coat with a bloody knife", "smoking in a leather jacket", "poker night blazer")
    bad += ("NSFW shoot in a kimono", "an f u c k slogan tee", "haunted house costume")
    bad += ("hoodie with a cannabis leaf", "a vodka logo tee", "striptease costume")
    bad += ("a tee with a gun on it", "shirt of a serial killer", "naked under the coat")
    good = ("a smoking jacket in velvet", "blood orange dress", "bondi blue skirt", "gunmetal shoe")
    good += ("wine red coat", "beer-bottle green scarf", "cocktail dress", "shirt dress, sheer hem")
    good += ("a skull-free pattern", "pokerface print", "crap-free sewing", "drunken sailor")
    good += ("whisky-coloured tweed", "a plain white shirt", "shorts for the beach")
    return both(bad, good)


def denials() -> list[Case]:
    """Of AI items, words that deny it; of people's, words that say AI made it."""
    deny = ("No AI was used here", "100 % human made", "not AI, a real photo", "no filters, real")
    deny += ("I photographed this myself, AI free", "this is not generated by AI")
    fine = ("A navy skirt", "Made with AI from my own photo", "AI drew this", "a real treasure")
    admit = ("generated with Midjourney", "made by AI", "an AI picture", "AI-generated dress")
    admit += ("created with Stable Diffusion", "DALL-E drew this skirt")
    plain = (
        "no AI here",
        "not made by AI",
        "I do not use AI",
        "a dress from Aida",
        "said my tailor",
    )
    plain += ("photographed by the river", "my Dalí shirt")
    cases = both(deny, fine, origin="ai") + both(admit, plain)
    return [(f"{given.origin}: {label}", given, bad) for label, given, bad in cases]


def topics() -> list[Case]:
    """Sentences written for this file, with what a person would say of them."""
    bad = ("Ad-free? No: I get money for every sale with code SUN20, use code SUN20",)
    bad += ("This cream coat cures eczema", "Fur collar of real mink, no label")
    bad += ("Made of recycled ocean plastic, fully carbon neutral", "100% eco-friendly dress")
    bad += ("Wear it to lose 5 kg in a week", "These tights heal varicose veins")
    bad += ("Flame-proof pyjamas for babies", "Bets on tonight's game: guaranteed winnings")
    bad += ("Earn 20 % a month with my fashion coin, no risk", "SPF 50 shirt, prevents skin cancer")
    good = ("A cream-coloured coat", "Faux fur collar", "A green dress", "Dress code: casual")
    good += ("I sewed it in a week", "A tee from a game", "Recycled my old jeans into a bag")
    good += ("It keeps the sun off", "Pyjamas with bears", "Coin-sized buttons", "A silky shirt")
    good += ("My sister bought it", "Warm and soft", "A winner of a coat", "Cotton, 100 %")
    return both(bad, good)


# --- combinations ---------------------------------------------------------------------------


def conditioning() -> Iterator[Case]:
    """Private ingredients may only go where the one person alone sees the result."""
    for people, shared, private in itertools.product((0, 1, 4, 5, 40), (False, True), ((), (7,))):
        given = ScreeningInput(
            origin="ai", conditioned_on=people, may_be_shared=shared, private_ingredients=private
        )
        alone = 0 < people < 5 and not shared
        yield f"{people} people, shared {shared}, {private}", given, bool(private) and not alone


def disclosure() -> Iterator[Case]:
    for origin, parent, record, guided, mark in itertools.product(
        ("human", "ai", "ai_assisted"),
        ("", "human", "ai"),
        (False, True),
        (False, True),
        (None, 4),
    ):
        given = ScreeningInput(
            origin=origin,
            parent_origin=parent,
            has_generator_manifest=record,
            has_guidance=guided,
            carries_mark_of=mark,
        )
        human = origin == "human"
        lies = human and (record or guided or parent == "ai" or mark is not None)
        wrong = lies or not (human or record)
        yield f"{origin} of {parent}, {record} {guided} {mark}", given, wrong


def authorship() -> Iterator[Case]:
    for origin, parent, owner in itertools.product(
        ("human", "ai", "ai_assisted"), ("", "human", "ai"), ("uploader", "platform")
    ):
        given = ScreeningInput(origin=origin, parent_origin=parent, authorship=owner)
        wrong = (origin == "human" and owner == "platform") or (
            origin == "ai" and not parent and owner == "uploader"
        )
        yield f"{origin} of {parent or 'nothing'} owned by {owner}", given, wrong


def labels() -> Iterator[Case]:
    for label in ("AI", "AI-assisted", "Made with AI", "", "Human", "Fair", "Art", "Daily", "aid"):
        for origin in ("human", "ai", "ai_assisted"):
            says = label in {"AI", "AI-assisted", "Made with AI"}
            given = ScreeningInput(origin=origin, label=label)
            yield f"{origin} labelled “{label}”", given, origin != "human" and not says


def licences() -> Iterator[Case]:
    """An edit of somebody else's item on a site that earns money, by the licences' own words."""
    for theirs, agreed in itertools.product(LICENCES, (False, True)):
        made_of = (Ingredient(5, theirs, allows_edits=agreed),)
        for own in ("own", "cc_by_sa"):
            given = ScreeningInput(
                origin="ai_assisted", parent_origin="human", licence=own, ingredients=made_of
            )
            forbidden = "nc" in theirs or "nd" in theirs
            forbidden |= theirs in {"own", "permission"} and not agreed
            forbidden |= theirs.endswith("_sa") and own != theirs
            yield f"{own} of {theirs}, agreed {agreed}", given, forbidden
    for own in LICENCES:
        yield f"{own} alone", ScreeningInput(licence=own), "nc" in own


def captions() -> Iterator[Case]:
    lot = random.Random(3)
    for number in range(60):
        seconds = lot.uniform(4, 60)
        starts = sorted(lot.uniform(0, seconds - 1) for _ in range(4))
        cues = [(s, min(s + 1.0, seconds), f"line {n}") for n, s in enumerate(starts)]
        given = ScreeningInput(kind="video", seconds=seconds, cues=tuple(cues))
        yield f"fits {number}", given, False
        broken = [
            ("empty", [*cues[:1], (cues[1][0], cues[1][1], "  "), *cues[2:]]),
            ("reversed", [*cues[:1], (cues[1][1], cues[1][0], "x"), *cues[2:]]),
            ("beyond the end", [*cues[:3], (cues[3][0], seconds + 3, "x")]),
        ]
        for name, wrong in broken:
            yield f"{name} {number}", replace(given, cues=tuple(wrong)), True


# --- pictures -------------------------------------------------------------------------------


def colours(drawn: list[ScreeningInput]) -> Iterator[Case]:
    lot = random.Random(5)
    for number, one in enumerate(drawn):
        yield f"drawn {number} as asked: {one.request}", one, False
        far = [c for c in COLOURS if share_of_colour(c, one.measured_colours or ()) == 0]
        far = [c for c in far if c not in one.asked_colours]
        if far:
            other = lot.choice(far)
            given = replace(one, asked_colours=(other,))
            yield f"drawn {number}, {one.request}, asked {other}", given, True


def by_encoder(
    photographs: list[tuple[str, str, np.ndarray]], drawn: list[ScreeningInput]
) -> dict[str, list[Case]]:
    """Return the cases of the checks that compare with the embedded encoder."""
    from catalog.services.vectors import load_current_encoder

    encoder = load_current_encoder()
    seen = encoder.encode_images([one for _, _, one in photographs])
    shown = encoder.encode_images([one.still for one in drawn if one.still is not None])
    return {
        "named_garment": _named(encoder, photographs, seen),
        "request_match": _requested(encoder, drawn, shown),
        "style_of_set": _of_sets(drawn, shown, seen),
    }


def _named(encoder: Any, photographs: Any, seen: np.ndarray) -> list[Case]:
    """A photograph under its own garment's name, and under another's that it is not like."""
    lot = random.Random(7)
    fits = seen @ encoder.encode_texts(list(TYPES)).T
    cases: list[Case] = []
    for (name, kind, _), row in zip(photographs, fits, strict=True):
        by_type = {one: float(fit) for one, fit in zip(TYPES, row, strict=True)}
        other = lot.choice([one for one in TYPES if one != kind])
        for named, wrong in ((kind, False), (other, True)):
            given = ScreeningInput(named_type=named, type_fits=by_type)
            cases.append((f"{name}, a {kind}, named {named}", given, wrong))
    return cases


def _requested(encoder: Any, drawn: list[ScreeningInput], shown: np.ndarray) -> list[Case]:
    """A drawn garment under its own request, and under that of another type and colour."""
    lot = random.Random(9)
    cases: list[Case] = []
    for one, vector in zip(drawn, shown, strict=True):
        kinds = [kind for kind in TYPES if kind not in one.request]
        tones = [tone for tone in COLOURS if tone not in one.request]
        other = Attributes(type=lot.choice(kinds), colours=(lot.choice(tones),)).as_caption()
        for request, wrong in ((one.request, False), (other, True)):
            rest = encoder.encode_texts(other_requests(request))
            share = share_beaten(vector, encoder.encode_texts([request])[0], rest)
            given = ScreeningInput(origin="ai", request=request, relevance=share)
            cases.append((f"{one.request}, asked {request}", given, wrong))
    return cases


def _of_sets(drawn: list[ScreeningInput], shown: np.ndarray, seen: np.ndarray) -> list[Case]:
    """A drawing among twenty drawings fits its set; among twenty photographs it does not."""
    lot = np.random.default_rng(11)
    cases: list[Case] = []
    for number, vector in enumerate(shown):
        rest = np.delete(shown, number, axis=0)
        for name, others, odd in (("drawings", rest, False), ("photographs", seen, True)):
            chosen = others[lot.choice(len(others), 20, replace=False)]
            given = ScreeningInput(origin="ai", set_cosines=tuple(map(float, chosen @ vector)))
            cases.append((f"drawn {number} ({drawn[number].request}) among {name}", given, odd))
    return cases


def read_photographs(options: argparse.Namespace) -> list[tuple[str, str, np.ndarray]]:
    """Return (name, type, picture) of labelled photographs, drawn at random."""
    with (options.data / "wardrobe" / "images.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if LABELS.get(row["label"]) in TYPES]
    found = []
    for row in random.Random(13).sample(rows, 2 * options.pictures):
        path = options.data / "wardrobe" / "images" / f"{row['image']}.jpg"
        if path.exists() and len(found) < options.pictures:
            picture = np.ascontiguousarray(Image.open(path).convert("RGB"))
            found.append((row["image"][:8], LABELS[row["label"]], picture))
    return found


if __name__ == "__main__":
    main()
