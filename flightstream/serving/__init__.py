"""What the server does, whatever the transport."""

from flightstream.serving.cut import size_of
from flightstream.serving.describe import FlightDescription
from flightstream.serving.scan import Scan
from flightstream.serving.service import Service
from flightstream.serving.setup import Setup

__all__ = ["FlightDescription", "Scan", "Service", "Setup", "size_of"]
