"""A bucket of files of every kind answers as a local copy of it does."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flightstream import Client, FlightStreamError, Server, connect
from flightstream.testing.strategies import commands
from flightstream.wire import Command

KEYS = {"access_key": "tester", "secret_key": "secret"}
RIDES = pa.table(
    {
        "id": range(60),
        "fare": [None if n % 7 == 0 else n / 4 for n in range(60)],
        "city": [("Oslo", "Bergen", None)[n % 3] for n in range(60)],
    }
)
FLIGHTS = {"rides": {"files": "rides/", "unify": "widen"}, "days": "days/**/*.arrow"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake: single files, and many that are one flight."""
    folder = tmp_path_factory.mktemp("lake")
    pacsv.write_csv(RIDES, folder / "plain.csv")
    for number, part in enumerate((RIDES.slice(0, 20), RIDES.slice(20, 15), RIDES.slice(35))):
        path = folder / f"rides/year={2022 + number}/part.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(part, path, row_group_size=4)
        path = folder / f"days/day=2024-01-0{number + 1}/part.arrow"
        path.parent.mkdir(parents=True)
        with pa.ipc.new_file(path, part.schema) as file:
            file.write_table(part, max_chunksize=6)
    return folder


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A store that speaks S3."""
    log = tmp_path_factory.mktemp("store") / "store.log"
    with log.open("w") as stderr:
        store = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"], stderr=stderr
        )
    try:
        deadline = time.monotonic() + 60
        while not (found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text())):
            assert store.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield found[0]
    finally:
        store.kill()
        store.wait()


@pytest.fixture(scope="module")
def client(folder: Path, endpoint: str) -> Iterator[Client]:
    """A client of a server of the folder, and of a bucket with the same in it."""
    store = botocore.session.Session().create_client(
        "s3",
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id=KEYS["access_key"],
        aws_secret_access_key=KEYS["secret_key"],
    )
    store.create_bucket(Bucket="lake")
    for path in folder.rglob("*.*"):
        key = f"all/{path.relative_to(folder)}"
        store.put_object(Bucket="lake", Key=key, Body=path.read_bytes())
    s3 = {**KEYS, "endpoint": endpoint}
    sources = {
        "here": {"uri": str(folder), "flights": FLIGHTS},
        "there": {"uri": "s3://lake/all", "flights": FLIGHTS, "options": {"s3": s3}},
    }
    with (
        Server(sources=sources, port=0) as server,
        connect(f"grpc://localhost:{server.port}") as client,
    ):
        yield client


@pytest.fixture(scope="module")
def asked(client: Client) -> dict[str, st.SearchStrategy[Command]]:
    """What is asked of each flight."""
    return {name: commands(client.read(f"here/{name}")) for name in ("days", "plain", "rides")}


def test_a_bucket_has_the_flights_of_its_copy(client: Client) -> None:
    names = [flight.name for flight in client.flights()]

    assert names == [
        *(f"here/{name}" for name in ("days", "plain", "rides")),
        *(f"there/{name}" for name in ("days", "plain", "rides")),
    ]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_command_has_one_answer(
    client: Client, asked: dict[str, st.SearchStrategy[Command]], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(list(asked)))
    command = data.draw(asked[name])
    parts = data.draw(st.integers(1, 4))
    reading = {"columns": command.columns or None, "filter": command.filter}
    reading |= {"limit": command.limit, "offset": command.offset}

    here, there = (answer(client, f"{source}/{name}", reading) for source in ("here", "there"))

    assert here == there
    tickets = [
        len(client.info(f"{source}/{name}", filter=command.filter, partitions=parts).tickets)
        for source in ("here", "there")
        if isinstance(here, list)
    ]
    assert len(set(tickets)) <= 1


def answer(client: Client, name: str, asked: dict[str, Any]) -> list[Any] | str:
    """Return the rows of a flight, or the code of the error that it ends with."""
    try:
        table = client.read(name, **asked)
    except FlightStreamError as exc:
        return exc.code
    return [str(table.schema), *table.to_pylist()]
