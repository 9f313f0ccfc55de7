"""Parquet files as flights."""

from flightstream_parquet.adapter import ParquetAdapter

__all__ = ["ParquetAdapter"]
