"""Read from a FlightStream server: ``flightstream.connect("grpc://host:port")``."""

from flightstream.client.client import Client, RemoteFlight, Selection, connect
from flightstream.client.stream import DataWarning

__all__ = ["Client", "DataWarning", "RemoteFlight", "Selection", "connect"]
