"""Why a server cannot be reached, in words that help."""

from urllib.parse import urlsplit

from flightstream.client.probe import spoken_at
from flightstream.errors import Unavailable

_LOOK_SECONDS = 1.0


def told(error: Unavailable, uri: str) -> Unavailable:
    """Return the error with the address in it, and with what to do about it."""
    # Of Arrow's and gRPC's own words, what matters comes last.
    reason = error.message.rpartition("with message: ")[2].rpartition("last error: ")[2]
    cure = _cure(reason, uri)
    return type(error)(f"no answer from {uri}: {reason}{cure and f' ({cure})'}")


def _cure(reason: str, uri: str) -> str:
    if "Connection refused" in reason:
        return "does the server run there?"
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return "is tls_ca the CA that has signed its certificate?"
    if "Deadline Exceeded" in reason:
        return "it may be busy or frozen: raise timeout_seconds, or look at its log"
    if "failed to connect" not in reason and "SETTINGS" not in reason and "ndshake" not in reason:
        return ""
    return _spoken(uri)


def _spoken(uri: str) -> str:
    parts = urlsplit(uri)
    wants_tls = parts.scheme == "grpc+tls"
    try:
        spoken = spoken_at(parts.hostname or "", parts.port or 0, _LOOK_SECONDS)
    except (OSError, ValueError):
        return ""
    if spoken == "neither":
        return "what listens there is no Flight server: it speaks neither TLS nor HTTP/2"
    if (spoken == "TLS") is not wants_tls:
        scheme, does = ("grpc+tls", "speaks") if spoken == "TLS" else ("grpc", "does not speak")
        return f"it {does} TLS: connect to {scheme}://{parts.netloc}"
    return ""
