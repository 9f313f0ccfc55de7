"""Parquet files for FlightStream: pruned by their statistics, streamed within bounds."""

from flightstream_parquet.adapter import ParquetAdapter

__all__ = ["ParquetAdapter"]
