"""What a message asks for by its verbs: to make, edit, find, see more; and opinions."""

from __future__ import annotations

import re

_NO = r"(?<!not )(?<!never )(?<!to not )"
_MAKE = re.compile(
    _NO
    + r"\b(?:create|generate|invent|produce|craft|imagine|dream up|come up with|render|conjure)\b"
    r"|"
    + _NO
    + r"\b(?:whip|knock|cook|rustle|mock|dream|magic|think)(?: me| us)? up\b|\bput together\b"
    r"|\b(?:let|have|ask|get) (?:the )?(?:ai|machine|computer|it|you|generator)(?: to)? "
    r"(?:make|do|draw|design|paint)\b|\bai (?:make|do|draw|design)\b"
    r"|" + _NO + r"\b(?:design|draw|paint|sketch|sew|knit|build|do)"
    r"(?= (?:me|us|a|an|one|something|some|another|my)\b)"
    r"|"
    + _NO
    + r"\bmake(?! (?:sure|sense|it|this|that|these|those|the|them|him|her|fun|any|anything|all|both"
    r"|each|every|everything|my|your|number)\b)"
    r"(?! (?:up|do|an edit|a change|a variation|(?:me|us|you|one) (?:look|feel|seem))\b)"
    r"|\b(?:one|something|it) made\b|\b(?:get|got|have|getting|having) .{1,40} made\b(?! by)"
    r"|^(?:please |yes |ok |and |now )*(?:make|create) (?:it|that)(?: please| for me"
    r"| now)*(?: [.!])?$"
    # "Fancy inventing a hat?", "how about designing me one": the deed asked for as a noun.
    r"|\b(?:fancy|mind|try|consider|start|how about|what about|up for|feel like) (?:please )?"
    r"(?:creat|generat|invent|produc|craft|imagin|conjur|design|draw|paint|sketch|mak|sew|knit)ing"
    r"(?= (?:me|us|a|an|one|something|some|another|my)\b)"
    r"|\bmade (?:for|to order)\b|\bcustom made\b"
)
_NO_MAKE = re.compile(
    r"\b(?:do not|never|without|stop|no need to) (?:please )?(?:make|making|create|creating"
    r"|generate|"
    r"generating|design|draw|invent)"
)
_EDIT = re.compile(
    r"\b(?:recolou?r|edit|adjust|modify|tweak|swap|replace|convert|transform|restyle|dye|redo|"
    r"repaint|alter|retouch)\b|\bchange\b(?! (?:my|your) (?:mind|name))|\bturn (?!off|on|down)"
    r"|\bmake an? (?:edit|change|variation)\b"
    r"|\bmake (?:it|this|that|these|those|them|the|all|both|each|every)\b"
    r"|\bdo (?:it|this|that|the \w+(?: one)?) (?:in|as|with)\b"
    r"|\b(?:give|colou?r|paint|style|shorten|lengthen|brighten|darken|lighten) "
    r"(?:it|this|that|these|those|them|the|number|#)\b"
    r"|\b(?:add|put|remove|take|get rid of|lose) .{1,40} (?:to|on|onto|from|off) "
    r"(?:it|this|that|the|these|those|number|#)\b"
    r"|\b(?:can|could|may|should) .{1,40} be (?:made |turned |changed |in |a bit |a little )?"
    r"|\b(?:make|turn|take|get|do) (?:number|no \.|item|option|#) ?\w+\b"
    r"|\b(?:make|turn) (?:my|your) \w+\b"
    r"|\b(?:draw|paint|design|sketch|render) (?:it|this|that|the)\b|\bput (?:it|this|that|some)\b"
)
_FIND = re.compile(
    r"\b(?:show|find|search|got|see|browse|looking for|look for|have you|do you have|recommend|"
    r"suggest|pull up|list|display|where can i find|get me|bring me|are there|is there|explore)\b"
    r"|\bany\b(?! (?:colou?r|pattern|type|kind|style|of)\b)|\bwhat .* (?:do you have|are there)\b"
)
_MORE = re.compile(
    r"\bmore (?:like|of|options|choices|results|pictures|ones|please|in|with)\b|\bsimilar\b|\bmore$"
    r"|^(?:do it )?again\b|^(?:once|one) more\b|^(?:some |any |show me )?(?:more|others"
    r"|other ones|another|another one|next|next ones)"
    r"(?: please| \?| !| \.)*$|\bsomething else\b|\bdifferent ones\b|\bwhat else\b"
    r"|\banything else\b"
    r"|\b(?:some|any|show me|show) others?\b|^else\b"
)
_DESIRE = re.compile(
    r"\b(?:want|need|would like|would love|in the mood|fancy|prefer|give me|would rather|"
    r"let me have|can i (?:have|get)|could i (?:have|get)|i am after|feel like|wish)\b"
)
_CORRECTION = re.compile(
    r"^(?:no|nope|actually|wait|sorry|hmm|oh|rather)\b|\b(?:actually|instead(?! of)|i mean|i meant|"
    r"on second thought|make (?:it|that)|change (?:it|that)|rather(?! than)|correction|after all)\b"
)
_LIKE = re.compile(
    r"\bi (?:really |quite |do |absolutely )?(?:like|love|adore|fancy)\b"
    r"|\b(?:keen on|fond of|sold on|wild about|crazy about|mad about|taken with"
    r"|a (?:big |huge )?fan of) (?:this|that|these|those|it|them|the)\b"
    r"|^(?:love|like|adore|loving) (?:this|that|these|those|it|them|the)\b|\b(?:beautiful|gorgeous|"
    r"stunning|lovely|nice one|so pretty|great choice|my favou?rite|good one)\b"
    r"|\b(?:that|this|it) is (?:so |really |very )?(?:great|nice|perfect|cool|pretty|good|cute)\b"
)
_DISLIKE = re.compile(
    r"\bnot (?:\w+ ){0,5}?(?:keen on|fond of|sold on|wild about|crazy about|mad about|taken with"
    r"|convinced by|a (?:big |huge )?fan of|impressed (?:by|with))\b"
    r"|\bnot (?:really |particularly )?(?:like|love|into)\b|\b(?:hate|dislike|ugly|awful|terrible|"
    r"horrible|hideous|boring|yuck|ew|meh|disgusting)\b|\bnot (?:what i|my (?:style|taste|thing"
    r"|cup)|for me|"
    r"nice|good|it)\b|\bnot (?:this|that|these|those)(?: ones?)?$|\bcan not stand\b|\b(?:that"
    r"|this|it) is (?:bad|wrong)\b|\bnone of (?:these"
    r"|those|them)\b"
)
_UP, _DOWN = re.compile("[👍❤💖😍🥰💕🔥😻👌💯🙌👏🤩]"), re.compile("[👎💩🤮🤢]")


def verbs_of(plain: str) -> dict[str, bool]:
    """Return which kinds of request the verbs of a message make."""
    return {
        "is_make": bool(_MAKE.search(plain)),
        "is_edit": bool(_EDIT.search(plain)),
        "is_find": bool(_FIND.search(plain)),
        "is_more": bool(_MORE.search(plain)),
        "is_correction": bool(_CORRECTION.search(plain)),
        "is_desire": bool(_DESIRE.search(plain)),
        "no_make": bool(_NO_MAKE.search(plain)),
    }


def feedback_of(text: str, plain: str) -> str | None:
    """Return "like" or "dislike" when the message is an opinion, else None."""
    if _DOWN.search(text) or _DISLIKE.search(plain):
        return "dislike"
    return "like" if _UP.search(text) or _LIKE.search(plain) else None
