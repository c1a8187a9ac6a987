"""Requests that are answered and never carried out: tricks on the rules, and unsafe pictures.

This is the polite first line only. What is generated is screened like everything else, whatever
was said here.
"""

from __future__ import annotations

import re

_NAMES = (
    "taylor swift|beyonce|beyoncé|kim kardashian|kylie jenner|kendall jenner|elon musk|donald "
    "trump|"
    "joe biden|barack obama|michelle obama|vladimir putin|kate middleton|meghan markle|"
    "prince harry|king charles|emma watson|scarlett johansson|angelina jolie|brad pitt|"
    "leonardo dicaprio|tom cruise|zendaya|rihanna|ariana grande|billie eilish|harry styles|"
    "justin bieber|selena gomez|lady gaga|adele|madonna|messi|ronaldo|greta thunberg|"
    "jennifer lopez|j lo|drake|kanye( west)?|lebron james|serena williams|margot robbie|"
    "ryan gosling|timothee chalamet|timothée chalamet|anna wintour|heidi klum|gigi hadid|"
    "bella hadid|naomi campbell|angela merkel|emmanuel macron|the pope|the queen"
)
_BRANDS = (
    "nike|adidas|gucci|chanel|prada|louis vuitton|lv|hermes|hermès|versace|dior|balenciaga|"
    "supreme|off white brand|burberry|fendi|puma|ralph lauren|lacoste|levis|zara|h&m|disney|"
    "mickey mouse|hello kitty|pokemon|marvel|star wars|coca cola|barbie"
)
_CHILD = (
    r"(child|children|kid|kids|minor|minors|toddler|baby|teen|teens|teenage|teenager|"
    r"schoolgirl|schoolboy|little girl|little boy|young girl|young boy|underage|"
    r"\d{1,2} years? old)"
)
# Whose likeness is private: relations, with or without a name in between.
_RELATION = (
    r"(?:ex|boss|teacher|neighbou?r|colleague|friend|wife|husband|girlfriend|boyfriend|partner|crush"
    r"|classmate|sister|brother|mum|mom|mother|dad|father|daughter|son|cousin|aunt|uncle|landlord"
    r"|manager|coach|flatmate|roommate)"
)
_PEOPLE = (
    r"(?:jews|muslims|christians|hindus|gays|lesbians|trans(?: people)?|blacks|black people|asians"
    r"|arabs|mexicans|immigrants|migrants|refugees|foreigners|women|men|gypsies|roma"
    r"|disabled (?:people|folk|persons)|homosexuals|atheists)"
)
_HARM = (
    r"(?:die|drown|burn|hang|starve|rot|suffer|disappear|be (?:killed|shot|gassed|hanged|deported)"
    r"|kill themselves|go home|get out)"
)
_SEXUAL = (
    r"(naked|nude|nudes|nudity|topless|porn|porno|pornographic|sex|sexual|sexy|erotic|nsfw|"
    r"lingerie|undress|undressed|strip|hentai|seductive|onlyfans|genitals?|breasts?|boobs|"
    r"without (any )?clothes|no clothes( on)?|see through|unclothed)"
)

