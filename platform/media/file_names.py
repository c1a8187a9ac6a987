"""Names of uploaded files: what is wrong with one, and how it may be shown.

A name is a stranger's text. It is never used as a key, never stored, and never tells what a file
is; where it is repeated to whoever sent it, only its cleaned form is.
"""

from __future__ import annotations

import re
import unicodedata

MAX_SHOWN = 60
MAX_NAME = 255
NAMELESS = "file"
# Endings that make a computer do something; one before the last is hidden from many people.
_ACTIVE = frozenset(
    (
        *("exe", "scr", "bat", "cmd", "pif", "msi", "vbs", "vbe", "js", "jse", "wsf", "hta"),
        *("lnk", "ps1", "jar", "app", "sh", "php", "phtml", "asp", "aspx", "jsp", "cgi", "py"),
        *("pl", "rb", "html", "htm", "xhtml", "svg", "svgz", "xml", "swf", "dll", "apk", "dmg"),
        *("iso", "url"),
    )
)
# Marks that turn the order of what follows: "photo<RLO>gpj.exe" reads "photoexe.jpg".
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ENDING = re.compile(r"[A-Za-z0-9]{1,8}")

TOO_LONG = f"The name of this file is too long: at most {MAX_NAME} characters."
CONTROL = "The name of this file holds characters that cannot be seen. Please rename it."
TURNED = "The name of this file holds marks that turn its letters around. Please rename it."
HIDDEN_ENDING = "The name of this file hides another kind of file (.{}). Please rename it."
OTHER_KIND = "A file that ends in .{} is no picture or video. Please rename it if it is one."


def problem_of_name(name: str) -> str:
    """Return a sentence on what is wrong with an upload's name, or "" when nothing is."""
    if len(name) > MAX_NAME:
        return TOO_LONG
    if any(c in _TURNING for c in name):
        return TURNED
    if any(unicodedata.category(c) in {"Cc", "Cs", "Co", "Zl", "Zp"} for c in name):
        return CONTROL
    endings = _endings(_last_part(name))
    if endings and endings[-1] in _ACTIVE:
        return OTHER_KIND.format(endings[-1])
    hidden = next((one for one in endings[-3:-1] if one in _ACTIVE), "")
    return HIDDEN_ENDING.format(hidden) if hidden else ""


def clean_name(name: str) -> str:
    """Return a name that can be shown: its last part, in one line, without invisible characters.

    Long names lose their middle and keep their ending; what nothing is left of is "file".
    """
    kept = "".join(
        " " if c.isspace() or unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c
        for c in unicodedata.normalize("NFC", _last_part(name))
        if unicodedata.category(c) not in {"Cf", "Cs", "Co", "Cn"}
    )
    shown = " ".join(kept.split()).strip(". ")
    if len(shown) > MAX_SHOWN:
        shown = f"{shown[: MAX_SHOWN - 13].rstrip()}…{shown[-12:].lstrip()}"
    return shown or NAMELESS


def _last_part(name: str) -> str:
    """Return the name without folders, written with either slash."""
    return re.split(r"[/\\]", name.rstrip("/\\ "))[-1]


def _endings(name: str) -> list[str]:
    """Return what may be an ending, in order: the parts behind dots that look like one.

    Spaces before a dot hide an ending too: "photo.exe     .jpg".
    """
    parts = [part.strip() for part in unicodedata.normalize("NFKC", name).split(".")[1:]]
    return [part.lower() for part in parts if _ENDING.fullmatch(part)]
