"""What words mean to the instructor: phrase -> senses, with plurals, details and other languages.

A sense is (slot, value): slots are "type", "colour", "pattern", "style", "kind", "detail", "soft"
(a colour that holds only if no other is named, as blue in "denim") and "any" (a slot set free).
"""

from __future__ import annotations

from functools import lru_cache

from common.vocabulary import ALIASES, COLOURS, PATTERNS, STYLES, TYPES
from recommender.core.shades import CLOTHS, SHADES

Sense = tuple[str, str]
Phrase = tuple[str, ...]


def listed(text: str) -> tuple[str, ...]:
    """Return the words of a line, so that long lists stay readable."""
    return tuple(text.split())


# Finer words that the prompt uses and the catalogue does not filter by.
DETAILS = listed(
    "leather suede silk satin velvet lace linen cotton wool woollen knitted knit cashmere "
    "fur mesh corduroy tweed chiffon sequin sequins glitter metallic quilted ribbed "
    "crochet short long mini midi maxi cropped knee-length ankle-length floor-length "
    "tight loose oversized slim fitted baggy wide flared pleated ruffled wrap a-line "
    "skater tiered high-waisted low-waisted v-neck crew-neck turtleneck off-the-shoulder "
    "strapless halter long-sleeved short-sleeved sleeveless puff-sleeved hooded collared "
    "belted buttoned zipped buttons zip zipper pockets collar belt ruffles frills fringe "
    "hood embroidery embroidered summer winter autumn spring party office wedding casual "
    "formal elegant sporty beach festival cosy warm light dark bright pastel pale soft "
    "colourful bold muted minimal chic boho gothic punk preppy classic modern cute fancy "
    "smart relaxed romantic ripped distressed asymmetric backless transparent sheer shiny "
    "thin thick heavy waterproof"
)

# Comparatives: what is added, and which details it takes away.
COMPARATIVES: dict[str, tuple[str, tuple[str, ...]]] = {
    "shorter": ("short", ("long", "maxi", "midi", "floor-length", "ankle-length")),
    "longer": ("long", ("short", "mini", "cropped")),
    "darker": ("dark", ("light", "bright", "pale", "pastel")),
    "lighter": ("light", ("dark", "heavy")),
    "paler": ("pale", ("dark", "bright")),
    "brighter": ("bright", ("dark", "muted", "pale")),
    "looser": ("loose", ("tight", "slim", "fitted")),
    "wider": ("wide", ("slim", "tight")),
    "baggier": ("baggy", ("tight", "slim", "fitted")),
    "tighter": ("tight", ("loose", "baggy", "oversized")),
    "slimmer": ("slim", ("loose", "baggy", "oversized", "wide")),
    "warmer": ("warm", ("thin",)),
    "softer": ("soft", ()),
    "bolder": ("bold", ("muted",)),
    "fancier": ("fancy", ("casual",)),
    "dressier": ("formal", ("casual",)),
    "smarter": ("smart", ("casual",)),
    "cosier": ("cosy", ()),
    "cozier": ("cosy", ()),
    "thicker": ("thick", ("thin",)),
    "thinner": ("thin", ("thick",)),
}

