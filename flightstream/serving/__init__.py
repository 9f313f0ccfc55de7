"""What the server does, whatever the transport."""

from flightstream.serving.scan import Scan, size_of
from flightstream.serving.service import FlightDescription, Service

__all__ = ["FlightDescription", "Scan", "Service", "size_of"]
