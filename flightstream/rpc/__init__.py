"""The Arrow Flight transport."""

from flightstream.rpc.exposure import check_exposure
from flightstream.rpc.listen import listen
from flightstream.rpc.server import FlightServer

__all__ = ["FlightServer", "check_exposure", "listen"]
