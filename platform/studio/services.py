"""What uploaders do in the studio: hand in files, and have their own pictures edited by AI."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from catalog.models import Item
from catalog.services import create_upload
from common.errors import DomainError, InvalidInputError
from common.guidance import Guidance
from generation.models import Job
from generation.services import submit_job
from recommender.core.dialogue import ShownItem, State, Understanding, remember
from recommender.core.replies import REFUSALS
from recommender.core.understanding import understand

NOT_UNDERSTOOD = (
    "I could not tell what should change. Name a colour, a pattern, a garment or a style, for "
    "example “navy with white dots” or “as a watercolour”."
)


@dataclass(frozen=True)
class Upload:
    """One file handed in: the draft it became, or the sentence why it was refused."""

    name: str
    item: Item | None = None
    problem: str = ""


def upload_files(*, user: User, files: Iterable[Any]) -> list[Upload]:
    """Make a draft of every file that can be used; one bad file does not stop the others."""
    uploads = []
    for file in files:
        try:
            item = create_upload(owner=user, file=file)
        except DomainError as error:
            uploads.append(Upload(name=file.name, problem=str(error)))
        else:
            uploads.append(Upload(name=file.name, item=item))
    return uploads


def request_edit(
    *,
    user: User,
    item: Item,
    instruction: str,
    request_key: str,
    strength: float = 0.6,
    style: str | None = None,
) -> Job:
    """Queue an AI edit of one's own picture; the result becomes a new version, a draft."""
    guidance = read_instruction(user=user, item=item, instruction=instruction, style=style)
    return submit_job(
        user=user,
        guidance=dataclasses.replace(guidance, strength=strength),
        source=item,
        request_key=f"studio:{item.pk}:{request_key}",
    )


def read_instruction(
    *, user: User, item: Item, instruction: str, style: str | None = None
) -> Guidance:
    """Return what these words ask to change about this item, in the common vocabulary.

    What is not mentioned stays as the item has it. Raises InvalidInputError when nothing in the
    words is a change, or when they ask for what Weft does not do.
    """
    shown = _as_shown(item)
    heard = understand(instruction, state=State(focus_id=item.pk), shown=())
    if heard.refusal:
        raise InvalidInputError(REFUSALS[heard.refusal])
    if not (heard.says_attributes or style):
        raise InvalidInputError(NOT_UNDERSTOOD)
    # In the studio every sentence is about the picture that lies open.
    heard = dataclasses.replace(heard, references=(item.pk,), is_edit=True)
    memory = remember(State(), heard, {item.pk: shown})
    wanted = dataclasses.replace(memory.wanted, colours=_colours(item, heard))
    return Guidance(
        user_id=user.pk,
        instruction=instruction.strip(),
        mode="edit",
        wanted=wanted.as_attributes(),
        unwanted=memory.unwanted.as_attributes(),
        reference_item_ids=(item.pk,),
        style=style or memory.style,
        exposure="ranked",
    )


def _colours(item: Item, heard: Understanding) -> tuple[str, ...]:
    """Return the colours of the edited picture, main first.

    Colours of a photograph are measured, so they hold shadows and background too: once a new main
    colour is named, of the old ones only those of a pattern that stays are kept.
    """
    gone = {*heard.dropped.colours, *heard.unwanted.colours}
    kept = [colour for colour in item.colours if colour not in gone]
    if heard.wanted.colours:
        is_pattern_kept = item.pattern not in {"", "plain"} and not heard.wanted.patterns
        rest = kept[1:] if is_pattern_kept and len(heard.wanted.colours) == 1 else []
        kept = [*heard.wanted.colours, *heard.added_colours, *rest]
    elif heard.added_colours:
        kept = [*kept[:1], *heard.added_colours]
    return tuple(dict.fromkeys(kept))


def _as_shown(item: Item) -> ShownItem:
    return ShownItem(
        id=item.pk,
        type=item.garment_type or None,
        colours=tuple(item.colours),
        pattern=item.pattern or None,
        look=item.look,
        origin=item.origin,
        editable=True,
    )
