"""F2: nothing private in the delivered files, nothing private in the words."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from moderation.core.checks.contract import DeliveredFile, Finding, ScreeningInput, Verdict
from moderation.core.checks.identifiers import locate_identifiers
from moderation.core.checks.places import locate_places

EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,4}")
# Nine digits or more, a leading + or 0 or brackets: shorter runs are sizes and prices.
PHONE = re.compile(r"(?<![\w.])(?<!\d )(?:\+|00|\(?0)\d?[\d\s()./-]{7,20}\d(?!\w)")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b")
CARD = re.compile(r"(?<![\d.])(?:\d[ -]?){12,18}\d(?![\d.])")
_AS_IN_FILE_NAMES = str.maketrans("_", " ")
# JPEG segments that may carry more than a picture needs. APP11 is the signed manifest.
_JPEG_PRIVATE = {0xE1: "EXIF or XMP", 0xED: "IPTC", 0xFE: "a comment", 0xE3: "META"}
_PNG_PRIVATE = {b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"}
_WEBP_PRIVATE = {b"EXIF", b"XMP "}
_MP4_PRIVATE = (b"\xa9xyz", b"loci", b"com.apple.quicktime.location")


def delivered_metadata(given: ScreeningInput, threshold: float) -> Finding:
    """Flag files that would tell people more than they show: position, device, comments."""
    if not given.files:
        return Finding(Verdict.CANNOT_TELL, "There are no files to look into.")
    found = {file.role: leaks for file in given.files if (leaks := sorted(set(_leaks(file))))}
    checked = [file.role for file in given.files]
    if found:
        what = ", ".join(sorted({leak for leaks in found.values() for leak in leaks}))
        return Finding(
            Verdict.FLAG, f"The delivered files carry {what}.", evidence={"found": found}
        )
    return Finding(
        Verdict.PASS, "The delivered files carry no private metadata.", evidence={"files": checked}
    )


def personal_data(given: ScreeningInput, threshold: float) -> Finding:
    """Flag contacts, bank and card numbers, identity numbers and addresses in words for others."""
    located = [
        (field, value, place)
        for field, value in given.texts.items()
        for place in locate_personal_data(value)
    ]
    if not located:
        return Finding(Verdict.PASS, "The words hold no personal data.")
    found = [
        {"field": field, "kind": kind, "text": _masked(value[start:end])}
        for field, value, (kind, start, end) in located
    ]
    spans = [
        {"field": field, "start": start, "end": end, "label": kind}
        for field, _, (kind, start, end) in located
    ]
    kinds = ", ".join(sorted({entry["kind"] for entry in found}))
    return Finding(
        Verdict.FLAG,
        f"The words seem to hold personal data: {kinds}.",
        float(len(found)),
        evidence={"found": found, "spans": spans},
    )


def find_personal_data(text: str) -> list[tuple[str, str]]:
    """Return (kind, matched text) of everything personal; numbers must pass their checksum."""
    return [(kind, text[start:end]) for kind, start, end in locate_personal_data(text)]


def locate_personal_data(text: str) -> list[tuple[str, int, int]]:
    """Return (kind, start, end) of everything personal. What was told apart is not told again.

    Underscores count as spaces: in names of files they stand between words and numbers.
    """
    plain = text.translate(_AS_IN_FILE_NAMES)
    found = [("e-mail address", *match.span()) for match in EMAIL.finditer(text)]
    for match in IBAN.finditer(plain):
        if (end := _end_of_iban(match.group())) is not None:
            found.append(("bank account", match.start(), match.start() + end))
    for kind, start, end in locate_places(plain):
        _add(found, kind, start, end)
    for kind, start, end in locate_identifiers(plain):
        _add(found, kind, start, end)
    for match in CARD.finditer(plain):
        if _valid_card(re.sub(r"\D", "", match.group())):
            _add(found, "card number", *match.span())
    for match in PHONE.finditer(plain):
        if 9 <= sum(c.isdigit() for c in match.group()) <= 15:
            _add(found, "telephone number", *match.span())
    return sorted(found, key=lambda place: place[1])


def _add(found: list[tuple[str, int, int]], kind: str, start: int, end: int) -> None:
    if not any(start < other_end and other < end for _, other, other_end in found):
        found.append((kind, start, end))


def _valid_card(digits: str) -> bool:
    """Luhn's checksum; all-equal digits pass it and mean nothing."""
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if index % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _end_of_iban(text: str) -> int | None:
    """Return where the account number ends if some prefix of the match passes mod 97.

    The pattern also swallows capital words that follow, hence the prefixes.
    """
    compact = text.replace(" ", "")
    for length in range(min(len(compact), 34), 14, -1):
        number = compact[:length]
        moved = number[4:] + number[:4]
        if int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1:
            places = [place for place, letter in enumerate(text) if letter != " "]
            return places[length - 1] + 1
    return None


def _masked(text: str) -> str:
    """Show enough to find it and too little to use it: evidence is stored."""
    return text[:3] + "…" + text[-2:] if len(text) > 6 else "…"


def _leaks(file: DeliveredFile) -> Iterator[str]:
    if file.mime == "image/jpeg":
        yield from _jpeg_leaks(file.data)
    elif file.mime == "image/png":
        yield from _png_leaks(file.data)
    elif file.mime == "image/webp":
        yield from _webp_leaks(file.data)
    elif file.mime == "video/mp4":
        yield from ("a position" for tag in _MP4_PRIVATE if tag in file.data)


def _jpeg_leaks(data: bytes) -> Iterator[str]:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        if marker in _JPEG_PRIVATE:
            yield _JPEG_PRIVATE[marker]
        at += 2 + length


def _webp_leaks(data: bytes) -> Iterator[str]:
    at = 12
    while at + 8 <= len(data):
        name, length = struct.unpack("<4sI", data[at : at + 8])
        if name in _WEBP_PRIVATE:
            yield f"a {name.decode().strip()} chunk"
        at += 8 + length + length % 2


def _png_leaks(data: bytes) -> Iterator[str]:
    at = 8
    while at + 8 <= len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        if name in _PNG_PRIVATE:
            yield f"a {name.decode()} chunk"
        at += 12 + length
