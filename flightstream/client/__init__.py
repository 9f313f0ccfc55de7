"""Read from a Flight server: ``flightstream.connect("grpc://host:port")``."""

from flightstream.client.client import Client
from flightstream.client.connecting import connect
from flightstream.client.events import (
    Connected,
    Connecting,
    Event,
    Finished,
    NotKept,
    Progress,
    Recalled,
    Retrying,
)
from flightstream.client.flights import RemoteFlight
from flightstream.client.offline import Offline
from flightstream.client.received import DataWarning
from flightstream.client.stream import Stream
from flightstream.client.wanted import Selection

__all__ = [
    "Client",
    "Connected",
    "Connecting",
    "DataWarning",
    "Event",
    "Finished",
    "NotKept",
    "Offline",
    "Progress",
    "Recalled",
    "RemoteFlight",
    "Retrying",
    "Selection",
    "Stream",
    "connect",
]
