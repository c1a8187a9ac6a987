"""The one vocabulary of the fashion domain.

Catalogue, captions, instructor, demo world, search and evaluation all speak it, so that a word
means the same wherever it is used. `ALIASES` maps what people say onto it.
"""

from __future__ import annotations

TYPES: tuple[str, ...] = (
    "t-shirt",
    "longsleeve",
    "shirt",
    "blouse",
    "dress",
    "skirt",
    "pants",
    "shorts",
    "outwear",
    "hoodie",
    "shoes",
    "hat",
    "blazer",
    "polo",
    "undershirt",
    "top",
)

# Reference sRGB of each colour name: what the demo world draws and what measured colours snap to.
COLOURS: dict[str, tuple[int, int, int]] = {
    "black": (30, 30, 33),
    "white": (244, 243, 239),
    "grey": (138, 141, 146),
    "red": (200, 36, 46),
    "pink": (240, 148, 180),
    "orange": (238, 126, 40),
    "yellow": (246, 206, 62),
    "green": (48, 138, 74),
    "blue": (58, 122, 212),
    "navy": (27, 40, 88),
    "brown": (112, 70, 44),
    "beige": (219, 199, 164),
    "purple": (122, 70, 162),
}

PATTERNS: tuple[str, ...] = ("plain", "striped", "checked", "dotted", "floral", "printed")
STYLES: tuple[str, ...] = ("cartoon", "pencil", "watercolour", "neon", "vintage")
# What the style tool offers beside them: colours a person likes, the manner of an item.
LAID_STYLES: tuple[str, ...] = (*STYLES, "palette", "exemplar")
LOOKS: tuple[str, ...] = ("illustration", "photo")

# What people say -> (attribute, value). The person's own words stay in the prompt.
ALIASES: dict[str, tuple[str, str]] = {
    **{
        word: ("type", value)
        for value, words in {
            "t-shirt": "tshirt tee tee-shirt t-shirts tees",
            "longsleeve": "long-sleeve longsleeves jumper sweater pullover jersey",
            "shirt": "shirts button-up button-down oxford",
            "blouse": "blouses",
            "dress": "dresses frock frocks gown gowns sundress",
            "skirt": "skirts miniskirt midi",
            "pants": "trousers trouser jeans chinos slacks leggings joggers",
            "shorts": "bermudas",
            "outwear": "outerwear coat coats jacket jackets parka anorak raincoat",
            "hoodie": "hoodies hoody sweatshirt",
            "shoes": "shoe trainers trainer sneakers sneaker boots boot sandals heels footwear",
            "hat": "hats cap caps beanie beret bonnet",
            "blazer": "blazers sport-coat",
            "polo": "polos polo-shirt",
            "undershirt": "undershirts vest singlet tank-top",
            "top": "tops camisole crop-top",
        }.items()
        for word in words.split()
    },
    **{
        word: ("colour", value)
        for value, words in {
            "black": "jet ebony charcoal-black",
            "white": "ivory snow",
            "grey": "gray charcoal silver ash",
            "red": "crimson scarlet burgundy maroon wine ruby",
            "pink": "rose fuchsia magenta salmon blush",
            "orange": "coral tangerine rust apricot",
            "yellow": "mustard gold golden lemon",
            "green": "olive emerald khaki lime mint sage forest",
            "blue": "azure teal turquoise cyan cobalt sky denim aqua",
            "navy": "midnight indigo",
            "brown": "chocolate tan camel chestnut cognac",
            "beige": "cream sand ecru nude off-white oatmeal",
            "purple": "violet lilac lavender plum mauve aubergine",
        }.items()
        for word in words.split()
    },
    **{
        word: ("pattern", value)
        for value, words in {
            "plain": "solid unpatterned simple",
            "striped": "stripes stripe stripy pinstripe pinstriped breton",
            "checked": "check checks tartan plaid gingham checkered chequered",
            "dotted": "dots dot polka polka-dot spotted spots",
            "floral": "flowers flowery flower blossom",
            "printed": "print prints graphic logo",
        }.items()
        for word in words.split()
    },
    **{
        word: ("style", value)
        for value, words in {
            "cartoon": "anime comic toon",
            "pencil": "sketch sketched drawing drawn",
            "watercolour": "watercolor aquarelle painted painting",
            "neon": "cyberpunk glowing",
            "vintage": "retro film sepia old-fashioned",
        }.items()
        for word in words.split()
    },
}
