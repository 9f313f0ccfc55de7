"""Read from a FlightStream server: ``flightstream.connect("grpc://host:port")``."""

from flightstream.client.client import Client, DataWarning, RemoteFlight, connect

__all__ = ["Client", "DataWarning", "RemoteFlight", "connect"]