# (what it is, pattern); the first that matches counts.
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        (
            "self_harm",
            r"\b(kill|hurt|cut|harm) myself\b|\bsuicid|\bend my life\b|\bself harm\b"
            r"|\bwant to die\b|\bend it all\b"
            r"|\b(no|not see (the|any|a)|what is the|lost the) (point|reason|sense|will)"
            r"( of| in| to| for)* ((be|being|stay|staying) (alive|here|around)|go on|going on|live"
            r"|living)\b"
            r"|\b(tired|sick|done) (of|with) (being alive|living|life)\b"
            r"|\bbetter off (dead|without me)\b|\bnot want to (live|be alive|wake up|be here)\b",
        ),
        (
            "injection",
            r"\b(ignore|forget|disregard|override|bypass|skip|break|turn off|disable|switch off|"
            r"get around|circumvent)\b.{0,40}\b(rules?|instructions?|guidelines?|polic(y|ies)"
            r"|filters?|"
            r"safety|moderation|screening|review|(safety|fidelity|quality|security) checks?"
            r"|restrictions?|programming|training|"
            r"quota|limits?|watermarks?|prompts?|everything above|what you were told)\b"
            r"|\b(system|hidden|initial|secret|developer) (prompt|message|instructions?|mode)\b"
            r"|\b(reveal|print|repeat|show|tell|output|leak)\b.{0,20}\b(your|the) (\w+ )?(prompt"
            r"|instructions|"
            r"rules|configuration|source code|api keys?|secrets?|environment)\b"
            r"|\byou are (now|no longer)\b|\b(act|behave|respond) as (if|an? (admin|root|dan"
            r"|developer|"
            r"moderator|operator|unrestricted))\b|\bpretend (to be|you are|that you)\b|\bjailbreak"
            r"|\bdo anything now\b|\bprompt injection\b|\bsudo\b|\broot access\b"
            r"|\b(publish|post|release|push|approve)\b.{0,40}\b(without|directly|immediately"
            r"|straight|now|anyway|"
            r"live|to (every|all)|everyone|everybody)\b"
            r"|\b(without|before|skipping|avoiding|no need for) (\w+ )?(review|reviewing|screening"
            r"|approval|moderation)\b"
            r"|\b(without|before) (anyone|anybody|someone|somebody|a person|people|being|getting)"
            r"( being| getting)? (check|review|screen|approv|moderat)\w*\b"
            r"|\b(go|goes|be|get|put|make) (\w+ ){0,2}?(live|public|published|online)\b.{0,40}"
            r"\b(nobody|no one|without|unseen|unchecked|unreviewed)\b"
            r"|\bset aside\b.{0,30}\b(told|rules?|instructions?|orders)\b"
            r"|\bapprove (all|every|this|it|the|my|that)\b|\bmark .{0,20}\b(as )?(approved|human"
            r"|reviewed|safe)\b"
            r"|\bpublish (it|this|that|everything|all|number|the \w+)\b"
            r"|\b(without|no|remove|strip|hide|drop) (the |any |a |its )?(ai )?(watermark|label"
            r"|badge|disclosure|"
            r"provenance|manifest|screening|moderation)s?\b"
            r"|\b(make|give|grant) me (an? )?(admin|operator|moderator|root|superuser|staff)\b"
            r"|\b(delete|drop|truncate|wipe) (all|every|the (database|users?|tables?|items)"
            r"|table)\b"
            r"|\b(show|give|tell|list|send|read)\b.{0,30}\b(password|passwords|tokens?|credit card|"
            r"e mails?|emails?|private messages?|(another|other|someone else|somebody else) (user"
            r"|person|people|"
            r"viewer)?\b.{0,12}\b(conversation|chat|data|likes|history|drafts?))"
            r"|\b(my|another|the) (user )?conversation of\b|\bselect \* from\b|\bunion select\b"
            r"|\b(script|iframe|img) (src|alert|onerror)|\bonerror\b|\balert 1\b|\bassistant :"
            r"|\bsystem :"
            r"|^(\W )*action :|\bnew instructions?\b|\bunlimited (credits|quota|generations)\b",
        ),
        ("minors", rf"\b{_CHILD}\b.{{0,60}}\b{_SEXUAL}\b|\b{_SEXUAL}\b.{{0,60}}\b{_CHILD}\b"),
        (
            "sexual",
            r"\b(naked|nudes|nudity|topless|porn|porno|pornographic|sex|sexual|erotic|nsfw|hentai|"
            r"undress|undressed|onlyfans|boobs|unclothed|nipples?|genitals?)\b"
            r"|\bnude (woman|women|man|men|girl|girls|boy|model|models|person|people|body|photo"
            r"|picture)\b"
            r"|\b(drop|drops|dropping|lift|lifts|lifting|unzip|unhook|slip out of"
            r"|pull (up|down)|take off) (her|his|their) (dress|skirt|top|blouse"
            r"|shirt|trousers|pants|clothes|bra|underwear)\b"
            r"|\bin the nude\b|\b(without (any )?clothes|no clothes)\b|\btake (her|his"
            r"|their) clothes off\b",
        ),
        (
            "hate",
            r"\b(nazi|nazis|swastika|hitler|ss uniform|kkk|ku klux|white power|white suprem|"
            r"heil|gas the|ethnic cleansing|isis flag|terrorists?|racist|racism|"
            r"antisemitic|homophobic|(racial|racist|homophobic|sexist) slurs?|slurs?|hate speech|"
            r"blackface)\b"
            r"|\b(hate|kill|deport|exterminate) (all |the )?(jews|muslims|blacks|gays|immigrants"
            r"|women|"
            r"refugees|foreigners|christians|hindus|trans)\b"
            r"|\bthat says .{0,30}\b(hate|kill|die|inferior|vermin)\b"
            rf"|\b{_PEOPLE} (?:should|must|ought to|need to|deserve to) {_HARM}\b"
            rf"|\b(?:tell|tells|telling|wants?|wanting|asks?|asking|orders?) {_PEOPLE} to {_HARM}\b"
            rf"|\b(?:mocks?|mocking|insult(?:s|ing)?|humiliat(?:es|ing)|demeaning) {_PEOPLE}\b"
            rf"|\b(?:death to|down with|no more|burn the|hang the) (?:all |the )?{_PEOPLE}\b",
        ),
        (
            "violence",
            r"\b(bomb|explosive|gore|gory|beheading|blood soaked|bloody corpse|corpse|massacre|"
            r"shoot (up|people|someone)|murder|torture|how to (kill|poison|stab))\b",
        ),
        (
            "person",
            rf"\b({_NAMES})\b|\bdeep ?fake|\bcelebrit(y|ies)\b.{{0,20}}\b(wear|face|look)"
            r"|\b(face of|looks? like) my (ex|boss|teacher|neighbour|neighbor|colleague|friend"
            r"|wife|"
            r"husband|girlfriend|boyfriend|sister|brother|mum|mother|dad|father|daughter|son)\b"
            rf"|\b(?:my|his|her|their|our) (?:\w+ )?(?:{_RELATION} )+(?:face|likeness)"
            r" (?:on|onto|into|in|over)\b"
            rf"|\b(?:face|likeness) of (?:my|his|her|their|our) (?:\w+ )?{_RELATION}\b"
            r"|\b(picture|photo|image|video|clip) of my (ex|boss|teacher|neighbour|neighbor"
            r"|colleague|"
            r"girlfriend|boyfriend|wife|husband|daughter|son)\b",
        ),
        (
            "brand",
            rf"\b({_BRANDS})\b.{{0,12}}\b(logo|logos|print|copy|replica|knock ?off|fake|monogram"
            rf"|swoosh)\b"
            rf"|\b(logo|copy|replica|knock ?off|fake|counterfeit|dupe) (of |from |by )?(a |an "
            rf"|the )?({_BRANDS})\b"
            r"|\bcounterfeit\b",
        ),
    )
)


# What makes of a name a picture of that person.
_SHOWN_AS = re.compile(
    r"\b(?:picture|photo|photograph|image|video|clip|portrait|face) of {name}\b"
    r"|\b{name} (?:in|wearing|dressed|with|as|modelling)\b"
    r"|\b(?:make|put|dress|show|draw|paint|generate|create) (?:me )?{name}\b"
    r"|\blooks? like {name}\b".replace("{name}", "NAME")
)


def refusal_of(plain: str, name: str | None = None) -> str | None:
    """Return which kind of request must not be carried out, or None when it may be.

    plain: the words of the message as `wording.read` gives them. name: what may be a person's name.
    """
    for kind, pattern in _PATTERNS:
        if pattern.search(plain):
            return kind
    if name and _SHOWN_AS.search(plain.replace(name.casefold(), "NAME")):
        return "person"
    return None
