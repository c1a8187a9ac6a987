"""The instructor's sentences. Short, friendly, and never claiming what did not happen."""

from __future__ import annotations

from common.vocabulary import TYPES
from recommender.core.dialogue import ShownItem, Slots, State

TYPE_CHIPS = ("Dress", "Skirt", "T-shirt", "Pants", "Jacket", "Shoes")
EXAMPLES = (
    "Show me black skirts",
    "Make me a navy dress with white dots",
    "Something warm in green, not striped",
    "A red hat as a watercolour",
)
_SINGULAR = {
    "longsleeve": "long-sleeved top",
    "pants": "pair of trousers",
    "shorts": "pair of shorts",
    "shoes": "pair of shoes",
    "outwear": "jacket or coat",
    "polo": "polo shirt",
}
_PLURAL = {
    "longsleeve": "long-sleeved tops",
    "pants": "trousers",
    "shorts": "shorts",
    "shoes": "shoes",
    "outwear": "jackets and coats",
    "polo": "polo shirts",
    "dress": "dresses",
}
assert set(_SINGULAR) | set(_PLURAL) <= set(TYPES)
_ORIGIN = {
    "human": "A person made it",
    "ai_assisted": "A person made it and changed it with AI",
    "ai": "AI made it",
}

REFUSALS = {
    "injection": "I can't change how Weft works: everything that is made here is screened, "
    "marked and, "
    "where needed, looked at by a person. I can find or make clothes for you, though.",
    "minors": "I won't make or look for that. If you have come across such pictures, please "
    "report them.",
    "sexual": "I only do clothes, and nothing undressed or sexual. Tell me a garment and I'll "
    "gladly help.",
    "hate": "I won't make anything hateful. Tell me a garment, a colour or a pattern instead.",
    "violence": "I won't make anything violent. Tell me a garment, a colour or a pattern instead.",
    "person": "I don't make pictures of real people. I can make the garment on its own: which one?",
    "brand": "I can't copy a brand's logo or design. A plain or printed piece of your own, "
    "perhaps?",
    "self_harm": "That sounds really hard, and I'm only a clothes assistant. Please talk to "
    "somebody you "
    "trust or to your local emergency number now; you don't have to handle it alone.",
}
ANSWERS = {
    "greeting": "Hello! I can find clothes in the feed or make new ones for you. What are you "
    "after?",
    "thanks": "You're welcome. Anything else you would like to see?",
    "bye": "See you! Your wishes stay here for next time.",
    "scolded": "Sorry that I was no help. Tell me a garment and a colour, or point at a picture, "
    "and I'll try again.",
    "agreed": "It is under way. Tell me when something should change.",
    "smalltalk": "Kind of you to ask: I'm here and happiest talking about clothes. What shall we "
    "look for?",
    "identity": "I'm Weft's instructor, a computer program. I find what people made, and I can "
    "ask our "
    "AI to make or change pictures of clothes for you; those always carry an AI mark.",
    "help": "Tell me what you would like to see, in your own words: “black skirts”, “not "
    "striped”, “like the "
    "second one but in green”. Say “make me …” and AI makes a new one; “start over” and “undo” "
    "work too.",
    "upload": "That is what the Studio is for: open it from the menu, upload a picture or a "
    "video, and "
    "submit it. It is screened before others see it; I can't publish from here.",
    "opinion": "Taste is yours: I only see what a picture shows. Tell me what matters to you, a "
    "colour, a pattern or a cut, and I'll look for it.",
    "manage": "You find that on the item's own page: saving, sharing, reporting and, for your own, "
    "deleting. I can find, change or make things here.",
    "price": "Weft is no shop: there are no prices, sizes or deliveries here. I can show you "
    "similar "
    "pieces, or make a picture of what you have in mind.",
    "ai_share": "How much AI your feed shows is up to you: open your profile and choose a share, "
    "from none "
    "to all. I never make anything unless you ask or agree.",
    "privacy": "I keep this conversation and your wishes so that I can follow them; only you can "
    "read "
    "them here. “Start over” clears my memory, and your profile has your consents and data.",
    "off_topic": "I only know about clothes, so I can't help with that. Is there something you "
    "would like "
    "to see or have made?",
    "reset": "All forgotten. What would you like to see?",
    "undo": "Taken back.",
    "nothing_to_undo": "There is nothing to take back yet.",
}
ASK_TYPE_FIND = "What kind of piece are you looking for?"
STAYS_MADE = "What I made stays as it is; say so if I should make it again."
ASK_TYPE_MAKE = "What kind of piece should it be?"
ASK_WHICH = "Which picture do you mean? Say “the second one”, or describe it."
NOT_YOURS = "That one is somebody else's, and only they may change it."
UNCLEAR = (
    "I didn't catch a garment, a colour or a pattern there. "
    "What kind of piece would you like to see?"
)
UNREADABLE = (
    "I understand English best. "
    "Please try it in English, for example “a black skirt with white stripes”."
)


def plural(garment: str | None) -> str:
    """Return the garment as people say it, in the plural."""
    return _PLURAL.get(garment or "", f"{garment}s" if garment else "pieces")


def singular(garment: str | None) -> str:
    """Return the garment as people say it, in the singular."""
    return _SINGULAR.get(garment or "", garment or "piece")


def describe(slots: Slots, *, many: bool = False) -> str:
    """Return the slots as a noun phrase: "black and white striped skirts"."""
    words = Slots(colours=slots.colours, patterns=slots.patterns, details=slots.details).phrase()
    name = plural if many else singular
    nouns = " or ".join(name(t) for t in slots.types) or name(None)
    return f"{words} {nouns}".strip()


