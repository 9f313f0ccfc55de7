"""What is wrong with a certificate or a key, before a client finds out."""

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flightstream.config.pem import Pem, certificates_in, key_in

# OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python does not name: times are told apart here.
_NO_CHECK_TIME = 0x200000
_NO_CERTIFICATE = "there is no certificate in it: one begins with -----BEGIN CERTIFICATE-----"


def check_pair(certificate: Pem, key: Pem) -> Iterator[tuple[str, str]]:
    """Yield which of a server's certificate and key is wrong, and in what."""
    chain = certificates_in(certificate.reveal())
    if not chain:
        yield "certificate", _NO_CERTIFICATE
    if not key_in(key.reveal()):
        yield "key", "there is no key in it: one begins with -----BEGIN PRIVATE KEY-----"
    elif "ENCRYPTED" in key.reveal():
        yield "key", "it is encrypted: write it without a passphrase, openssl pkey -in FILE"
    elif chain:
        yield from _check_chain(chain, key)


def check_authorities(pem: Pem) -> str | None:
    """Return what is wrong with the certificates of a client CA."""
    certificates = certificates_in(pem.reveal())
    if not certificates:
        return _NO_CERTIFICATE
    for number, text in enumerate(certificates, 1):
        try:
            authority = _authority(text)
        except ssl.SSLError:
            return f"certificate {number} in it is none"
        if authority is None:
            return f"certificate {number} in it is not that of a CA"
        if problem := _untimely(authority):
            return problem
    return None


def days_left(certificate: Pem, key: Pem) -> float:
    """Return for how many days a server's certificate will be valid."""
    expires = ssl.cert_time_to_seconds(decoded(certificate, key)["notAfter"])
    return (expires - time.time()) / 86_400


def names_in(certificate: Pem, key: Pem) -> list[str]:
    """Return the hosts that a server's certificate is for."""
    return [name for _, name in decoded(certificate, key).get("subjectAltName", ())]


def decoded(certificate: Pem, key: Pem) -> Mapping[str, Any]:
    """Return what Python knows of a server's certificate.

    Python decodes one only where a peer has shown it and it was verified: here to a
    client in the same memory, which trusts this very certificate.

    Raises:
        ssl.SSLError: Key and certificate do not fit, or it is not for servers.
    """
    own = certificates_in(certificate.reveal())[0]
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with _as_file(Pem(own)) as chain_file, _as_file(key) as key_file:
        serving.load_cert_chain(chain_file, key_file)
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.check_hostname = False
    asking.load_verify_locations(cadata=own)
    asking.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    client = asking.wrap_bio(to_client, to_server)
    for side in (client, server, client):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    return client.getpeercert() or {}


def _check_chain(chain: list[str], key: Pem) -> Iterator[tuple[str, str]]:
    try:
        others = [_authority(text) for text in chain[1:]]
        own = decoded(Pem(chain[0]), key)
    except ssl.SSLCertVerificationError as exc:
        yield "certificate", f"it is not for a server: {exc.verify_message}"
        return
    except ssl.SSLError as exc:
        yield _why_not(chain, key, exc)
        return
    for number, (one, issuer) in enumerate(zip([own, *others], others, strict=False), 2):
        if one is None or issuer is None or one["issuer"] != issuer["subject"]:
            yield (
                "certificate",
                f"certificate {number} in it is not that of the issuer of the one before it:"
                " put the server's own first, and behind each that of its issuer",
            )
            return
    for certificate in (own, *others):
        if certificate and (problem := _untimely(certificate)):
            yield "certificate", problem


def _why_not(chain: list[str], key: Pem, exc: ssl.SSLError) -> tuple[str, str]:
    for number, text in enumerate(chain, 1):
        try:
            _authority(text)
        except ssl.SSLError:
            return "certificate", f"certificate {number} in it is none"
    for number, text in enumerate(chain[1:], 2):
        with suppress(ssl.SSLError):
            decoded(Pem(text), key)
            return (
                "certificate",
                f"the key is that of certificate {number} in it: put the server's own first",
            )
    reason = exc.reason or "it is no key"
    if "MISMATCH" in reason or reason == "NO_CERTIFICATE_ASSIGNED":  # that is, of another type
        return "key", "it is not the key of server.tls.certificate"
    return "key", f"it cannot be used: {reason.lower().replace('_', ' ')}"


def _authority(text: str) -> Mapping[str, Any] | None:
    """Return what Python knows of a certificate, if it is that of a CA."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=text)
    return next(iter(context.get_ca_certs()), None)


def _untimely(certificate: Mapping[str, Any]) -> str | None:
    now = time.time()
    if ssl.cert_time_to_seconds(certificate["notAfter"]) < now:
        return f"it has expired on {certificate['notAfter']}: renew it"
    if ssl.cert_time_to_seconds(certificate["notBefore"]) > now:
        return f"it is not valid before {certificate['notBefore']}: look at the clock"
    return None


@contextmanager
def _as_file(pem: Pem) -> Iterator[Path]:
    """Give the file that OpenSSL reads it from, for a moment one that nobody else may read."""
    if pem.path is not None:
        yield pem.path
        return
    with TemporaryDirectory() as folder:  # made with mode 0700
        path = Path(folder, "pem")
        path.write_text(pem.reveal())
        yield path
