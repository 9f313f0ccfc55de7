"""Who can reach a server, and whether the configuration says that they may."""

import structlog

from flightstream.addresses import is_loopback
from flightstream.config import Loaded, ServerConfig
from flightstream.errors import Unavailable
from flightstream.registry import Registry

log = structlog.get_logger(__name__)

_FOR_ALL = (
    "{host!r} is reached from other machines, and no plugin asks who comes: use one that"
    " authenticates, or listen on localhost, or let everybody read with"
    " server.allow_anonymous = true"
)
_IN_THE_OPEN = (
    "{host!r} is reached from other machines, and what they log in with would not be encrypted:"
    " set server.tls, or listen on localhost, or say that something else encrypts it with"
    " server.allow_insecure_auth = true"
)


def check_exposure(loaded: Loaded, registry: Registry, server: ServerConfig | None = None) -> None:
    """Refuse to be reached from elsewhere by anybody, or with credentials in the open.

    What is allowed all the same is warned of.

    Args:
        loaded: The configuration, to whose problems a refusal is added.
        registry: Its plugins.
        server: How the server listens, where that is not what the configuration says.

    Raises:
        ConfigError: The configuration does not allow it.
        Unavailable: The host is none.
    """
    server = server or loaded.config.server
    if not _is_reached(server.host):
        return
    if not registry.services.authenticates:
        if not server.allow_anonymous:
            _refuse(loaded, _FOR_ALL, server)
        log.warning("everybody_may_read", host=server.host)
    elif not server.tls.is_on:
        if not server.allow_insecure_auth:
            _refuse(loaded, _IN_THE_OPEN, server)
        log.warning("credentials_not_encrypted", host=server.host)


def _is_reached(host: str) -> bool:
    try:
        return not is_loopback(host)
    except UnicodeError:
        raise Unavailable(f"cannot listen on {host}: this is not the name of a host") from None
    except OSError as exc:
        reason = (exc.strerror or str(exc)).lower()
        raise Unavailable(f"cannot listen on {host}: {reason}") from exc


def _refuse(loaded: Loaded, message: str, server: ServerConfig) -> None:
    loaded.add_problem(("server", "host"), message.format(host=server.host))
    loaded.check()
