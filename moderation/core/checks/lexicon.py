"""The word lists. Lists flag for a person; only the few terms of BLOCKED refuse by themselves.

The terms are offensive by nature: they stand here so that what people publish can be checked.
Words with an innocent reading in fashion (nude, cocktail, hooker's green, wife-beater as a vest)
are left out on purpose.
"""

from __future__ import annotations

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

# Protected groups, for the pattern "all <group> are …" and the like.
GROUPS = frozenset(
    (
        *("women", "men", "girls", "boys", "blacks", "whites", "asians", "arabs", "africans"),
        *("jews", "muslims", "christians", "hindus", "gays", "lesbians", "immigrants", "refugees"),
        *("foreigners", "disabled", "elderly", "indians", "mexicans", "chinese"),
    )
)
GENERALISING = frozenset(("all", "every", "those", "these", "most"))
ACCUSING = frozenset(
    (
        *("stupid", "dumb", "lazy", "dirty", "inferior", "criminals", "criminal", "thieves"),
        *("disgusting", "ugly", "evil", "animals", "vermin", "parasites", "worthless", "dangerous"),
    )
)
