"""Things said to the instructor that ask for no clothes: greetings, questions, asides."""

from __future__ import annotations

import re

_ITEM = (
    r"(this|that|it|these|those|(the )?\w+ (one|item|picture|clip|video)"
    r"|the (picture|clip|video|item|first|second|third|fourth|fifth|last)|number \w+)"
)
# A question about money, whatever garment it names.
ASKS_PRICE = re.compile(
    r"\bhow (?:much|expensive)\b|\bprices?\b|\b(?:where|how) (?:can|could|do|would) i\b"
    r"|\b(?:can|could) i (?:buy|order|purchase)\b|^(?:buy|order|purchase)\b|\bfor sale\b"
    r"|\bin stock\b|\bwhat size|\bdelivery\b|\bshipping\b|\brefund\b"
)

# (topic, pattern over the plain words). They count whatever else is said.
_ALWAYS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        (
            "reset",
            r"^(please )?(start|begin) (over|again|afresh|anew|from scratch)\b|\bstart over\b"
            r"|\breset\b"
            r"|^(clear|forget) (everything|it all|all( of (it|that|this))?|my preferences"
            r"|what i said)\b"
            r"|\bclean slate\b|\bnew (conversation|chat|topic)\b|\bfrom scratch\b",
        ),
        (
            "undo",
            r"^(no )?(forget|scrap|cancel|drop|ignore|revert) "
            r"(that|the last (one|thing|bit))( please)?$|"
            r"^(please )?(undo|go back|take (that|it) back|step back|revert)( (that|it|please"
            r"|one step|"
            r"a step|the last (one|thing|change|step)))*$|\bundo (that|it|the last)\b|^oops$"
            r"|\bback to (the one |what we had )?before\b",
        ),
        (
            "why",
            r"\bwhy (am i|are you|do i|did you|did i|is|are|have you|would you|was|were)\b"
            rf".{{0,30}}\b(see|seeing|show|showing|shown|get|getting|recommend|recommending|here|"
            rf"pick|picked|choose|chose|suggest|suggested|{_ITEM[1:-1]})"
            r"|^why( this| that| it)?( one)?( \?)?$|\bhow come\b.{0,30}\b(see|show|get)",
        ),
        (
            "who_made",
            r"\bwho (made|make|designed|created|drew|uploaded|posted|owns|filmed|shot|took"
            r"|is behind)\b"
            r"|\bwho is (the )?(maker|author|designer|creator|uploader|owner)\b|\bwhose (is"
            r"|picture|design)\b",
        ),
        (
            "is_ai",
            rf"\b(is|are|was|were) {_ITEM} (an? |all |really |actually |even )*(ai|real|fake"
            rf"|generated|"
            r"artificial|human|computer|machine|made by|drawn by|photo|genuine)\b"
            r"|\b(ai|machine|computer|robot) (or|and) (human|real|a person|person)\b"
            r"|\b(human|real|person) or (an? )?(ai|machine|fake|robot|computer)\b"
            r"|\bwhich (ones? |of (these|them|those|the \w+) )?(is|are|was|were) .{0,24}\b(ai|human"
            r"|humans|machine|person|people|computer)\b"
            r"|\bdid (an? )?(ai|machine|human|person|robot|computer) (make|draw|create|design)\b"
            r"|\bis .{0,24}\b(made|generated|created|drawn) by (an? )?(ai|human|machine|person"
            r"|computer)\b",
        ),
        (
            "about",
            r"\bwhat (colou?r|pattern|type|kind|piece)s? (is|are|does)\b"
            r"|\bwhat (is|are) the (colou?r|pattern|print|material|fabric|garment)s? of\b"
            rf"|\b(tell me (more )?about|describe|explain) {_ITEM}"
            rf"|\bwhat (is|are) {_ITEM} made (of|from)\b|\bwhat (material|fabric|brand)\b"
            r"|\bwhat is (this|that|the \w+) (one|piece|item|garment|thing)\b",
        ),
        (
            "opinion",
            r"\bcompare\b|\bdifference between\b|\bwhich (one |of (these|them|those) )?"
            r"(is|are|do you|would you|should i)\b"
            rf"|\b(what|how) do you (think of|like|feel about) {_ITEM}\b"
            rf"|\bdo you like {_ITEM}\b|\b(does|would|will) {_ITEM} (suit|fit|look good)\b",
        ),
        (
            "help",
            r"\bdo you (speak|understand|know) (any )?(english|german|french|spanish|italian|dutch"
            r"|polish|languages?)\b"
            r"|\bcan you (also )?(make|create|do|edit|change|show) (my (own )?)?"
            r"(videos|clips|pictures|photos|images|photo)( too| as well)?( \?)?$"
            r"|\b(what|which) (kinds?|types?|sorts?|colou?rs|patterns|styles|garments|clothes)"
            r"( of \w+)? (do you|are there|can (you|i)|exist)\b",
        ),
        (
            "manage",
            rf"\b(delete|report|flag|download|save|bookmark|hide) {_ITEM}"
            rf"|\b(share|send) {_ITEM} (with|to)\b"
            r"|\bfollow (the )?(maker|creator|uploader|author)\b",
        ),
        (
            "upload",
            r"\bhow (do|can|could|would|should) i (publish|upload|post|share|sell|add)\b"
            r"|\bupload (my|a|an)\b|\bpost my own\b|\bbecome an? (uploader|creator|seller)\b",
        ),
        (
            "price",
            r"\bis (this|it|weft|that) free\b|\b(cheap|cheaper|expensive|afford|affordable|"
            r"budget)\b"
            r"|\bhow much (is|are|does|do"
            r"|for|would)\b|\bprice|\bhow expensive\b"
            r"|\b(where|how) (can|could|do|would) i (buy|order|get hold of|purchase)\b"
            r"|\b(can|could) i (buy|order|purchase)\b|^(buy|order|purchase) \b|\bfor sale\b"
            r"|\bin stock\b"
            r"|\bsize (guide|chart)\b|\bwhat size\b|\bdelivery\b|\bshipping\b|\brefund\b",
        ),
        (
            "ai_share",
            r"\b(less|fewer|more|no more|no|stop|only|hide|without|reduce|turn off|switch off"
            r"|too much|"
            r"increase|disable) "
            r"(show |showing |making |seeing |me |of |the |any |all |that |your )*"
            r"(ai|a i|artificial|generated|machine made|human made|humans?)\b(?! (skirt|dress"
            r"|shirt|top))"
            r"|\b(share|amount|how much) (of )?ai\b|\bpeople made only\b|\bonly (by )?(people"
            r"|humans)\b"
            r"|\b(do not|stop) (want |like |need )?(to see |seeing )?(any )?(ai|generated)\b",
        ),
        (
            "privacy",
            r"\bwhat (data|information)\b|\bwhat do you (know|store|save|keep|remember) about me\b"
            r"|\bmy (personal )?(data|privacy)\b|\bdelete my\b|\bprivacy\b|\bgdpr\b"
            r"|\bare you (spying|tracking|"
            r"recording|listening)\b|\bwho (can|could) (see|read) (this|my|what)\b",
        ),
        (
            "memory",
            r"\bwhat do you (know|remember) about my (taste|style|wishes|preferences|likes)\b|"
            r"\bwhat (did|have) i (say|said|ask|asked|tell|told|want|wanted|like)\b"
            r"|\bwhat do you remember\b|\bwhat are my (preferences|wishes|tastes)\b"
            r"|\bwhat have i told\b"
            r"|\bwhat (do|am) i (like|want|looking for)\b|\bremind me what\b",
        ),
        (
            "status",
            r"\b(is|are) (it|my \w+|the \w+) (ready|done|finished)\b|\bwhere is my\b|\bhow long\b"
            r"|\bwhat happened to\b|\bstill (working|waiting|making)\b|\b(cancel|stop) (it|that"
            r"|the job|making)\b",
        ),
        (
            "off_topic",
            r"\b(weather|forecast for|football|soccer|election|president|stock market|bitcoin"
            r"|crypto|recipe|"
            r"poem|essay|homework|joke|riddle|translate|calculate|equation|python|javascript"
            r"|source code|"
            r"capital of|population of|news|horoscope|lottery|medicine|doctor|lawyer|tax return|"
            r"meaning of life|world cup|olympics|plane ticket|hotel|restaurant|pizza|book me|"
            r"what time is it|what day is it|square root|who won|chess|song lyrics|sing me)\b"
            r"|\b(write|draft|compose|pen) (me )?(a|an|some|my) (\w+ )?(story|poem|essay|letter"
            r"|email|e mail|song|code|program|text)\b"
            r"|^\d+ ?[+*/x-] ?\d+",
        ),
    )
)

