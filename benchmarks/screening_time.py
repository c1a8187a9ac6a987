"""What screening costs beside decoding the same file: per image and per second of video.

    WEFT_VAR=/tmp/weft-bench PYTHONPATH=platform:. python benchmarks/screening_time.py

Real photographs and real videos go in as uploads do (re-encoded, stored, embedded), in a database
of its own that is dropped afterwards. Then every item is screened as a worker would: all is
gathered and every check runs; nothing is published. The control decodes the file that was
screened, in the same run, right before. All times are processor time of this process and of its
database session, so that other work on the machine does not count; each item is measured
`--times` times and its median taken. "photographs" are screened as they are (320 pixels wide) and
enlarged to the size that a telephone's picture is stored in (long side 1600). "drawn" are items of
the creator's kind, with a request: the encoder looks at those. Writes results/screening_time.json.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import django  # noqa: E402

django.setup()

import av  # noqa: E402
import cv2  # noqa: E402
import numpy as np  # noqa: E402
from django.db import connection  # noqa: E402
from PIL import Image  # noqa: E402
from record import write_result  # noqa: E402

from accounts.models import User  # noqa: E402
from catalog.models import Asset, Item  # noqa: E402
from catalog.services import store_media  # noqa: E402
from catalog.services.vectors import embed_items  # noqa: E402
from common.guidance import Guidance  # noqa: E402
from demo.drawing import draw_garment  # noqa: E402
from demo.garments import attributes, sample_spec  # noqa: E402
from media.child import read_upload  # noqa: E402
from moderation.core.checks import CHECKS  # noqa: E402
from moderation.services import gathering, observing  # noqa: E402

NAME = "bench_screening_time"
STORED_SIDE = 1600
# What gathering does, by the names of its functions.
PARTS = {
    "reading and decoding the files": (gathering, ("_delivered", "read_still")),
    "a look at all of the video": (gathering, ("look_through",)),
    "hash": (gathering, ("remember_fingerprint",)),
    "neighbours": (gathering, ("find_neighbours",)),
    "garment, told from its ground": (gathering, ("_garment",)),
    "request, by the encoder": (gathering, ("_relevance",)),
    "our own mark, looked for": (gathering, ("_foreign_mark",)),
    "sources, licences, set": (gathering, ("gather_sources",)),
    "faces": (observing, ("_faces",)),
    "codes": (observing, ("_codes",)),
    "what a model saw": (observing, ("find_remembered",)),
}


def main() -> None:
    """Store, screen, print, write the result, and drop the database."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    connection.creation._get_test_db_name = lambda: NAME  # type: ignore[method-assign]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    watch = Stopwatch()
    try:
        figures = {name: measured(watch, items, options.times) for name, items in sets(options)}
    finally:
        connection.creation.destroy_test_db(NAME, verbosity=0)
    for name, found in figures.items():
        print(name, {key: value for key, value in found.items() if key != "parts_ms"})
        print("   ", dict(list(found["parts_ms"].items())[:12]))
    print(write_result("screening_time", figures))


class Stopwatch:
    """Processor time by part, of functions that it stands in for."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        for part, (module, names) in PARTS.items():
            for name in names:
                setattr(module, name, self.timed(part, getattr(module, name)))
        self.checks = [replace(one, run=self.timed(one.name, one.run)) for one in CHECKS]

    def timed(self, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return `work` with its time counted under a name."""

        def run(*given: Any, **named: Any) -> Any:
            started = processor_s()
            try:
                return work(*given, **named)
            finally:
                self.spent[part] += processor_s() - started

        return run

    def screen(self, item: Item) -> float:
        """Gather and run all checks; return the seconds of processor time."""
        started = processor_s()
        given = gathering.gather(item)
        for check in self.checks:
            check.run(given, check.threshold)
        return processor_s() - started


def measured(watch: Stopwatch, items: Iterable[Item], times: int) -> dict[str, Any]:
    """Return milliseconds and ratios of one set of items."""
    rows, parts = [], defaultdict(list)
    warm = False
    for pk in [one.pk for one in items]:
        if not warm:
            watch.screen(fresh(pk))
            warm = True
        taken = []
        for _ in range(times):
            watch.spent.clear()
            decoding = decoded_in(fresh(pk))
            taken.append((watch.screen(fresh(pk)), decoding))
            for name, seconds in watch.spent.items():
                parts[name].append(seconds * 1000)
        whole, control = (statistics.median(one) for one in zip(*taken, strict=True))
        rows.append((fresh(pk), whole, control))
    ratios = [whole / control for _, whole, control in rows]
    found: dict[str, Any] = {
        "items": len(rows),
        "screening_ms": spread([whole * 1000 for _, whole, _ in rows]),
        "decoding_ms": spread([control * 1000 for _, _, control in rows]),
        "times_decoding": spread(ratios),
        "parts_ms": {
            name: spread(some)
            for name, some in sorted(parts.items(), key=lambda one: -statistics.median(one[1]))
        },
    }
    if rows[0][0].kind == Item.Kind.VIDEO:
        found["videos"] = [in_video(*row) for row in rows]
    return found


