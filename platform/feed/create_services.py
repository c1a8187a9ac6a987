"""The create page: from a wish in words, chips and sliders to variants, and back again (remix)."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from math import log2
from typing import Any

from django.http import Http404

from accounts.models import Consent, User
from accounts.services import get_consent
from catalog.models import Item
from catalog.selectors import can_view, get_item
from common.errors import DomainError, InvalidInputError
from common.guidance import MAX_HISTORY, MAX_SCALE, Attributes, Guidance, Kind
from feed.facts import with_facts
from generation.core.backends import GenerationRequest
from generation.models import Job
from generation.services import MAX_VARIANTS, check_may_edit, submit_variants
from recommender.core.dialogue import State, Understanding, remember
from recommender.core.replies import REFUSALS
from recommender.core.understanding import understand
from recommender.services import get_user_emb
from recommender.services.feedback import user_opinions
from recommender.services.wishes import avoided_by

# Newest likes among which the generator chooses those that guide.
MAX_CANDIDATES = 50
MAX_REFERENCES = 11
MIDDLE = 50
REMIXED = frozenset(("create", "edit", "revise"))
USUAL = GenerationRequest(prompt="")
NO_REMIX = "This was not made from words and likes, so there is nothing to remix."


@dataclass(frozen=True)
class Wish:
    """What the create page holds: everything that a person may set."""

    instruction: str = ""
    avoid: str = ""
    type: str = ""
    colours: tuple[str, ...] = ()
    pattern: str = ""
    kind: Kind = "image"
    look: str = ""
    style: str = ""
    # Sliders, 0 to 100: the style's degree, how literally words are taken, how much likes count
    # (50 leaves both to the model), and how much may change of the picture to begin from.
    degree: int = 100
    literalness: int = MIDDLE
    personality: int = MIDDLE
    strength: int = 60
    likes: int = MAX_HISTORY
    seed: int = 0
    upscale: int = 1
    variants: int = MAX_VARIANTS
    reference: int | None = None
    # For their eyes alone, and deleted a day after they saw it.
    delete_after_view: bool = False


@dataclass(frozen=True)
class Understood:
    """What the words and chips come to."""

    wanted: Attributes = field(default_factory=Attributes)
    unwanted: Attributes = field(default_factory=Attributes)
    kind: Kind | None = None
    style: str | None = None


def request_creation(*, user: User, wish: Wish, request_key: str) -> list[Job]:
    """Queue the variants of a wish and return their jobs; the same key returns the same ones.

    Raises InvalidInputError, NotAllowedError, QuotaExceededError, each with its sentence.
    """
    reference = _reference(user, wish.reference) if wish.reference is not None else None
    guidance = with_facts(build_guidance(user=user, wish=wish))
    return submit_variants(
        user=user,
        guidance=guidance,
        reference=reference,
        request_key=f"create:{request_key}",
        count=wish.variants,
    )


def build_guidance(*, user: User, wish: Wish) -> Guidance:
    """Return the guidance of a wish, with this person's likes where they allow that.

    Whether the picture to begin from may be used is asked when the jobs are handed in.
    """
    heard = read_wish(wish)
    if wish.reference is not None:
        _reference(user, wish.reference)
    # "Not at all" uses nothing of the person, and says so.
    ids, weights = likes_of(user) if wish.personality else ((), ())
    is_mine = bool(wish.kind == "video" and wish.personality)
    vector, vector_model = user_vector_of(user) if is_mine else ((), None)
    return Guidance(
        user_id=user.pk,
        instruction=wish.instruction.strip(),
        kind=wish.kind,
        wanted=heard.wanted,
        unwanted=_with_lasting(user, heard),
        reference_item_ids=(wish.reference,) if wish.reference is not None else (),
        liked_item_ids=ids,
        liked_weights=weights,
        history_size=wish.likes,
        user_vector=vector,
        user_vector_model=vector_model,
        style=wish.style or heard.style,
        style_degree=wish.degree / 100,
        look=wish.look or None,
        strength=wish.strength / 100,
        literalness=scale_of_literalness(wish.literalness),
        personality=scale_of_personality(wish.personality),
        upscale=wish.upscale if wish.kind == "image" else 1,
        seed=wish.seed,
        exposure="direct",
        delete_after_view=wish.delete_after_view,
    )


def _with_lasting(user: User, heard: Understood) -> Attributes:
    """Return what must not appear: ruled out by this wish, or by the person for good."""
    lasting, named = avoided_by(user, heard.wanted), heard.unwanted
    return Attributes(
        type=named.type or lasting.type,
        colours=tuple(dict.fromkeys((*named.colours, *lasting.colours))),
        pattern=named.pattern or lasting.pattern,
        details=tuple(dict.fromkeys((*named.details, *lasting.details))),
    )


def read_wish(wish: Wish) -> Understood:
    """Return what words and chips come to; where a chip is chosen it counts, not the words.

    Raises InvalidInputError for an empty wish, and for what Weft does not make.
    """
    heard = _understood(wish.instruction) if wish.instruction.strip() else Understood()
    avoided = _avoided(wish.avoid) if wish.avoid.strip() else Attributes()
    unwanted = Attributes(
        type=avoided.type or heard.unwanted.type,
        colours=tuple(dict.fromkeys((*avoided.colours, *heard.unwanted.colours))),
        pattern=avoided.pattern or heard.unwanted.pattern,
        details=tuple(dict.fromkeys((*avoided.details, *heard.unwanted.details))),
    )
    named = heard.wanted.colours
    # Of chosen chips the main colour is the one that the words name first.
    chosen = sorted(wish.colours, key=lambda one: named.index(one) if one in named else len(named))
    colours = tuple(chosen) or named
    wanted = replace(
        heard.wanted,
        type=wish.type or heard.wanted.type,
        colours=tuple(colour for colour in colours if colour not in avoided.colours),
        pattern=wish.pattern or heard.wanted.pattern,
    )
    if not (wanted or wish.instruction.strip()):
        raise InvalidInputError("Say in a few words what you would like, or choose some chips.")
    return replace(heard, wanted=wanted, unwanted=unwanted)


def _understood(text: str) -> Understood:
    heard = _heard(text)
    memory = remember(State(), heard, {})
    return Understood(
        memory.wanted.as_attributes(), memory.unwanted.as_attributes(), heard.kind, memory.style
    )


def _avoided(text: str) -> Attributes:
    """Return what "red, stripes" names: in this field every word is unwanted, denied or not."""
    heard = _heard(text)
    return heard.wanted.plus(heard.unwanted).as_attributes()


def _heard(text: str) -> Understanding:
    heard = understand(text, state=State(), shown=())
    if heard.refusal:
        raise InvalidInputError(REFUSALS[heard.refusal])
    return heard


def _reference(user: User, pk: int) -> Item:
    try:
        return get_item(user=user, pk=pk)
    except Http404:
        raise InvalidInputError("The picture to begin from is not there any more.") from None


def likes_of(user: User) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return liked items, newest first, and how much each is liked; none without consent.

    A share and a long look add to a like (`recommender.core.data`).
    """
    if not get_consent(user=user, kind=Consent.Kind.CREATION):
        return (), ()
    liked = [
        (opinion.at, item, opinion.weight)
        for item, opinion in user_opinions(user).items()
        if opinion.reaction == "like"
    ]
    liked.sort(reverse=True)
    seen = Item.objects.for_audience(user).filter(pk__in=[item for _, item, _ in liked])
    visible = set(seen.values_list("pk", flat=True))
    kept = [(item, weight) for _, item, weight in liked if item in visible][:MAX_CANDIDATES]
    return tuple(item for item, _ in kept), tuple(weight for _, weight in kept)


