"""fastflight, with services of its design for CSV and Parquet files; prints its port."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from fastflight import BaseDataService, BaseParams, FastFlightServer

from bench.data import BATCH_ROWS, SCHEMA


class FileParams(BaseParams):
    """Which file."""

    path: str


class FileService(BaseDataService[FileParams]):
    """Reads it as its authors' example does."""

    def get_batches(
        self, params: FileParams, batch_size: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield its batches."""
        if params.path.endswith(".csv"):
            types = pacsv.ConvertOptions(column_types=SCHEMA)
            with pacsv.open_csv(params.path, convert_options=types) as reader:
                yield from reader
        else:
            yield from pq.ParquetFile(params.path).iter_batches(batch_size or BATCH_ROWS)


if __name__ == "__main__":
    server = FastFlightServer("grpc://localhost:0")
    print(server.port, flush=True)
    server.wait()
