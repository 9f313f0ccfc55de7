"""Why a server cannot be reached, in words that help."""

from urllib.parse import urlsplit

from flightstream.client.probe import spoken_at
from flightstream.errors import Unavailable

_LOOK_SECONDS = 1.0


def told(error: Unavailable, uri: str) -> Unavailable:
    """Return the error with the address in it, and with what to do about it."""
    # Of Arrow's and gRPC's own words, what matters comes last.
    reason = error.message.rpartition("with message: ")[2].rpartition("last error: ")[2]
    cure = _cure(error.message, uri)
    return type(error)(f"no answer from {uri}: {reason}{cure and f' ({cure})'}")


def _cure(message: str, uri: str) -> str:
    if "Connection refused" in message:
        return "does the server run there?"
    if "certificate verify failed" in message.lower():
        return "is tls_ca the CA that has signed its certificate?"
    if "Deadline Exceeded" in message:
        return "it may be busy or frozen: raise timeout_seconds, or look at its log"
    return _spoken(uri) if "failed to connect" in message else ""


def _spoken(uri: str) -> str:
    parts = urlsplit(uri)
    wants_tls = parts.scheme == "grpc+tls"
    try:
        spoken = spoken_at(parts.hostname or "", parts.port or 0, _LOOK_SECONDS)
    except (OSError, ValueError):
        return ""
    if spoken == "nothing":
        return "it accepts connections and does not answer: it may be busy or frozen"
    if spoken == "neither":
        return "what listens there is no Flight server: it speaks neither TLS nor HTTP/2"
    if (spoken == "TLS") is not wants_tls:
        scheme, does = ("grpc+tls", "speaks") if spoken == "TLS" else ("grpc", "does not speak")
        return f"it {does} TLS: connect to {scheme}://{parts.netloc}"
    return ""
