"""What the server does, whatever the transport."""

from flightstream.service.scan import Scan
from flightstream.service.service import FlightDescription, Service

__all__ = ["FlightDescription", "Scan", "Service"]
