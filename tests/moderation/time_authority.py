"""A small time-stamping authority (RFC 3161) on this machine, with a root of its own."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SHA256 = {"algorithm": "sha256"}
POLICY = "1.3.6.1.4.1.55555.1"


class TimeAuthority:
    """Its certificate, its root, and the moments that it stamped."""

    def __init__(self) -> None:
        root_key = ec.generate_private_key(ec.SECP256R1())
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.root = _certificate("Time root", root_key, root_key, is_root=True)
        self.certificate = _certificate("Time stamps", self._key, root_key, is_root=False)
        self.url = ""
        # A wrong digest in the answer, as of another file.
        self.lies = False
        self.stamped: list[datetime] = []

    @property
    def anchor(self) -> str:
        return self.root.public_bytes(serialization.Encoding.PEM).decode()

    def answer(self, question: bytes) -> bytes:
        """Return a granted TimeStampResp for a TimeStampReq."""
        asked = tsp.TimeStampReq.load(question)
        moment = datetime.now(UTC).replace(microsecond=0)
        self.stamped.append(moment)
        imprint = asked["message_imprint"]
        if self.lies:
            imprint = {"hash_algorithm": SHA256, "hashed_message": bytes(32)}
        info = {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": imprint,
            "serial_number": len(self.stamped),
            "gen_time": moment,
            "nonce": asked["nonce"].native,
        }
        signed = self._signed(tsp.TSTInfo(info).dump(), moment)
        token = {"content_type": "signed_data", "content": signed}
        return tsp.TimeStampResp(
            {"status": {"status": "granted"}, "time_stamp_token": token}
        ).dump()

    def _signed(self, content: bytes, moment: datetime) -> cms.SignedData:
        own, root = _der(self.certificate), _der(self.root)
        certificate = asn1_x509.Certificate.load(own)
        named = {"hash_algorithm": SHA256, "cert_hash": hashlib.sha256(own).digest()}
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "signing_time", "values": [cms.Time({"utc_time": moment})]},
                {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
                {
                    "type": "signing_certificate_v2",
                    "values": [tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2(named)]})],
                },
            ]
        )
        by = {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
        signer = {
            "version": "v1",
            "sid": cms.SignerIdentifier({"issuer_and_serial_number": by}),
            "digest_algorithm": SHA256,
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": self._key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
        }
        return cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [SHA256],
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": core.ParsableOctetString(content),
                },
                "certificates": [certificate, asn1_x509.Certificate.load(root)],
                "signer_infos": [signer],
            }
        )


@contextmanager
def running_authority() -> Iterator[TimeAuthority]:
    """Serve an authority on a free port of this machine."""
    authority = TimeAuthority()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *given: object) -> None:
            """Say nothing on the console."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    authority.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield authority
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    is_root: bool,
) -> x509.Certificate:
    now, public = datetime.now(UTC), key.public_key()
    usage = x509.KeyUsage(
        *(not is_root, False, False, False, False),
        *(is_root, is_root, False, False),
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name("Time root"))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    if not is_root:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(purpose, critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)
