"""Read from a FlightStream server: ``flightstream.connect("grpc://host:port")``."""

from flightstream.client.client import Client, connect
from flightstream.client.flights import RemoteFlight, Selection
from flightstream.client.stream import DataWarning

__all__ = ["Client", "DataWarning", "RemoteFlight", "Selection", "connect"]
