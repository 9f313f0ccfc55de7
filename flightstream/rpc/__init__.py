"""The Arrow Flight transport."""

from flightstream.rpc.server import FlightServer

__all__ = ["FlightServer"]
