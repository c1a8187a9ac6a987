"""The word lists. Lists flag for a person; only the few terms of BLOCKED refuse by themselves.

The terms are offensive by nature: they stand here so that what people publish can be checked.
Words with an innocent reading in fashion (nude, cocktail, hooker's green, wife-beater as a vest)
are left out on purpose.
"""

from __future__ import annotations

import re

# F3: nothing of this has an innocent reading on this site.
BLOCKED = frozenset(
    (
        "child porn",
        "child pornography",
        "child sexual abuse",
        "csam",
        "underage porn",
        "underage sex",
        "preteen nudes",
    )
)

# F3: coarse, sexual or violent; a person looks at the context.
UNSAFE = frozenset(
    (
        "fuck",
        "fucker",
        "fucking",
        "motherfucker",
        "shit",
        "bullshit",
        "cunt",
        "asshole",
        "arsehole",
        "bitch",
        "bastard",
        "whore",
        "slut",
        "porn",
        "porno",
        "pornographic",
        "xxx",
        "blowjob",
        "onlyfans",
        "kill yourself",
        "kys",
        "behead",
        "beheading",
        "suicide",
        "self harm",
        "cocaine",
        "heroin",
        "fentanyl",
        "methamphetamine",
        "bomb making",
        "school shooting",
    )
)

# F3: words that an innocent item may hold, but not for every age.
BY_AGE = {
    "13": frozenset(
        (
            *("blood", "bloody", "horror", "zombie", "gore", "corpse", "murder", "damn", "crap"),
            *("scary", "haunted", "skull with blood"),
        )
    ),
    "16": frozenset(
        (
            *("cigarette", "cigarettes", "vape", "vaping", "smoking", "whisky", "vodka", "tequila"),
            *("beer", "wine tasting", "drunk", "hangover", "cannabis", "weed leaf", "casino"),
            *("gambling", "poker", "gun", "rifle", "shit", "bullshit", "bitch", "bastard"),
        )
    ),
    "adult": frozenset(
        (
            *("erotic", "erotica", "fetish", "bdsm", "bondage gear", "sexy lingerie", "nsfw"),
            *("adults only", "18+ only", "see through lingerie", "striptease", "sex toy", "porn"),
            *("porno", "fuck", "fucking", "cocaine", "heroin", "onlyfans", "blowjob"),
        )
    ),
}

# F3: the phrases of advertising that does not belong here.
SPAM = frozenset(
    (
        *("free money", "easy money", "make money fast", "earn money fast", "work from home"),
        *("free followers", "buy followers", "link in bio", "link in my bio", "link in my profile"),
        *("click here", "click the link", "limited offer", "crypto giveaway", "double your money"),
        *("cheap replica", "replica watches"),
    )
)

# F1: demeaning a group of people. Quotation and self-description exist: a person decides.
DEMEANING = frozenset(
    (
        "nigger",
        "nigga",
        "faggot",
        "tranny",
        "shemale",
        "kike",
        "spic",
        "chink",
        "paki",
        "wetback",
        "retard",
        "retarded",
        "raghead",
        "subhuman",
        "untermensch",
        "white power",
        "heil hitler",
        "go back to your country",
        "women belong in the kitchen",
        "real men don't",
    )
)

# Protected groups, by what they have in common: swapping within a row must change no verdict.
FAMILIES = (
    ("women", "men"),
    ("girls", "boys"),
    ("ladies", "gentlemen"),
    ("mothers", "fathers"),
    ("blacks", "whites", "asians", "latinos"),
    ("arabs", "africans", "europeans", "americans", "indians", "mexicans", "chinese", "nigerians"),
    ("jews", "muslims", "christians", "hindus", "buddhists", "atheists", "sikhs"),
    ("gays", "lesbians", "bisexuals"),
    ("immigrants", "refugees", "foreigners", "migrants", "natives"),
    ("disabled", "autistic"),
    ("elderly", "pensioners", "teenagers"),
)
GROUPS = frozenset(word for family in FAMILIES for word in family)
GENERALISING = frozenset(("all", "every", "those", "these", "most"))
ACCUSING = frozenset(
    (
        *("stupid", "dumb", "lazy", "dirty", "inferior", "criminals", "criminal", "thieves"),
        *("disgusting", "ugly", "evil", "animals", "vermin", "parasites", "worthless", "dangerous"),
        *("terrorists", "rapists", "liars", "cockroaches", "rats", "scum", "filthy", "retards"),
        *("subhuman", "savages", "mentally ill"),
    )
)
_GROUP = "(?:" + "|".join(sorted(GROUPS)) + ")"
_ACCUSATION = "(?:" + "|".join(sorted(ACCUSING)) + ")"
# Accusing, threatening or shutting out a group without "all".
AGAINST_GROUP = re.compile(
    rf"\b{_GROUP} (?:people )?are (?:all |just |so |nothing but |such )?{_ACCUSATION}\b"
    rf"|\b(?:i|we) (?:\w+ )?(?:hate|despise|can't stand) (?:all |the |those )?{_GROUP}\b"
    rf"|\b(?:death to|get rid of|no) (?:all |the |more )?{_GROUP}(?: allowed| here| wanted|$|[.!])"
    rf"|\b{_GROUP} (?:people )?(?:should|must|need to|ought to|deserve to) "
    r"(?:all |just )?(?:be (?:killed|deported|banned|shot|gassed|locked up|exterminated)|die|leave"
    r"|suffer|go back)\b"
    rf"|\b{_GROUP} (?:don't|do not) (?:belong|deserve)\b"
)