# These count only when the message asks for nothing else.
_ALONE: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        (
            "identity",
            r"\b(who|what) are you\b|\bare you (an? )?(ai|bot|robot|human|real|person|machine|llm"
            r"|chatgpt|"
            r"language model|gpt)\b|\byour name\b|\bam i (talking|speaking|chatting) (to|with)\b"
            r"|\bwho (made|built|created) you\b",
        ),
        (
            "help",
            r"^(help|help me|please help|help please)( !| \?)?$|\bwhat can (you|i) (do|ask|say"
            r"|make)\b"
            r"|\bhow (does|do) (this|it|you|weft|i use)\b|\bwhat (is this|is weft|do you do)\b"
            r"|\bhow can you help\b|\bi need (some )?help\b|\binstructions\b|\bwhat should i (say"
            r"|type)\b",
        ),
        (
            "scolded",
            r"\byou are (so |really |just )?(stupid|dumb|useless|bad|terrible|annoying|an idiot"
            r"|no help|hopeless|the worst)\b|\byou (suck|do not get it|never listen)\b",
        ),
        (
            "smalltalk",
            r"\bhow are you\b|\bhow is it going\b|\bwhat is up\b|\bnice to meet\b|\bdo you love\b"
            r"|\byou are (great|nice|funny|cool|smart|awesome|the best"
            r"|amazing)\b"
            r"|\bi love you\b|^(lol|haha|hehe|ha|hmm+|wow|omg)\b( [.!?])*$",
        ),
        (
            "thanks",
            r"\b(thanks|thank you|cheers|much appreciated|merci|danke|gracias|grazie)\b",
        ),
        (
            "bye",
            r"^(ok |okay )?(bye|goodbye|see you|good night|ciao|that is all|that is it"
            r"|i am done)\b",
        ),
        (
            "greeting",
            r"^(hi|hello|hey|hiya|yo|hallo|hola|bonjour|ciao|salut|howdy|greetings|"
            r"good (morning|afternoon|evening|day)|(the )?top of the morning)\b",
        ),
    )
)

