"""A cache for FlightStream: what streams by is kept as Arrow files and served memory-mapped."""

from flightstream_cache.cache import Cache

__all__ = ["Cache"]
