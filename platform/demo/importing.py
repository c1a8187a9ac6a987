"""Load real photographs and videos: a table of pictures with their senders, or folders of files."""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from django.contrib.auth.hashers import make_password
from django.utils.text import slugify

from accounts.models import User
from catalog.models import Item
from catalog.services import embed_items, import_item, name_colours, still_of, submit_item
from common.errors import DomainError
from media.child import ChildPool, read_upload
from media.images import Rendition

# The wardrobe's labels that are no type of ours: the garment stays untyped.
LABELS = {
    "T-Shirt": "t-shirt",
    "Longsleeve": "longsleeve",
    "Shirt": "shirt",
    "Blouse": "blouse",
    "Dress": "dress",
    "Skirt": "skirt",
    "Pants": "pants",
    "Shorts": "shorts",
    "Outwear": "outwear",
    "Hoodie": "hoodie",
    "Shoes": "shoes",
    "Hat": "hat",
    "Blazer": "blazer",
    "Polo": "polo",
    "Undershirt": "undershirt",
    "Top": "top",
}
MEDIA_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".heic", ".mp4", ".mov", ".m4v", ".webm", ".mkv")
)
MAX_TITLE = 120
EMBED_BATCH = 64


@dataclass(frozen=True)
class Entry:
    """One file to import and what is known of it."""

    path: Path
    source_key: str
    uploader: str
    title: str
    garment_type: str = ""


@dataclass(frozen=True)
class Read:
    """What a child process made of one file, and the colours measured."""

    renditions: list[Rendition]
    colours: list[str]


@dataclass
class Outcome:
    """What became of an import."""

    imported: int = 0
    skipped: int = 0
    bad: list[tuple[str, str]] = field(default_factory=list)


def list_entries(folder: Path) -> list[Entry]:
    """Return what there is to import: of `images.csv` if the folder has one, else its files."""
    table = folder / "images.csv"
    entries = list(_rows(folder, table) if table.is_file() else _files(folder))
    if not entries:
        raise DomainError(f"There is nothing to import in {folder.name}.")
    return entries


def import_entries(
    entries: list[Entry], *, workers: int, advance: Callable[[], None] = lambda: None
) -> Outcome:
    """Import all entries and hand the new items in for screening; repeatable, bad files are named.

    `workers` child processes read the files while this thread writes rows. Items are embedded in
    batches before they are submitted, since screening compares vectors.
    """
    outcome = Outcome()
    items = Item.objects.filter(source_key__in=[entry.source_key for entry in entries])
    known = set(items.values_list("source_key", flat=True))
    # Stored but not yet handed in when an earlier import was stopped.
    fresh = list(items.filter(state=Item.State.DRAFT))
    todo = [entry for entry in entries if entry.source_key not in known]
    outcome.skipped = len(entries) - len(todo)
    for _ in range(outcome.skipped):
        advance()
    owners = _owners({entry.uploader for entry in todo})
    with tempfile.TemporaryDirectory(prefix="weft-import-") as folder:
        for entry, read in _read_all(todo, workers, Path(folder)):
            advance()
            try:
                fresh.append(_store(entry, owners[entry.uploader], read))
            except DomainError as error:
                outcome.bad.append((entry.source_key, str(error)))
                continue
            outcome.imported += 1
            if len(fresh) >= EMBED_BATCH:
                _hand_in(fresh)
                fresh = []
    _hand_in(fresh)
    return outcome


def _store(entry: Entry, owner: User, read: Read | DomainError) -> Item:
    if isinstance(read, DomainError):
        raise read
    item = import_item(
        owner=owner,
        source_key=entry.source_key,
        renditions=read.renditions,
        title=entry.title,
        garment_type=entry.garment_type,
        colours=read.colours,
        look="photo",
        # Who imports a folder vouches for it.
        licence="permission",
    )
    for made in read.renditions:
        if isinstance(made.data, Path):
            made.data.unlink()
    return item


def _read_all(
    entries: list[Entry], workers: int, folder: Path
) -> Iterator[tuple[Entry, Read | DomainError]]:
    """Yield each entry with its files or with why it is bad, as they come; a few at a time."""
    with ChildPool(workers) as pool, ThreadPoolExecutor(workers) as threads:
        running: dict[Future[Read | DomainError], Entry] = {}
        rest = iter(enumerate(entries))
        while True:
            while len(running) < 2 * workers and (numbered := next(rest, None)):
                number, entry = numbered
                future = threads.submit(_read_one, entry, pool, folder / str(number))
                running[future] = entry
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future.result()


def _read_one(entry: Entry, pool: ChildPool, folder: Path) -> Read | DomainError:
    """Return the files made, or the refusal: one bad file does not stop the others."""
    folder.mkdir()
    try:
        with pool.borrow() as child:
            made = read_upload(entry.path, folder, child)
        return Read(made, name_colours(still_of(made)))
    except DomainError as error:
        return error
    except OSError as error:
        return DomainError(f"This file cannot be opened: {error.strerror}.")


def _hand_in(items: list[Item]) -> None:
    embed_items(items=items)
    for item in items:
        submit_item(item=item, by=None)


def _owners(names: set[str]) -> dict[str, User]:
    """Return an uploader's account for each name; nobody can sign in to those made here."""
    existing = {user.username: user for user in User.objects.filter(username__in=names)}
    for name in sorted(names - set(existing)):
        user = User(
            username=name,
            email=f"{name}@example.org",
            password=make_password(None),
            role=User.Role.UPLOADER,
        )
        user.full_clean(exclude=["password"])
        user.save()
        existing[name] = user
    return existing


def _rows(folder: Path, table: Path) -> Iterator[Entry]:
    """Entries of a table with the columns image, sender_id, label, kids."""
    with table.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            name, sender = row["image"].strip(), row["sender_id"].strip()
            garment = LABELS.get(row["label"].strip(), "")
            yield Entry(
                path=folder / "images" / f"{Path(name).name}.jpg",
                source_key=f"{slugify(folder.name)}/{name}"[:200],
                uploader=f"{slugify(folder.name)}-{slugify(sender)}",
                title=_title(garment or "garment", row.get("kids", "") == "True"),
                garment_type=garment,
            )


def _title(garment: str, for_kids: bool) -> str:
    title = f"kids' {garment}" if for_kids else garment
    return title[:1].upper() + title[1:]


def _files(folder: Path) -> Iterator[Entry]:
    """Entries of a folder tree: each sub-folder is an uploader, and so is the folder itself."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in MEDIA_SUFFIXES or not path.is_file():
            continue
        inside = path.relative_to(folder)
        owner = inside.parts[0] if len(inside.parts) > 1 else folder.name
        words = re.sub(r"[-_]+", " ", path.stem).strip()
        yield Entry(
            path=path,
            source_key=f"{slugify(folder.name)}/{inside.as_posix()}"[-200:],
            uploader=slugify(owner) or "import",
            title=(words[:1].upper() + words[1:])[:MAX_TITLE],
        )
