"""F2: nothing private in the delivered files, nothing private in the words."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from moderation.core.checks.contract import DeliveredFile, Finding, ScreeningInput, Verdict

EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,4}")
# Nine digits or more, a leading + or 0 or brackets: shorter runs are sizes and prices.
PHONE = re.compile(r"(?<![\w.])(?<!\d )(?:\+|00|\(?0)\d?[\d\s()./-]{7,20}\d(?!\w)")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b")
CARD = re.compile(r"(?<![\d.])(?:\d[ -]?){12,18}\d(?![\d.])")
# JPEG segments that may carry more than a picture needs. APP11 is the signed manifest.
_JPEG_PRIVATE = {0xE1: "EXIF or XMP", 0xED: "IPTC", 0xFE: "a comment", 0xE3: "META"}
_PNG_PRIVATE = {b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"}
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
    """Flag e-mail addresses, telephone, bank and card numbers in words that others read."""
    found = [
        {"field": field, "kind": kind, "text": _masked(text)}
        for field, value in given.texts.items()
        for kind, text in find_personal_data(value)
    ]
    if not found:
        return Finding(Verdict.PASS, "The words hold no personal data.")
    kinds = ", ".join(sorted({entry["kind"] for entry in found}))
    return Finding(
        Verdict.FLAG,
        f"The words seem to hold personal data: {kinds}.",
        float(len(found)),
        evidence={"found": found},
    )


def find_personal_data(text: str) -> list[tuple[str, str]]:
    """Return (kind, matched text) of everything personal; numbers must pass their checksum."""
    found = [("e-mail address", match.group()) for match in EMAIL.finditer(text)]
    taken: list[tuple[int, int]] = []
    for match in IBAN.finditer(text):
        if (number := _valid_iban(match.group())) is not None:
            found.append(("bank account", number))
            taken.append(match.span())
    for match in CARD.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if _valid_card(digits) and not _inside(match.span(), taken):
            found.append(("card number", match.group()))
            taken.append(match.span())
    for match in PHONE.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if 9 <= len(digits) <= 15 and not _inside(match.span(), taken):
            found.append(("telephone number", match.group()))
    return found


def _valid_card(digits: str) -> bool:
    """Luhn's checksum; all-equal digits pass it and mean nothing."""
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if index % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _valid_iban(text: str) -> str | None:
    """Return the account number if some prefix of the match passes the checksum mod 97.

    The pattern also swallows capital words that follow, hence the prefixes.
    """
    compact = text.replace(" ", "")
    for length in range(min(len(compact), 34), 14, -1):
        number = compact[:length]
        moved = number[4:] + number[:4]
        if int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1:
            return number
    return None


def _inside(span: tuple[int, int], taken: list[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in taken)


def _masked(text: str) -> str:
    """Show enough to find it and too little to use it: evidence is stored."""
    return text[:3] + "…" + text[-2:] if len(text) > 6 else "…"


def _leaks(file: DeliveredFile) -> Iterator[str]:
    if file.mime == "image/jpeg":
        yield from _jpeg_leaks(file.data)
    elif file.mime == "image/png":
        yield from _png_leaks(file.data)
    elif file.mime == "video/mp4":
        yield from ("a position" for tag in _MP4_PRIVATE if tag in file.data)


def _jpeg_leaks(data: bytes) -> Iterator[str]:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        if marker in _JPEG_PRIVATE:
            yield _JPEG_PRIVATE[marker]
        at += 2 + length


def _png_leaks(data: bytes) -> Iterator[str]:
    at = 8
    while at + 8 <= len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        if name in _PNG_PRIVATE:
            yield f"a {name.decode()} chunk"
        at += 12 + length
