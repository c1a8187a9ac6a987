"""Numbers that name one person, found by pattern and proved by their checksums.

Sources of the rules: ICAO 9303 (passport lines), the issuing offices' published algorithms for
national numbers, Base58Check and BIP 173/350 for Bitcoin. Without a checksum (US, UK, Ethereum)
the pattern is narrow enough to stand alone.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable, Iterator
from datetime import date

_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
_HETU = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
# Values of the characters in odd places of an Italian code; in even places they count plainly.
_FISCAL_ODD = (
    *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18),
    *(20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
)
_VERHOEFF_PERMUTE = (
    *("0123456789", "1576283094", "5803796142", "8916043527"),
    *("9453126870", "4286573901", "2793806415", "7046913258"),
)
_MRZ_WEIGHTS = (7, 3, 1)


def locate_identifiers(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield (kind, start, end) of every number in the text that passes its checks."""
    for kind, pattern, is_valid in RULES:
        for match in pattern.finditer(text):
            if is_valid(match.group()):
                yield kind, match.start(), match.end()


def _digits(text: str) -> list[int]:
    return [int(c) for c in text if c.isdigit()]


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _spanish(text: str) -> bool:
    plain = text.upper().replace("-", "").replace(" ", "")
    number = plain[:-1].translate(str.maketrans("XYZ", "012"))
    return _DNI[int(number) % 23] == plain[-1]


def _italian(text: str) -> bool:
    plain = text.upper()
    total = 0
    for index, letter in enumerate(plain[:15]):
        value = int(letter) if letter.isdigit() else ord(letter) - 65
        total += _FISCAL_ODD[value] if index % 2 == 0 else value
    return chr(65 + total % 26) == plain[15]


def _french(text: str) -> bool:
    plain = re.sub(r"\s", "", text).upper().replace("2A", "19").replace("2B", "18")
    return plain.isdigit() and 97 - int(plain[:13]) % 97 == int(plain[13:])