def user_vector_of(user: User) -> tuple[tuple[float, ...], str | None]:
    """Return `User_Emb` and what it was made by; nothing without the person's leave."""
    if not get_consent(user=user, kind=Consent.Kind.CREATION):
        return (), None
    vector, model = get_user_emb(user)
    return vector, model or None


def list_references(user: User, chosen: int | None = None) -> list[Item]:
    """Return pictures this person may begin from: `chosen` first, then their newest."""
    items = Item.objects.with_assets().filter(
        media_state=Item.MediaState.READY, is_attachment=False
    )
    gone = (Item.State.REMOVED, Item.State.EXPIRED, Item.State.REJECTED)
    own = items.filter(owner=user) | items.filter(made_for=user, state=Item.State.PUBLISHED)
    newest = own.exclude(state__in=gone).order_by("-created_at")[:MAX_REFERENCES]
    listed = [item for item in newest if item.thumb_url]
    first = items.filter(pk=chosen).first() if chosen is not None else None
    if first is not None and can_view(user, first):
        listed = [first, *(item for item in listed if item.pk != first.pk)]
    return listed


def restore_from_job(job: Job) -> Wish:
    """Return the wish that a person's own job came from."""
    return restore_wish(user=job.user, guidance=Guidance.from_dict(job.guidance))