AFFIRM = re.compile(
    r"^(yes|yeah|yep|yup|sure|ok|okay|please|please do|go ahead|do it|go for it|why not|of course|"
    r"absolutely|definitely|sounds good|great|perfect|fine|make it|make one|ja|oui|si|sí|y|"
    r"i would (like|love) (that|to)|let us do it|do that|that would be (nice|great|lovely))"
    r"( (please|do|make it|make one|then|thanks|go ahead|sure|do it|that|yes))*( [.,!])*"
    r"( (please|do|make it|make one|then|thanks|go ahead|sure|do it|that))*( [.!])*$"
)
DENY = re.compile(
    r"^(no|nope|nah|nah (fam|mate|bro)|stop|cancel|no thanks|no thank you|not now|not really|"
    r"never mind|nevermind|leave it|"
    r"do not|do not bother|forget it|maybe later|non|nein|n)( (thanks|thank you|please|it|that))*"
    r"( [.,!])*( (thanks|thank you))?( [.!])*$"
)
ANYTHING = re.compile(
    r"\b(surprise me|anything( you like| goes| at all)?|whatever( you like| you want)?|"
    r"you (choose|decide|pick)|up to you|i do not (know|care|mind)|no idea|not sure|idk|dunno)\b"
)


def topic_of(plain: str) -> str | None:
    """Return the topic that a message raises whatever else it says, or None."""
    return next((name for name, pattern in _ALWAYS if pattern.search(plain)), None)


def aside_of(plain: str) -> str | None:
    """Return the topic of a message that asks for nothing, or None."""
    return next((name for name, pattern in _ALONE if pattern.search(plain)), None)
