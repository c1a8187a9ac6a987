"""What uploaders do in the studio: hand in files, and have their own pictures edited by AI."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from accounts.models import Consent, User
from accounts.services import get_consent
from catalog.models import Item
from catalog.selectors import can_view
from catalog.services import create_upload
from common.errors import DomainError, InvalidInputError
from common.guidance import Edit, Guidance, Kind
from generation.conditions import MAX_HISTORY
from generation.models import Job
from generation.requests import as_edit, name_edit
from generation.services import submit_job
from media.file_names import clean_name
from moderation.core.checks.privacy import locate_personal_data
from recommender.core.dialogue import ShownItem, State, Understanding, remember
from recommender.core.replies import REFUSALS
from recommender.core.understanding import understand
from recommender.services import audience_vector, user_history, user_vector_model

NOT_UNDERSTOOD = (
    "I could not tell what should change. Name a colour, a pattern, a garment or a style, for "
    "example “navy with white dots” or “as a watercolour”."
)


NAME_TELLS = (
    "The file's name holds private data ({}). Weft keeps no names of files; rename it before you "
    "send it elsewhere."
)


@dataclass(frozen=True)
class Upload:
    """One file handed in: the draft it became, or the sentence why it was refused.

    name: the file's own, cleaned for showing it to whoever sent it; it is kept nowhere. note: a
    sentence on what of private data that name held.
    """

    name: str
    item: Item | None = None
    problem: str = ""
    note: str = ""


def upload_files(*, user: User, files: Iterable[Any], licence: str = "own") -> list[Upload]:
    """Make a draft of every file that can be used; one bad file does not stop the others."""
    uploads = []
    for file in files:
        name, note = shown_name(file.name or "")
        try:
            item = create_upload(owner=user, file=file, licence=licence)
        except DomainError as error:
            uploads.append(Upload(name=name, problem=str(error), note=note))
        else:
            uploads.append(Upload(name=name, item=item, note=note))
    return uploads


def shown_name(name: str) -> tuple[str, str]:
    """Return a file's name as it may be shown, private data covered, and a sentence on that."""
    shown = clean_name(name)
    places = locate_personal_data(shown)
    for _, start, end in reversed(places):
        shown = f"{shown[:start]}•••{shown[end:]}"
    kinds = ", ".join(sorted({kind for kind, _, _ in places}))
    return shown, NAME_TELLS.format(kinds) if places else ""


def request_edit(
    *,
    user: User,
    item: Item,
    instruction: str,
    request_key: str,
    strength: float = 0.6,
    style: str | None = None,
    edit: Edit = "",
    mask_png: str = "",
    upscale: int = 1,
    delete_after_view: bool = False,
) -> Job:
    """Queue a change of one's own picture or video in words; the result is a new draft version.

    edit: what changes, "" when the words say it. mask_png: a painted region (base64 of a PNG).
    """
    named = edit or name_edit(instruction, painted=bool(mask_png))
    if named in {"background", "remove", "replace"}:
        # What the words name here is not the garment: it keeps its attributes.
        guidance = _said(user, item, instruction, style)
    else:
        guidance = read_instruction(user=user, item=item, instruction=instruction, style=style)
    guidance = dataclasses.replace(
        guidance, strength=strength, edit=named, mask_png=mask_png, upscale=upscale
    )
    guidance = as_edit(guidance, item, changes=bool(guidance.wanted))
    return _submit(user, item, guidance, request_key, delete_after_view)


def request_style(
    *,
    user: User,
    item: Item,
    style: str,
    request_key: str,
    degree: float = 1.0,
    exemplar_id: int | None = None,
    upscale: int = 1,
    delete_after_view: bool = False,
) -> Job:
    """Queue the item in another style: a named one, "palette" (what one likes) or "exemplar"."""
    if style == "exemplar":
        exemplar = Item.objects.filter(pk=exemplar_id or 0).first()
        if exemplar is None or not can_view(user, exemplar):
            raise InvalidInputError("Choose the item whose style it should take.")
    guidance = Guidance(
        user_id=user.pk,
        instruction=f"{style} style",
        mode="style",
        kind=_kind(item),
        style=style,
        style_degree=degree,
        exemplar_item_id=exemplar_id,
        # A palette is that of what one likes.
        liked_item_ids=_liked_ids(user) if style == "palette" else (),
        reference_item_ids=(item.pk,),
        upscale=upscale,
        exposure="ranked",
    )
    return _submit(user, item, guidance, request_key, delete_after_view)