_PHRASES: dict[str, tuple[Sense, ...]] = {
    # compounds whose parts would mislead
    "t shirt": (("type", "t-shirt"),),
    "tee shirt": (("type", "t-shirt"),),
    "long sleeve": (("type", "longsleeve"),),
    "long sleeved": (("detail", "long-sleeved"),),
    "long sleeves": (("detail", "long-sleeved"),),
    "short sleeves": (("detail", "short-sleeved"),),
    "short sleeve": (("detail", "short-sleeved"),),
    "long sleeve top": (("type", "longsleeve"),),
    "long sleeved top": (("type", "longsleeve"),),
    "long sleeve shirt": (("type", "longsleeve"),),
    "dress shirt": (("type", "shirt"),),
    "dress shoes": (("type", "shoes"),),
    "shirt dress": (("type", "dress"),),
    "polo shirt": (("type", "polo"),),
    "tank top": (("type", "undershirt"),),
    "vest top": (("type", "undershirt"),),
    "crop top": (("type", "top"), ("detail", "cropped")),
    "cropped top": (("type", "top"), ("detail", "cropped")),
    "sport coat": (("type", "blazer"),),
    "sports jacket": (("type", "blazer"),),
    "suit jacket": (("type", "blazer"),),
    "sweat pants": (("type", "pants"),),
    "high heels": (("type", "shoes"), ("detail", "high-heeled")),
    "jeans": (("type", "pants"), ("detail", "denim")),
    "pant": (("type", "pants"),),
    "jean": (("detail", "denim"),),
    "cardigan": (("type", "longsleeve"), ("detail", "buttoned")),
    "loafers": (("type", "shoes"),),
    "sandal": (("type", "shoes"),),
    "flip flops": (("type", "shoes"),),
    "kicks": (("type", "shoes"),),
    "pencil skirt": (("type", "skirt"), ("detail", "pencil-cut")),
    "midi": (("detail", "midi"),),
    "miniskirt": (("type", "skirt"), ("detail", "mini")),
    "sundress": (("type", "dress"), ("detail", "summer")),
    "gown": (("type", "dress"), ("detail", "long")),
    "raincoat": (("type", "outwear"), ("detail", "waterproof")),
    "trench": (("type", "outwear"),),
    "trench coat": (("type", "outwear"),),
    "culottes": (("type", "pants"),),
    "tunic": (("type", "top"),),
    "bandana": (("type", "hat"),),
    "fedora": (("type", "hat"),),
    # shades
    "denim": (("detail", "denim"), ("soft", "blue")),
    "dark blue": (("colour", "navy"),),
    "navy blue": (("colour", "navy"),),
    "midnight blue": (("colour", "navy"),),
    "rose gold": (("colour", "pink"),),
    "off white": (("colour", "white"),),
    "cream white": (("colour", "white"),),
    "charcoal grey": (("colour", "grey"),),
    "charcoal gray": (("colour", "grey"),),
    "charcoal black": (("colour", "black"),),
    "burnt orange": (("colour", "orange"),),
    "neon green": (("colour", "green"), ("detail", "neon")),
    "neon pink": (("colour", "pink"), ("detail", "neon")),
    "neon yellow": (("colour", "yellow"), ("detail", "neon")),
    "neon orange": (("colour", "orange"), ("detail", "neon")),
    "bordeaux": (("colour", "red"),),
    "petrol": (("colour", "blue"),),
    "ochre": (("colour", "yellow"),),
    "peach": (("colour", "orange"),),
    "taupe": (("colour", "brown"),),
    # patterns
    "polka dots": (("pattern", "dotted"),),
    "polka dot": (("pattern", "dotted"),),
    "polka dotted": (("pattern", "dotted"),),
    "dotty": (("pattern", "dotted"),),
    "stripey": (("pattern", "striped"),),
    "stripped": (("pattern", "striped"),),
    "houndstooth": (("pattern", "checked"),),
    "argyle": (("pattern", "checked"),),
    "squares": (("pattern", "checked"),),
    "roses": (("pattern", "floral"),),
    "daisies": (("pattern", "floral"),),
    "flower print": (("pattern", "floral"),),
    "floral print": (("pattern", "floral"),),
    "blossoms": (("pattern", "floral"),),
    "graphics": (("pattern", "printed"),),
    "leopard": (("pattern", "printed"), ("detail", "leopard")),
    "leopard print": (("pattern", "printed"), ("detail", "leopard")),
    "zebra": (("pattern", "printed"), ("detail", "zebra")),
    "camouflage": (("pattern", "printed"), ("detail", "camouflage")),
    "camo": (("pattern", "printed"), ("detail", "camouflage")),
    "one colour": (("pattern", "plain"),),
    "single colour": (("pattern", "plain"),),
    # looks and kinds
    "water colour": (("style", "watercolour"),),
    "water color": (("style", "watercolour"),),
    "pencil drawing": (("style", "pencil"),),
    "pencil sketch": (("style", "pencil"),),
    "pencilled": (("style", "pencil"),),
    "line drawing": (("style", "pencil"),),
    "comic book": (("style", "cartoon"),),
    "cartoonish": (("style", "cartoon"),),
    "manga": (("style", "cartoon"),),
    "film look": (("style", "vintage"),),
    "old film": (("style", "vintage"),),
    "film grain": (("style", "vintage"),),
    "seventies": (("style", "vintage"),),
    "70s": (("style", "vintage"),),
    "film": (("kind", "video"),),
    "clip": (("kind", "video"),),
    "clips": (("kind", "video"),),
    "video": (("kind", "video"),),
    "videos": (("kind", "video"),),
    "movie": (("kind", "video"),),
    "reel": (("kind", "video"),),
    "reels": (("kind", "video"),),
    "animated": (("kind", "video"),),
    "animation": (("kind", "video"),),
    "moving": (("kind", "video"),),
    "gif": (("kind", "video"),),
    "picture": (("kind", "image"),),
    "pictures": (("kind", "image"),),
    "photo": (("kind", "image"),),
    "photos": (("kind", "image"),),
    "photograph": (("kind", "image"),),
    "image": (("kind", "image"),),
    "images": (("kind", "image"),),
    "pic": (("kind", "image"),),
    "pics": (("kind", "image"),),
    # freedom
    "any colour": (("any", "colours"),),
    "any color": (("any", "colours"),),
    "whatever colour": (("any", "colours"),),
    "whatever color": (("any", "colours"),),
    "any pattern": (("any", "patterns"),),
    "any type": (("any", "types"),),
    "any kind": (("any", "types"),),
    "any style": (("any", "style"),),
    # finer words said in more than one way
    "sleeveless": (("detail", "sleeveless"),),
    "no sleeves": (("detail", "sleeveless"),),
    "without sleeves": (("detail", "sleeveless"),),
    "no pattern": (("pattern", "plain"),),
    "without pattern": (("pattern", "plain"),),
    "without a pattern": (("pattern", "plain"),),
    "no patterns": (("pattern", "plain"),),
    "without any pattern": (("pattern", "plain"),),
    "without any patterns": (("pattern", "plain"),),
    "without patterns": (("pattern", "plain"),),
    "without the pattern": (("pattern", "plain"),),
    "remove the pattern": (("pattern", "plain"),),
    "remove the print": (("pattern", "plain"),),
    "lose the pattern": (("pattern", "plain"),),
    "drop the pattern": (("pattern", "plain"),),
    "take off the pattern": (("pattern", "plain"),),
    "rainbow": (("detail", "colourful"),),
    "multicoloured": (("detail", "colourful"),),
    "multicolored": (("detail", "colourful"),),
    "multicolour": (("detail", "colourful"),),
    "suit": (("type", "blazer"),),
    "tuxedo": (("type", "blazer"),),
    "waistcoat": (("type", "outwear"),),
    "gilet": (("type", "outwear"),),
    "poncho": (("type", "outwear"),),
    "windbreaker": (("type", "outwear"),),
    "puffer": (("type", "outwear"),),
    "bomber": (("type", "outwear"),),
    "overcoat": (("type", "outwear"),),
    "knitwear": (("type", "longsleeve"),),
    "cargos": (("type", "pants"),),
    "corduroys": (("type", "pants"),),
    "tracksuit bottoms": (("type", "pants"),),
    "pumps": (("type", "shoes"),),
    "slippers": (("type", "shoes"),),
    "stilettos": (("type", "shoes"),),
    "headwear": (("type", "hat"),),
    "minidress": (("type", "dress"), ("detail", "mini")),
    "ball gown": (("type", "dress"), ("detail", "long")),
    "cozy": (("detail", "cosy"),),
    "colorful": (("detail", "colourful"),),
    "more colour": (("detail", "colourful"),),
    "button": (("detail", "buttons"),),
    "pocket": (("detail", "pockets"),),
    "hooded": (("detail", "hooded"),),
    "knee length": (("detail", "knee-length"),),
    "v neck": (("detail", "v-neck"),),
    "crew neck": (("detail", "crew-neck"),),
    "crewneck": (("detail", "crew-neck"),),
    "turtle neck": (("detail", "turtleneck"),),
    "a line": (("detail", "a-line"),),
}

