"""Signed manifests (C2PA): who made a file, how, and proof that it was not changed since.

The platform is its own certificate authority. Keys are made once, at set-up; nothing here
reaches the network.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SOURCE_TYPES = {
    "ai": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    "ai_assisted": (
        "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    ),
}
SIGNABLE = frozenset({"image/jpeg", "image/png", "image/webp", "video/mp4"})
_CA_CERT, _CA_KEY = "c2pa-ca.pem", "c2pa-ca.key"
_CERT, _KEY = "c2pa-signing.pem", "c2pa-signing.key"


class ManifestError(Exception):
    """The file could not be signed; the message says why."""


class State(StrEnum):
    VALID = "valid"
    UNTRUSTED = "untrusted"  # whole and correctly signed, by somebody whom we do not know
    INVALID = "invalid"
    ABSENT = "absent"


@dataclass(frozen=True)
class Keys:
    """Where the certificate authority and the signing key lie."""

    folder: Path

    @property
    def anchor(self) -> str:
        return (self.folder / _CA_CERT).read_text()

    @property
    def chain(self) -> str:
        return (self.folder / _CERT).read_text()

    @property
    def private_key(self) -> str:
        return (self.folder / _KEY).read_text()


@dataclass(frozen=True)
class Claim:
    """What a manifest says about an item."""

    title: str
    origin: str
    generator: str
    model_revision: str = ""
    actions: tuple[str, ...] = ()
    # What conditioned it, as counts: whom it was made for and what they like stays with us.
    conditions: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ManifestReport:
    """What a file's manifest says and whether it can be believed."""

    state: State
    issuer: str = ""
    title: str = ""
    generator: str = ""
    source_type: str = ""
    actions: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def says_ai(self) -> bool:
        return self.source_type in SOURCE_TYPES.values()


def ensure_keys(folder: Path) -> Keys:
    """Return the keys of this folder, making authority and signing key on first use.

    Several processes may come first at once: the folder is filled beside and renamed into place.
    """
    folder = Path(folder)
    keys = Keys(folder / "c2pa")
    if keys.folder.exists():
        return keys
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"c2pa.{os.getpid()}"
    fresh.mkdir(mode=0o700, exist_ok=True)
    _make_keys(fresh)
    try:
        fresh.rename(keys.folder)
    except OSError:
        # Another process was faster: its keys count.
        for file in fresh.iterdir():
            file.unlink()
        fresh.rmdir()
    return keys


def sign(data: bytes, mime: str, claim: Claim, keys: Keys) -> bytes:
    """Return the file with a signed manifest inside. For video: after the final mux only."""
    if mime not in SIGNABLE:
        raise ManifestError(f"Files of type {mime} cannot carry a manifest.")
    target = io.BytesIO()
    try:
        info = c2pa.C2paSignerInfo(
            alg=c2pa.C2paSigningAlg.ES256,
            sign_cert=keys.chain.encode(),
            private_key=keys.private_key.encode(),
            ta_url=None,
        )
        with (
            c2pa.Signer.from_info(info) as signer,
            c2pa.Context.from_dict(_settings(keys)) as context,
            c2pa.Builder(_definition(claim, mime), context=context) as builder,
        ):
            builder.sign(signer, mime, io.BytesIO(data), target)
    except c2pa.C2paError as error:
        raise ManifestError(f"The manifest could not be written: {error}") from error
    return target.getvalue()


def read(data: bytes, mime: str, keys: Keys) -> ManifestReport:
    """Return what the file's manifest says; a file without one is `absent`, not an error."""
    try:
        store = json.loads(_read_json(data, mime, keys))
    except c2pa.C2paError as error:
        if "ManifestNotFound" in type(error).__name__ or "ManifestNotFound" in str(error):
            return ManifestReport(State.ABSENT)
        if "NotSupported" in type(error).__name__ or "JumbfNotFound" in str(error):
            return ManifestReport(State.ABSENT)
        return ManifestReport(State.INVALID, problems=(str(error)[:200],))
    return _report(store)