def with_article(phrase: str) -> str:
    """Return "a black skirt", "an orange hat"."""
    return f"{'an' if phrase[:1] in 'aeio' else 'a'} {phrase}"


def without(unwanted: Slots) -> str:
    """Return what is kept out, as an aside: " (nothing striped or red)"."""
    words = [*unwanted.colours, *unwanted.patterns, *unwanted.details]
    words += [plural(t) for t in unwanted.types]
    if not words:
        return ""
    listed = " or ".join(words) if len(words) < 3 else ", ".join(words[:-1]) + " or " + words[-1]
    return f" (no {listed})" if unwanted.types else f" (nothing {listed})"


def found(state: State, count: int, *, more: bool = False) -> str:
    """Return what introduces found items."""
    name = describe(state.wanted, many=count != 1)
    number = "one" if count == 1 else str(count)
    if not state.wanted:
        return "Here is what I think you will like" + without(state.unwanted) + "."
    lead = "Here are" if count != 1 else "Here is"
    extra = " more" if more and count > 1 else " more" if more else ""
    return f"{lead} {number}{extra} {name}{without(state.unwanted)}."


def found_similar(count: int) -> str:
    """Return what introduces items that look like a given one."""
    return "Here is the one most like it." if count == 1 else f"Here are the {count} most like it."


def none_found(state: State) -> str:
    return f"Nobody has posted {describe(state.wanted, many=True)}{without(state.unwanted)} yet."


def making(state: State, liked: int) -> str:
    """Return the announcement of a creation."""
    look = f" as {with_article(STYLE_NAMES[state.style])}" if state.style else ""
    taste = f", guided by {liked} thing{'s' if liked != 1 else ''} you liked" if liked else ""
    piece = with_article(describe(state.wanted))
    piece = f"a moving clip of {piece}" if state.kind == "video" else piece
    return f"I'm making you {piece}{look}{without(state.unwanted)}{taste}."


STYLE_NAMES = {
    "cartoon": "cartoon",
    "pencil": "pencil drawing",
    "watercolour": "watercolour",
    "neon": "neon picture",
    "vintage": "vintage picture",
}


TOOL_NAMES = {
    "thumbnail": "a new cover for it",
    "caption": "captions for it",
    "clip": "a shorter clip of it",
}


def editing(
    item: ShownItem, change: Slots, style: str | None, unwanted: Slots, backdrop: bool = False
) -> str:
    """Return the announcement of an edit."""
    words = Slots(colours=change.colours, patterns=change.patterns, details=change.details).phrase()
    parts = [words] if words else []
    if change.types and change.types[0] != item.type:
        parts.append(with_article(singular(change.types[0])))
    if style:
        parts.append(f"as {with_article(STYLE_NAMES[style])}")
    if backdrop:
        parts.append("another background")
    wish = " ".join(parts) or "as you asked"
    return f"I'm changing it: {wish}{without(unwanted)}. The original stays as it is."


def about(item: ShownItem) -> str:
    """Return what an item is, from its attributes."""
    return f"That is {with_article(describe(item.slots()))}."


def why(item: ShownItem) -> str:
    return _titled(item) + (
        item.reason or "The feed has not shown you this one: you came to it yourself."
    )


def _titled(item: ShownItem) -> str:
    """Return the item's title as a lead, so that it is clear which one is meant."""
    return f"“{item.title}”: " if item.title else ""


def who_made(item: ShownItem) -> str:
    if item.origin == "ai":
        reply = "Weft's AI made it; nobody photographed it. Its page shows what it was made from."
        return _titled(item) + reply
    maker = f"{item.maker} posted it" if item.maker else "Somebody on Weft posted it"
    helped = ", and AI helped to change it" if item.origin == "ai_assisted" else ""
    return f"{_titled(item)}{maker}{helped}."


def is_ai(item: ShownItem) -> str:
    label = "Every picture here carries that label, checked before it is shown."
    return f"{_titled(item)}{_ORIGIN[item.origin]}. {label}"


def remembered(state: State) -> str:
    """Return what the conversation remembers, in words."""
    if not (state.wanted or state.unwanted or state.style):
        return "Nothing yet: you haven't told me what you like."
    wanted = describe(state.wanted, many=True) if state.wanted else "anything"
    style = f", as {with_article(STYLE_NAMES[state.style])}" if state.style else ""
    return f"You want {wanted}{style}{without(state.unwanted)}."


def mended(pairs: tuple[tuple[str, str], ...]) -> str:
    """Return a note on typing errors that were read as other words."""
    if not pairs:
        return ""
    return " (I read " + ", ".join(f"“{old}” as “{new}”" for old, new in pairs[:3]) + ".)"


def taken(words: tuple[tuple[str, str], ...]) -> str:
    """Return a note on words that only the catalogue knows: what they were taken for."""
    notes = []
    for word, value in words[:3]:
        if value:
            notes.append(f"I took “{word}” for {value}, as most things here called that are.")
        else:
            notes.append(f"“{word}” I know only from titles and descriptions, so I go by those.")
    return "".join(f" {note}" for note in notes)


def borrowed(phrases: tuple[tuple[str, str], ...]) -> str:
    """Return a note on what was taken from another picture."""
    notes = []
    for phrase, value in phrases[:2]:
        known = f"“{phrase}” is {value}." if value else f"I can't tell what “{phrase}” is."
        notes.append(f" {known}")
    return "".join(notes)
