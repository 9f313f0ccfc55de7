"""What the server does, whatever the transport."""

from flightstream.serving.scan import Scan
from flightstream.serving.service import FlightDescription, Service

__all__ = ["FlightDescription", "Scan", "Service"]
