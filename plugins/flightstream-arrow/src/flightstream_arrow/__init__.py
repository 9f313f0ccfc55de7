"""Arrow IPC files and streams for FlightStream: checked before anything is given out."""

from flightstream_arrow.adapter import ArrowAdapter

__all__ = ["ArrowAdapter"]
