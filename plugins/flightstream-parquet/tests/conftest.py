"""Parquet files, and a server of them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flightstream_parquet import ParquetAdapter

from flightstream import Client, Server, connect


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """The folder that is served as the source ``lake``."""
    folder = tmp_path / "lake"
    folder.mkdir()
    return folder


@pytest.fixture
def write(lake: Path) -> Callable[..., Path]:
    """Return a function that writes a table as a file of the lake."""

    def write(name: str, table: pa.Table, **options: Any) -> Path:
        path = lake / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path, **options)
        return path

    return write


@pytest.fixture
def serve(lake: Path) -> Iterator[Callable[..., Client]]:
    """Return a function that serves the lake and connects to it.

    ``flights`` are those of many files, everything else is an option of the adapter.
    """
    with ExitStack() as stack:

        def start(flights: Any = None, **options: Any) -> Client:
            source = {
                "uri": str(lake),
                "flights": flights or {},
                "options": {"parquet": options},
            }
            server = Server(plugins=[ParquetAdapter], sources={"lake": source}, port=0)
            port = stack.enter_context(server).port
            return stack.enter_context(connect(f"grpc://localhost:{port}"))

        yield start