def restore_from_item(*, user: User, pk: int) -> Wish:
    """Return a wish like the one an item came from; `Http404` where they may not see it.

    Of somebody else's item the words, likes and pictures stay theirs: what was understood of the
    words, and the settings, are what a remix begins with.
    """
    item = get_item(user=user, pk=pk)
    if not (item.is_ai and item.guidance):
        raise InvalidInputError(NO_REMIX)
    return restore_wish(user=user, guidance=Guidance.from_dict(item.guidance))


def restore_wish(*, user: User, guidance: Guidance) -> Wish:
    """Return the wish that would give this guidance, as far as `user` may know it."""
    if guidance.mode not in REMIXED:
        raise InvalidInputError(NO_REMIX)
    wanted = guidance.wanted
    is_own = guidance.user_id == user.pk and guidance.mode == "create"
    words = guidance.instruction.strip() if is_own else ""
    words = words or (wanted.as_caption() if wanted else "")
    # Chips stand only for what the words do not say by themselves.
    heard = _heard_again(words)
    said, denied = heard.wanted, _words_of(heard.unwanted)
    avoided = [word for word in _words_of(guidance.unwanted) if word not in denied]
    return Wish(
        instruction=words,
        avoid=", ".join(avoided),
        type=wanted.type or "" if wanted.type != said.type else "",
        colours=wanted.colours if wanted.colours != said.colours else (),
        pattern=wanted.pattern or "" if wanted.pattern != said.pattern else "",
        kind=guidance.kind,
        look=guidance.look or "",
        style=guidance.style or "",
        degree=round(guidance.style_degree * 100),
        literalness=slider_of_literalness(guidance.literalness),
        personality=slider_of_personality(guidance.personality),
        strength=round(guidance.strength * 100),
        likes=guidance.history_size,
        seed=guidance.seed,
        upscale=guidance.upscale,
        variants=1,
        reference=_restored_reference(user, guidance),
        delete_after_view=guidance.delete_after_view,
    )


def _words_of(attributes: Attributes) -> list[str]:
    words = [*attributes.details, *attributes.colours, attributes.pattern, attributes.type]
    return [word for word in words if word]


def _heard_again(words: str) -> Understood:
    """Return what the words come to by themselves; nothing for words of another time or place."""
    try:
        return _understood(words) if words else Understood()
    except InvalidInputError:
        return Understood()


def _restored_reference(user: User, guidance: Guidance) -> int | None:
    """Return the picture it began from, if this person may begin from it too."""
    if guidance.mode != "create" or not guidance.reference_item_ids:
        return None
    item = Item.objects.filter(pk=guidance.reference_item_ids[0]).first()
    if item is None or not can_view(user, item):
        return None
    try:
        check_may_edit(user=user, item=item)
    except DomainError:
        return None
    return item.pk


def scale_of_literalness(percent: int) -> float | None:
    """Return the guidance scale of words: half the usual at 0, twice at 100, the model's at 50."""
    if percent == MIDDLE:
        return None
    return round(min(MAX_SCALE, USUAL.guidance_text * 2 ** ((percent - MIDDLE) / MIDDLE)), 3)


def slider_of_literalness(scale: float | None) -> int:
    """Return the slider's place for a scale; the reverse of `scale_of_literalness`."""
    if scale is None or scale <= 0:
        return MIDDLE if scale is None else 0
    return _percent(MIDDLE + MIDDLE * log2(scale / USUAL.guidance_text))


def scale_of_personality(percent: int) -> float | None:
    """Return the guidance scale of likes: none at 0, twice the usual at 100, the model's at 50."""
    if percent == MIDDLE:
        return None
    return round(min(MAX_SCALE, USUAL.guidance_history * percent / MIDDLE), 3)


def slider_of_personality(scale: float | None) -> int:
    """Return the slider's place for a scale; the reverse of `scale_of_personality`."""
    return MIDDLE if scale is None else _percent(MIDDLE * scale / USUAL.guidance_history)


def _percent(value: float) -> int:
    return max(0, min(100, round(value)))


def as_dict(wish: Wish) -> dict[str, Any]:
    """Return the wish as forms and the API hold it."""
    return {one.name: getattr(wish, one.name) for one in fields(wish)}
