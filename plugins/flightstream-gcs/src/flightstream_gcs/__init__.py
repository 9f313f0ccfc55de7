"""Google Cloud Storage for FlightStream: listed with ETags, read by Arrow."""

from flightstream_gcs.storage import GcsStorage

__all__ = ["GcsStorage"]
