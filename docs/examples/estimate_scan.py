"""Parquet files, whose footers say how many rows there are."""

import pyarrow.parquet as pq

from flightstream import Flight, ScanEstimate, Source, adapter, hookimpl


@adapter
class RowGroupsAdapter:
    """Serves Parquet files, a row group after the other."""

    source: Source

    @hookimpl
    def list_flights(self):
        for file in self.source.files("**/*.parquet"):
            yield Flight(file.stem, origin=file, version=file.version, total_bytes=file.size)

    @hookimpl
    def get_schema(self, flight):
        with pq.ParquetFile(flight.origin.open()) as parquet:
            return parquet.schema_arrow

    @hookimpl
    def estimate_scan(self, flight):
        with pq.ParquetFile(flight.origin.open()) as parquet:
            footer = parquet.metadata
        return ScanEstimate(
            records=footer.num_rows,
            bytes=flight.origin.size,
            details={"row_groups": footer.num_row_groups},
        )

    @hookimpl
    def stream_batches(self, flight):
        with pq.ParquetFile(flight.origin.open()) as parquet:
            for batch in parquet.iter_batches():
                flight.origin.check_unchanged()
                yield batch
