"""The platform as its own certificate authority: keys for signing, made once and rotated.

A root that signs nothing but issuers; for every rotation a new issuer and a new signing
certificate in a folder of its own. The roots are never replaced, only joined by others, so whatever
was signed before a rotation stays valid.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROOT_DAYS, ISSUER_DAYS, SIGNING_DAYS = 3650, 3650, 1825
_ROOT = "c2pa-ca"
_CERT, _KEY = "c2pa-signing.pem", "c2pa-signing.key"
_PEM = serialization.Encoding.PEM


class RotationError(Exception):
    """No new signing key could be made; the message says why. The old one goes on working."""


@dataclass(frozen=True)
class Keys:
    """Where the authority and the signing keys lie, and whom else we believe.

    Generations lie in folders 0002, 0003, …; the first in `folder` itself.
    """

    folder: Path
    # Roots of others, as PEM: what they signed is trusted too, but is not ours.
    known_anchors: str = ""
    # Address of a time-stamping authority (RFC 3161); "" for none.
    time_authority: str = ""

    @property
    def own_anchors(self) -> str:
        """Every root that ever was ours, as PEM."""
        return "".join(path.read_text() for path in sorted(self.folder.glob(f"{_ROOT}*.pem")))

    @property
    def generation(self) -> int:
        return _generation(self.folder)

    @property
    def chain(self) -> str:
        return (self._current / _CERT).read_text()

    @property
    def private_key(self) -> str:
        return (self._current / _KEY).read_text()

    @property
    def valid_until(self) -> datetime:
        """When the signing certificate runs out."""
        return x509.load_pem_x509_certificates(self.chain.encode())[0].not_valid_after_utc

    @property
    def _current(self) -> Path:
        number = self.generation
        return self.folder if number == 1 else self.folder / f"{number:04d}"


def ensure_keys(folder: Path, known_anchors: str = "", time_authority: str = "") -> Keys:
    """Return the keys of this folder, making authority and signing key on first use.

    Several processes may come first at once: the folder is filled beside and renamed into place.
    """
    folder = Path(folder)
    keys = Keys(folder / "c2pa", known_anchors, time_authority)
    if keys.folder.exists():
        return keys
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"c2pa.{os.getpid()}"
    fresh.mkdir(mode=0o700, exist_ok=True)
    _make_root(fresh, _ROOT)
    _make_signing(fresh, fresh, _ROOT)
    _into_place(fresh, keys.folder)
    return keys


def rotate_keys(keys: Keys, *, new_root: bool = False) -> Keys:
    """Make the next generation of issuer and signing key, by a new root if asked for.

    Safe when two do it at once: one of them wins. Raises RotationError when the root's own key is
    kept elsewhere, as it should be on a large site: bring it for the rotation, then take it away.
    """
    number = keys.generation + 1
    root = f"{_ROOT}-{number:04d}" if new_root else _newest_root(keys.folder)
    if new_root:
        _make_root(keys.folder, root)
    elif not (keys.folder / f"{root}.key").exists():
        raise RotationError(f"The key {root}.key of the authority is not here.")
    fresh = keys.folder / f"{number:04d}.{os.getpid()}"
    fresh.mkdir(mode=0o700, exist_ok=True)
    _make_signing(fresh, keys.folder, root)
    _into_place(fresh, keys.folder / f"{number:04d}")
    return keys


def _generation(folder: Path) -> int:
    names = (path.name for path in folder.iterdir() if path.is_dir())
    return max((int(name) for name in names if name.isdigit()), default=1)


def _newest_root(folder: Path) -> str:
    return sorted(path.stem for path in folder.glob(f"{_ROOT}*.pem"))[-1]


def _into_place(fresh: Path, wanted: Path) -> None:
    try:
        fresh.rename(wanted)
    except OSError:
        # Another process was faster: its keys count.
        shutil.rmtree(fresh)


def _make_root(folder: Path, name: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name("Weft content authority")
    certificate = _signed(subject, subject, key, key, ROOT_DAYS, path_length=1)
    _write(folder / f"{name}.key", _pem_key(key))
    _write(folder / f"{name}.pem", certificate.public_bytes(_PEM))


def _make_signing(target: Path, folder: Path, root: str) -> None:
    """Write a signing key and its chain, from the file's own certificate up to the root."""
    root_key = _load_key(folder / f"{root}.key")
    chain = [x509.load_pem_x509_certificate((folder / f"{root}.pem").read_bytes())]
    issuer_key = root_key
    if _may_have_issuers(chain[0]):
        issuer_key = ec.generate_private_key(ec.SECP256R1())
        issuer = _name("Weft content issuer")
        made = _signed(issuer, chain[0].subject, issuer_key, root_key, ISSUER_DAYS, path_length=0)
        chain.insert(0, made)
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Weft content signing")
    chain.insert(0, _signed(name, chain[0].subject, key, issuer_key, SIGNING_DAYS))
    _write(target / _KEY, _pem_key(key))
    _write(target / _CERT, b"".join(one.public_bytes(_PEM) for one in chain))


def _may_have_issuers(root: x509.Certificate) -> bool:
    """Roots of earlier installations sign files' certificates themselves."""
    length = root.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    return length is None or length > 0


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    days: int,
    path_length: int | None = None,
) -> x509.Certificate:
    """Return a certificate: an authority's when it has a path length, else one that signs files."""
    is_ca = path_length is not None
    now, public = datetime.now(UTC), key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=path_length), critical=True)
        .add_extension(_usage(signs_files=not is_ca), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    if not is_ca:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Weft"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _usage(*, signs_files: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs_files,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs_files,
        crl_sign=not signs_files,
        encipher_only=False,
        decipher_only=False,
    )


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise RotationError(f"{path.name} is no key of an elliptic curve.")
    return key


def _pem_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _write(path: Path, data: bytes) -> None:
    """Write a file that only we may read, from its first moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
