"""Words for shades and cloths beyond the common vocabulary, by the colour they come nearest."""

from __future__ import annotations

SHADES: dict[str, str] = {
    "black": "onyx obsidian raven inky noir",
    "white": "pearl alabaster chalk eggshell porcelain bone",
    "grey": "slate graphite pewter gunmetal smoke dove steel greyish grayish",
    "red": "cherry vermilion brick carmine garnet oxblood claret cardinal raspberry cranberry "
    "merlot strawberry tomato cerise",
    "pink": "bubblegum coral-pink flamingo dusty-rose hot-pink baby-pink blush-pink candy",
    "orange": "terracotta pumpkin amber carrot papaya copper bronze-orange",
    "yellow": "canary saffron sunflower butter butterscotch honey straw citrine banana maize",
    "green": "bottle-green moss pistachio jade fern seafoam army-green hunter-green shamrock "
    "avocado chartreuse forest-green kelly-green malachite pine",
    "blue": "royal-blue sky-blue baby-blue powder-blue sapphire cerulean ice-blue cornflower "
    "electric-blue denim-blue periwinkle aquamarine ultramarine steel-blue light-blue",
    "navy": "ink ink-blue marine-blue",
    "brown": "mocha coffee cocoa hazelnut mahogany umber sienna tawny bronze walnut espresso "
    "toffee caramel",
    "beige": "stone-coloured biscuit champagne vanilla buff fawn latte wheat parchment",
    "purple": "amethyst grape orchid eggplant wisteria lilac-purple damson",
}
CLOTHS = (
    "seersucker poplin tulle organza velour fleece canvas flannel terry viscose polyester nylon",
    "taffeta brocade jacquard gabardine boucle mohair angora alpaca hemp faux-leather faux-fur",
    "vegan-leather pleather patent vinyl latex lycra spandex gauze muslin crepe georgette",
    "broderie macrame padded pvc",
)