def _german(text: str) -> bool:
    """Steuer-ID: one digit occurs twice or three times in the first ten; ISO 7064 MOD 11,10."""
    digits = _digits(text)
    if len(digits) != 11 or len(set(digits[:10])) not in {8, 9}:
        return False
    product = 10
    for digit in digits[:10]:
        product = ((digit + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == digits[10]


def _polish(text: str) -> bool:
    digits = _digits(text)
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)
    month = digits[2] * 10 + digits[3]
    century = {0: 1900, 20: 2000, 40: 2100, 80: 1800}.get(month - (month % 20), 0)
    is_date = century and _is_date(
        century + digits[0] * 10 + digits[1], month % 20, digits[4] * 10 + digits[5]
    )
    total = sum(digit * weight for digit, weight in zip(digits, weights, strict=True))
    return bool(is_date) and total % 10 == 0


def _swedish(text: str) -> bool:
    digits = _digits(text)[-10:]
    if not _is_date(2000 + digits[0] * 10 + digits[1], *_pairs(digits[2:6])):
        return False
    return _luhn(digits)


def _pairs(digits: list[int]) -> tuple[int, int]:
    return digits[0] * 10 + digits[1], digits[2] * 10 + digits[3]


def _luhn(digits: list[int]) -> bool:
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = digit * (2 if index % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _finnish(text: str) -> bool:
    plain = text.upper()
    day, month = int(plain[:2]), int(plain[2:4])
    return _is_date(2000, month, day) and _HETU[int(plain[:6] + plain[7:10]) % 31] == plain[10]


def _brazilian(text: str) -> bool:
    digits = _digits(text)
    if len(set(digits)) == 1:
        return False
    for length in (9, 10):
        total = sum(d * (length + 1 - i) for i, d in enumerate(digits[:length]))
        if total * 10 % 11 % 10 != digits[length]:
            return False
    return True


def _indian(text: str) -> bool:
    """Aadhaar: Verhoeff's dihedral checksum."""
    check = 0
    for index, digit in enumerate(reversed(_digits(text))):
        check = _dihedral(check, int(_VERHOEFF_PERMUTE[index % 8][digit]))
    return check == 0


def _dihedral(left: int, right: int) -> int:
    """Multiply in the dihedral group D5: 0-4 turn, 5-9 turn and flip."""
    turn = left % 5 + (right % 5 if left < 5 else -(right % 5))
    return turn % 5 + 5 * ((left >= 5) != (right >= 5))


def _chinese(text: str) -> bool:
    plain = text.upper()
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(d) * w for d, w in zip(plain[:17], weights, strict=True))
    born = _is_date(int(plain[6:10]), int(plain[10:12]), int(plain[12:14]))
    return born and "10X98765432"[total % 11] == plain[17]


def _passport_line(text: str) -> bool:
    """The second line of a passport: number, birth and expiry each with its check digit."""
    fields = (text[0:9], text[9]), (text[13:19], text[19]), (text[21:27], text[27])
    return all(check.isdigit() and _mrz_sum(part) == int(check) for part, check in fields)


def _mrz_sum(part: str) -> int:
    values = (0 if c == "<" else int(c, 36) for c in part)
    return sum(value * _MRZ_WEIGHTS[i % 3] for i, value in enumerate(values)) % 10


def _base58(text: str) -> bool:
    number = 0
    for letter in text:
        number = number * 58 + _BASE58.index(letter)
    if number.bit_length() > 200:
        return False
    data = number.to_bytes(25, "big")
    twice = hashlib.sha256(hashlib.sha256(data[:21]).digest()).digest()
    return twice[:4] == data[21:]


def _bech32(text: str) -> bool:
    plain = text.lower()
    prefix, _, data = plain.rpartition("1")
    values = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    values += [_BECH32.find(c) for c in data]
    if -1 in values:
        return False
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, term in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= term if top >> bit & 1 else 0
    return check in {1, 0x2BC830A3}


def _american(text: str) -> bool:
    area, group, serial = text.split("-")
    return area not in {"000", "666"} and area < "900" and group != "00" and serial != "0000"


def _ip(text: str) -> bool:
    """Whether it is an address of the public internet; private ranges name nobody."""
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


def _any(text: str) -> bool:
    return True


_START, _END = r"(?<![\w.])", r"(?!\w)"
RULES: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = tuple(
    (kind, re.compile(_START + pattern + _END), is_valid)
    for kind, pattern, is_valid in (
        (
            "passport",
            r"[A-Z0-9<]{9}\d[A-Z<]{3}\d{7}[MFX<]\d{7}[A-Z0-9<]{14}[\d<]\d",
            _passport_line,
        ),
        ("Spanish identity number", r"(?:\d{8}|[XYZ]-?\d{7})-?[A-Z]", _spanish),
        ("Italian tax code", r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", _italian),
        (
            "French social security number",
            r"[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}",
            _french,
        ),
        ("German tax number", r"[1-9]\d ?\d{3} ?\d{3} ?\d{3}", _german),
        ("Polish identity number", r"\d{11}", _polish),
        ("Swedish identity number", r"(?:\d{2})?\d{6}[-+]\d{4}", _swedish),
        ("Finnish identity number", r"\d{6}[-+A]\d{3}[0-9A-Y]", _finnish),
        ("Brazilian tax number", r"\d{3}\.\d{3}\.\d{3}-\d{2}", _brazilian),
        ("Indian identity number", r"[2-9]\d{3}[ -]\d{4}[ -]\d{4}", _indian),
        ("Chinese identity number", r"[1-9]\d{16}[\dXx]", _chinese),
        ("US social security number", r"\d{3}-\d{2}-\d{4}", _american),
        (
            "UK national insurance number",
            r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
            r"(?: ?\d{2} \d{2} \d{2} ?|\d{6})[A-D]",
            _any,
        ),
        ("crypto address", r"[13][1-9A-HJ-NP-Za-km-z]{25,34}", _base58),
        ("crypto address", r"(?:bc1|BC1)[0-9a-zA-Z]{11,71}", _bech32),
        ("crypto address", r"0x[0-9a-fA-F]{40}", _any),
        ("IP address", r"\d{1,3}(?:\.\d{1,3}){3}", _ip),
        ("IP address", r"(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{1,4}", _ip),
    )
)
