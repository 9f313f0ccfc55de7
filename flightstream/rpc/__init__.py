"""The Arrow Flight transport."""

from flightstream.rpc.listen import listen
from flightstream.rpc.server import FlightServer

__all__ = ["FlightServer", "listen"]