def in_video(item: Item, whole: float, control: float) -> dict[str, Any]:
    """Return what one video costs for each of its seconds."""
    master = item.asset(Asset.Role.MASTER)
    seconds = master.duration_s if master else 1.0
    return {
        "video": item.title,
        "seconds": round(seconds, 1),
        "screening_ms_per_second": round(whole * 1000 / seconds, 1),
        "decoding_ms_per_second": round(control * 1000 / seconds, 1),
        "times_decoding": round(whole / control, 2),
    }


def decoded_in(item: Item) -> float:
    """Return the processor time of decoding the item's largest file, sound included."""
    master = item.asset(Asset.Role.MASTER)
    assert master
    data = gathering.read_bytes(master)
    started = processor_s()
    if item.kind == Item.Kind.IMAGE:
        gathering.decode(data)
    else:
        import io

        with av.open(io.BytesIO(data)) as container:
            streams = [container.streams.video[0], *list(container.streams.audio)[:1]]
            for _ in container.decode(*streams):
                pass
    return processor_s() - started


def fresh(pk: int) -> Item:
    """Return the item as a worker reads it."""
    return Item.objects.with_assets().select_related("parent").get(pk=pk)


def sets(options: argparse.Namespace) -> Iterable[tuple[str, list[Item]]]:
    """Yield the sets one after another, stored when their turn comes."""
    person = User.objects.create(username="uploader", role=User.Role.UPLOADER)
    files = sorted((options.data / "wardrobe" / "images").glob("*.jpg"))
    chosen = random.Random(17).sample(files, options.pictures)
    pictures = [Image.open(one).convert("RGB") for one in chosen]
    yield "photographs", [stored(person, one) for one in pictures]
    larger = [enlarged(one) for one in pictures[: max(1, options.pictures // 2)]]
    yield "photographs at 1600 pixels", [stored(person, one) for one in larger]
    lot = np.random.default_rng(17)
    yield "drawn", [drawn(person, lot) for _ in range(max(1, options.pictures // 2))]
    films = sorted((options.data / "videos").glob("*.m[pk][4v]"))
    yield "videos", [film(person, one) for one in films]


def stored(person: User, picture: Image.Image, **fields: Any) -> Item:
    """Store a picture as an upload is, with its vector."""
    described = {"owner": person, "title": "Linen shirt", "description": "Worn twice, 100 % linen."}
    item = Item.objects.create(**({"licence": "own"} | described | fields))
    store_media(item=item, image=picture)
    embed_items(items=[item])
    return item


def enlarged(picture: Image.Image) -> Image.Image:
    """Return the picture at the long side at which we store a telephone's."""
    factor = STORED_SIDE / max(picture.size)
    size = (round(picture.width * factor), round(picture.height * factor))
    return picture.resize(size, Image.Resampling.BICUBIC)


def drawn(person: User, lot: np.random.Generator) -> Item:
    """Store a drawn garment as if the creator had made it for somebody."""
    spec = sample_spec(lot)
    guidance = Guidance(user_id=person.pk, instruction="make it", wanted=attributes(spec))
    picture = Image.fromarray(np.ascontiguousarray(draw_garment(spec, 480, 640)))
    return stored(
        person,
        picture,
        owner=None,
        made_for=person,
        origin=Item.Origin.AI,
        authorship=Item.Authorship.PLATFORM,
        guidance=guidance.as_dict(),
        manifest={"backend": "embedded", "revision": "drawn"},
    )


def film(person: User, path: Path) -> Item:
    """Store a video as an upload is: re-encoded in the child process."""
    item = Item.objects.create(
        owner=person, kind=Item.Kind.VIDEO, title=path.name, licence="own", description="A film."
    )
    with tempfile.TemporaryDirectory() as folder:
        store_media(item=item, renditions=read_upload(path, Path(folder)))
    embed_items(items=[item])
    return item


def processor_s() -> float:
    """Return the processor time that this process and its database session have used so far."""
    session = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    nanoseconds = int(session.read_text().split()[0]) if session.exists() else 0
    return time.process_time() + nanoseconds / 1e9


def spread(values: list[float]) -> dict[str, float]:
    """Return median and 95th percentile."""
    return {
        "median": round(float(np.median(values)), 2),
        "p95": round(float(np.percentile(values, 95)), 2),
    }


if __name__ == "__main__":
    main()
