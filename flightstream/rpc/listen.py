"""From a host and a port to a transport that listens there, or a reason why not."""

import socket

import pyarrow as pa

from flightstream.errors import Unavailable
from flightstream.rpc.server import FlightServer
from flightstream.serving import Service


def listen(host: str, port: int, service: Service, max_receive_bytes: int) -> FlightServer:
    """Start to listen.

    Raises:
        Unavailable: The address is taken, or not one of this machine.
    """
    address = f"[{host}]" if ":" in host else host
    try:
        return FlightServer(f"grpc://{address}:{port}", service, max_receive_bytes)
    except (pa.ArrowException, OSError) as exc:
        raise Unavailable(f"cannot listen on {address}:{port}: {_reason(host, port)}") from exc


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
