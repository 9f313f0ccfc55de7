"""Google Cloud Storage for FlightStream: listed and read by Google's own client."""

from flightstream_gcs.storage import GcsStorage

__all__ = ["GcsStorage"]