def digest(data: bytes, mime: str, keys: Keys) -> str:
    """Return a SHA-256 that names the file's manifest, or "" when it has none."""
    try:
        return hashlib.sha256(_read_json(data, mime, keys).encode()).hexdigest()
    except c2pa.C2paError:
        return ""


def _read_json(data: bytes, mime: str, keys: Keys) -> str:
    with (
        c2pa.Context.from_dict(_settings(keys)) as context,
        c2pa.Reader(mime, io.BytesIO(data), context=context) as reader,
    ):
        return reader.json()


def _report(store: dict[str, Any]) -> ManifestReport:
    active = store.get("manifests", {}).get(store.get("active_manifest", ""), {})
    codes = [str(entry.get("code", "")) for entry in store.get("validation_status") or []]
    wrong = [code for code in codes if code != "signingCredential.untrusted"]
    if wrong or store.get("validation_state") == "Invalid":
        state = State.INVALID
    elif codes or store.get("validation_state") != "Trusted":
        state = State.UNTRUSTED
    else:
        state = State.VALID
    actions = _actions(active)
    generators = active.get("claim_generator_info") or [{}]
    return ManifestReport(
        state=state,
        issuer=str((active.get("signature_info") or {}).get("issuer", "")),
        title=str(active.get("title", "")),
        generator=str(generators[0].get("name", "")),
        source_type=next((a["digitalSourceType"] for a in actions if "digitalSourceType" in a), ""),
        actions=tuple(str(action.get("action", "")) for action in actions),
        problems=tuple(wrong),
    )


def _actions(active: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        action
        for assertion in active.get("assertions", [])
        if str(assertion.get("label", "")).startswith("c2pa.actions")
        for action in assertion.get("data", {}).get("actions", [])
    ]


def _definition(claim: Claim, mime: str) -> dict[str, Any]:
    source = SOURCE_TYPES.get(claim.origin)
    if source is None:
        raise ManifestError("Only what AI made or changed gets a manifest of ours.")
    agent = {"name": claim.generator, "version": claim.model_revision or "unknown"}
    # A manifest must begin with how the file came to be.
    actions: list[dict[str, Any]] = [
        {"action": "c2pa.created", "digitalSourceType": source, "softwareAgent": agent}
    ]
    actions += [
        {"action": action, "digitalSourceType": source, "softwareAgent": agent}
        for action in claim.actions
    ]
    return {
        "claim_generator_info": [{"name": "Weft", "version": "1"}],
        "title": claim.title,
        "format": mime,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}},
            {"label": "org.weft.conditions", "data": dict(claim.conditions)},
        ],
    }


def _settings(keys: Keys) -> dict[str, Any]:
    return {
        "version": 1,
        "trust": {"user_anchors": keys.anchor},
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True},
        "builder": {"thumbnail": {"enabled": False}},
    }


# --- keys -----------------------------------------------------------------------------------


def _make_keys(folder: Path) -> None:
    ca_key, signing_key = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256R1()),
    )
    ca_cert = _ca_certificate(ca_key)
    cert = _signing_certificate(signing_key, ca_key, ca_cert)
    _write(folder / _CA_KEY, _pem_key(ca_key))
    _write(folder / _KEY, _pem_key(signing_key))
    pem = serialization.Encoding.PEM
    _write(folder / _CA_CERT, ca_cert.public_bytes(pem))
    _write(folder / _CERT, cert.public_bytes(pem) + ca_cert.public_bytes(pem))


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Weft"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _builder(subject: x509.Name, issuer: x509.Name, days: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=days))
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


def _ca_certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name, public = _name("Weft content authority"), key.public_key()
    return (
        _builder(name, name, 3650)
        .public_key(public)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_files=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def _signing_certificate(
    key: ec.EllipticCurvePrivateKey, ca_key: ec.EllipticCurvePrivateKey, ca: x509.Certificate
) -> x509.Certificate:
    public = key.public_key()
    return (
        _builder(_name("Weft content signing"), ca.subject, 1825)
        .public_key(public)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_files=True), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )


def _pem_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, data: bytes) -> None:
    """Write a file that only we may read, from its first moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
