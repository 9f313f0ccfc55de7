"""Servers that serve the same and name each other: what one does not finish, another does."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import flight

import flightstream
from flightstream import ConfigError, Unavailable
from flightstream.testing import ServerProcess

pytest_plugins = ["flightstream.testing"]

ROWS = 4_000_000
CLIENTS = 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    numbers = np.arange(ROWS)
    table = pa.table({"id": numbers, "half": numbers / 2})
    pq.write_table(table, folder / "rows.parquet", row_group_size=ROWS // 8)
    return folder


@pytest.fixture
def ports() -> list[int]:
    """Two ports that are free now."""
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind(("127.0.0.1", 0))
        return [one.getsockname()[1], other.getsockname()[1]]


@pytest.fixture
def replicas(serve: Callable[..., Any], folder: Path, ports: list[int]) -> list[ServerProcess]:
    advertise = [f"grpc://localhost:{port}" for port in ports]
    return [
        serve(folder, config={"server": {"port": port, "advertise": advertise}}).server
        for port in ports
    ]


@pytest.fixture
def client(replicas: list[ServerProcess]) -> Iterator[flightstream.Client]:
    with flightstream.connect(replicas[0].uri) as client:
        yield client


def test_parts_are_at_every_replica_each_first_in_its_turn(replicas: list[ServerProcess]) -> None:
    one, other = (replica.uri for replica in replicas)
    with flightstream.connect(one) as client:
        first = client.info("rows", partitions=3).locations
        then = client.info("rows").locations

    assert first in [((one, other), (other, one), (one, other)), ((other, one), (one, other)) * 2]
    assert {first[0], *then} == {(one, other), (other, one)}


def test_a_replica_that_is_away_is_passed_over(
    client: flightstream.Client, replicas: list[ServerProcess]
) -> None:
    replicas[1].process.kill()

    for _ in range(2):
        assert client.read("rows", columns=["id"], partitions=4).num_rows == ROWS


def test_clients_of_a_replica_that_is_killed_go_on_at_the_other(
    client: flightstream.Client, replicas: list[ServerProcess]
) -> None:
    """Each ends with exactly the rows, in order."""
    begun = Barrier(CLIENTS + 1)

    def read(_number: int) -> pa.Table:
        reader = client.stream("rows", partitions=4)
        first = reader.read_next_batch()
        begun.wait(60)
        return pa.Table.from_batches([first, *reader])

    with ThreadPoolExecutor(CLIENTS) as pool:
        tables = pool.map(read, range(CLIENTS))
        begun.wait(60)
        replicas[1].process.kill()

    for table in tables:
        assert np.array_equal(table["id"].to_numpy(), np.arange(ROWS))
        assert np.array_equal(table["half"].to_numpy(), np.arange(ROWS) / 2)


def test_parts_that_are_read_at_once_lose_nothing_with_a_replica(
    client: flightstream.Client, replicas: list[ServerProcess]
) -> None:
    with client.stream("rows", partitions=8, ordered=False) as stream:
        batches = [stream.read_next_batch()]
        replicas[1].process.kill()
        batches += stream

    ids = pa.Table.from_batches(batches)["id"].to_numpy()
    assert np.array_equal(np.sort(ids), np.arange(ROWS))


def test_a_filter_and_a_limit_go_on_where_they_were(
    client: flightstream.Client, replicas: list[ServerProcess]
) -> None:
    def read() -> list[int]:
        reader = client.stream("rows", columns=["id"], filter="id >= 10", limit=3_000_000, offset=5)
        first = reader.read_next_batch()
        replicas[1].process.kill()
        table = pa.Table.from_batches([first, *reader])
        return [table.num_rows, table["id"][0].as_py(), table["id"][-1].as_py()]

    wanted = [3_000_000, 15, 3_000_014]
    assert [read(), read()] == [wanted, wanted]


def test_when_all_replicas_fail_the_stream_says_so(
    client: flightstream.Client, replicas: list[ServerProcess]
) -> None:
    reader = client.stream("rows", partitions=4)
    reader.read_next_batch()
    for replica in replicas:
        replica.process.kill()

    with pytest.raises(Unavailable):
        for _ in reader:
            pass


def test_pyarrow_finds_the_replicas_too(replicas: list[ServerProcess]) -> None:
    with flight.connect(replicas[0].uri) as raw:
        [endpoint] = raw.get_flight_info(flight.FlightDescriptor.for_path("rows")).endpoints
    with flight.connect(endpoint.locations[-1]) as other:
        assert other.do_get(endpoint.ticket).read_all().num_rows == ROWS


@pytest.mark.parametrize(
    "uri",
    [
        "localhost:8080",
        "http://a:8080",
        "grpc://a",
        "grpc://a:8080/x",
        "grpc://u:p@a:8080",
        "grpc://a:x",
    ],
)
def test_what_is_no_place_of_a_server_stops_the_start(
    serve: Callable[..., Any], folder: Path, uri: str
) -> None:
    with pytest.raises(ConfigError, match=r"server\.advertise"):
        serve(folder, config={"server": {"advertise": [uri]}})