# What "too short" asks for.
OPPOSITES = {
    "short": "long",
    "mini": "long",
    "long": "short",
    "maxi": "short",
    "dark": "light",
    "light": "dark",
    "bright": "muted",
    "pale": "bright",
    "tight": "loose",
    "slim": "loose",
    "loose": "fitted",
    "baggy": "slim",
    "wide": "slim",
    "thin": "thick",
    "thick": "thin",
    "formal": "casual",
    "casual": "formal",
}


def plurals(word: str) -> tuple[str, ...]:
    """Return the word and the plurals it may take."""
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word, word[:-1] + "ies"
    if word.endswith("s") and not word.endswith("ss"):
        return (word,)
    if word.endswith(("ss", "sh", "ch", "x")):
        return word, word + "es"
    return word, word + "s"


@lru_cache(maxsize=1)
def phrases() -> dict[Phrase, tuple[Sense, ...]]:
    """Return every phrase of the English lexicon as a tuple of words, with its senses."""
    table: dict[Phrase, tuple[Sense, ...]] = {}

    def add(text: str, senses: tuple[Sense, ...], *, plural: bool = False) -> None:
        for form in plurals(text) if plural else (text,):
            words = tuple(form.replace("-", " ").split())
            table[words] = senses
            if "-" in form and len(words) == 2:
                table[("".join(words),)] = senses

    for slot, values in (("colour", COLOURS), ("pattern", PATTERNS), ("style", STYLES)):
        for value in values:
            add(value, ((slot, value),))
    for value in TYPES:
        add(value, (("type", value),), plural=True)
    for word, sense in ALIASES.items():
        add(word, (sense,), plural=sense[0] == "type")
    for colour, words in SHADES.items():
        for word in words.split():
            add(word, (("colour", colour),))
    for word in (*DETAILS, *" ".join(CLOTHS).split()):
        add(word, (("detail", word),))
    for word, (detail, _) in COMPARATIVES.items():
        add(word, (("detail", detail),))
    for text, senses in _PHRASES.items():
        add(text, senses, plural=senses[0][0] == "type")
    return table


def canonical(slot: str, word: object) -> str | None:
    """Return our word for a value of a slot ("jacket": "outwear"), or None if it has none."""
    if not isinstance(word, str):
        return None
    words = tuple(word.casefold().replace("-", " ").split())
    senses = phrases().get(words) or phrases().get(words[-1:]) or ()
    return next((value for name, value in senses if name == slot), None)
