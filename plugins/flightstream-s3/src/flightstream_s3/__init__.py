"""S3 buckets for FlightStream: listed with their ETags, read by Arrow."""

from flightstream_s3.storage import S3Storage

__all__ = ["S3Storage"]