def request_clip(
    *,
    user: User,
    item: Item,
    request_key: str,
    window: int = 8,
    start_s: float | None = None,
    end_s: float | None = None,
    audience: str = "fans",
    delete_after_view: bool = False,
) -> Job:
    """Queue a cut of one's video: between two times, or what fits people's taste best (eq. 2).

    audience: "fans" for the people who like what the uploader shows, as far as there are enough of
    them, or "me" for the uploader's own likes.
    """
    by_hand = start_s is not None or end_s is not None
    fans = audience_vector(user) if audience == "fans" and not by_hand else None
    guidance = Guidance(
        user_id=user.pk,
        instruction="cut by hand" if by_hand else "the best part",
        mode="clip",
        kind="video",
        window=window,
        start_s=start_s,
        end_s=end_s,
        user_vector=tuple(fans.tolist()) if fans is not None else (),
        user_vector_model=user_vector_model() if fans is not None else None,
        liked_item_ids=_liked_ids(user) if fans is None else (),
        reference_item_ids=(item.pk,),
        exposure="ranked",
    )
    return _submit(user, item, guidance, request_key, delete_after_view)


def request_thumbnail(
    *,
    user: User,
    item: Item,
    request_key: str,
    instruction: str = "",
    strength: float = 0.5,
    delete_after_view: bool = False,
) -> Job:
    """Queue a cover drawn from the video's frames and what one likes."""
    guidance = Guidance(
        user_id=user.pk,
        instruction=instruction.strip() or "a cover for this video",
        mode="thumbnail",
        kind="image",
        strength=strength,
        liked_item_ids=_liked_ids(user),
        reference_item_ids=(item.pk,),
        exposure="ranked",
    )
    return _submit(user, item, guidance, request_key, delete_after_view)


def request_blur(
    *,
    user: User,
    item: Item,
    request_key: str,
    mask_png: str = "",
    delete_after_view: bool = False,
) -> Job:
    """Queue the item with its faces blurred; mask_png: what was painted over besides."""
    guidance = Guidance(
        user_id=user.pk,
        instruction="blur the faces",
        mode="blur",
        kind=_kind(item),
        mask_png=mask_png,
        reference_item_ids=(item.pk,),
        exposure="ranked",
    )
    return _submit(user, item, guidance, request_key, delete_after_view)


def _submit(
    user: User, item: Item, guidance: Guidance, request_key: str, delete_after_view: bool
) -> Job:
    """Queue it; `delete_after_view`: the version is its uploader's alone, with a clock."""
    return submit_job(
        user=user,
        guidance=dataclasses.replace(guidance, delete_after_view=delete_after_view),
        source=item,
        request_key=f"studio:{item.pk}:{request_key}",
    )


def _said(user: User, item: Item, instruction: str, style: str | None) -> Guidance:
    """Return the words as they are, after a look at what they must not ask for."""
    heard = understand(instruction, state=State(focus_id=item.pk), shown=())
    if heard.refusal:
        raise InvalidInputError(REFUSALS[heard.refusal])
    return Guidance(
        user_id=user.pk,
        instruction=instruction.strip(),
        mode="edit",
        reference_item_ids=(item.pk,),
        style=style,
        exposure="ranked",
    )


def _liked_ids(user: User) -> tuple[int, ...]:
    """Return `User_Hist`, if the person lets likes guide creations."""
    if not get_consent(user=user, kind=Consent.Kind.CREATION):
        return ()
    return tuple(user_history(user, MAX_HISTORY))


def _kind(item: Item) -> Kind:
    return "video" if item.kind == Item.Kind.VIDEO else "image"


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
