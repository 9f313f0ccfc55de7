"""From a host and a port to a transport that listens there, or a reason why not."""

import socket
from typing import Any

import pyarrow as pa
import structlog

from flightstream.config import ServerConfig, TlsConfig
from flightstream.config.certificates import days_left
from flightstream.errors import Unavailable
from flightstream.rpc.server import FlightServer
from flightstream.serving import Service

log = structlog.get_logger(__name__)

_SOON_DAYS = 14


def listen(config: ServerConfig, service: Service) -> FlightServer:
    """Start to listen.

    Raises:
        Unavailable: The address is taken, or not one of this machine.
    """
    host, port = config.host, config.port
    address = f"[{host}]" if ":" in host else host
    scheme = "grpc+tls" if config.tls.is_on else "grpc"
    try:
        return FlightServer(
            f"{scheme}://{address}:{port}",
            service,
            config.max_receive_message_bytes,
            config.advertise,
            **_tls_arguments(config.tls),
        )
    except (pa.ArrowException, OSError) as exc:
        raise Unavailable(f"cannot listen on {address}:{port}: {_reason(host, port)}") from exc


def _tls_arguments(tls: TlsConfig) -> dict[str, Any]:
    if tls.certificate is None or tls.key is None:
        return {}
    if (days := days_left(tls.certificate, tls.key)) < _SOON_DAYS:
        log.warning("certificate_expires_soon", days=int(days))
    arguments: dict[str, Any] = {
        "tls_certificates": [(tls.certificate.reveal(), tls.key.reveal())],
        "verify_client": tls.require_client_certificate,
    }
    if tls.client_ca is not None:
        arguments["root_certificates"] = tls.client_ca.reveal()
    return arguments


def _reason(host: str, port: int) -> str:
    """Ask the system itself, since Arrow does not say."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.bind(address)
    except UnicodeError:
        return "this is not the name of a host"
    except OSError as exc:
        return (exc.strerror or str(exc)).lower()
    return "the transport did not start"
