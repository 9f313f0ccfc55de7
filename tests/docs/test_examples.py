"""The example of each hook does what its page says, in a real server."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import flight

from flightstream import LimitExceeded, NotFound, PluginError
from flightstream.testing import FaultyAdapter

pytest_plugins = ["flightstream.testing"]


@pytest.fixture
def example(load: Callable) -> Callable[[str], type[Any]]:
    """Return a function that imports the plugin class of an example."""

    def find(hook: str) -> type[Any]:
        module = load(f"examples/{hook}.py")
        classes = [
            one
            for one in vars(module).values()
            if getattr(one, "__module__", "") == module.__name__
        ]
        return next(one for one in classes if hasattr(one, hook))

    return find


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """A folder of text files."""
    for name, content in {"a/one.txt": "x\n", "a/two.txt": "y\nz\n", "b/one.txt": "w\n"}.items():
        (tmp_path / "texts" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "texts" / name).write_text(content)
    return tmp_path / "texts"


@pytest.fixture
def arrows(tmp_path: Path) -> Path:
    """A folder with ``n.arrow``, three batches of ten numbers."""
    (tmp_path / "arrows").mkdir()
    table = pa.table({"n": range(30)})
    with pa.ipc.new_file(tmp_path / "arrows" / "n.arrow", table.schema) as writer:
        writer.write_table(table, max_chunksize=10)
    return tmp_path / "arrows"


def connect(uri: str) -> Any:
    return flight.connect(uri)


def test_list_flights(serve: Callable, example: Callable, texts: Path) -> None:
    client = serve(example("list_flights"), texts).client

    assert [one.name for one in client.flights()] == ["texts/a", "texts/b"]
    assert client.read("texts/a").to_pylist() == [
        {"file": "one.txt", "line": "x"},
        {"file": "two.txt", "line": "y"},
        {"file": "two.txt", "line": "z"},
    ]


def test_find_flight(serve: Callable, example: Callable, tmp_path: Path) -> None:
    client = serve(example("find_flight"), tmp_path).client

    assert [one.name for one in client.flights()] == [f"{tmp_path.name}/10"]
    assert client.read(f"{tmp_path.name}/25000").num_rows == 25_000
    with pytest.raises(NotFound):
        client.info(f"{tmp_path.name}/many")


def test_get_schema(serve: Callable, example: Callable, arrows: Path) -> None:
    (arrows / "bad.arrow").write_text("no Arrow file")
    client = serve(example("get_schema"), arrows).client

    assert client.schema("arrows/n") == pa.schema([("n", pa.int64())])
    with pytest.raises(Exception, match="this is no Arrow file"):
        client.schema("arrows/bad")


def test_plan_partitions(serve: Callable, example: Callable, arrows: Path) -> None:
    raw = connect(serve(example("plan_partitions"), arrows).uri)
    asked = flight.FlightDescriptor.for_command(b'{"flight": "arrows/n", "partitions": 2}')

    info = raw.get_flight_info(asked)

    parts = [raw.do_get(endpoint.ticket).read_all()["n"].to_pylist() for endpoint in info.endpoints]
    assert parts == [list(range(10)), list(range(10, 30))]


def test_stream_batches(serve: Callable, example: Callable, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        database.execute("CREATE TABLE orders (id INTEGER, fare REAL, city TEXT)")
        rows = [(n, n / 2, "Oslo") for n in range(100)]
        database.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
        database.commit()
    client = serve(
        example("stream_batches"), config=_only(tmp_path, "shop", batch_rows=7, name="sqlite")
    ).client

    assert client.read("shop/orders", columns=["fare", "id"], limit=2, offset=98).to_pylist() == [
        {"fare": 49.0, "id": 98},
        {"fare": 49.5, "id": 99},
    ]
    assert client.read("shop/orders", filter="fare > 40").num_rows == 19


def test_estimate_scan(serve: Callable, example: Callable, tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": range(30)}), tmp_path / "n.parquet", row_group_size=10)
    client = serve(example("estimate_scan"), tmp_path).client

    assert client.info("n").total_records == 30
    assert client.explain("n")["reads"]["row_groups"] == 3
    assert client.read("n")["n"].to_pylist() == list(range(30))


def test_write_batches(serve: Callable, example: Callable, arrows: Path) -> None:
    served = serve(example("write_batches"), arrows)
    asked = flight.FlightDescriptor.for_path("arrows", "n")
    more = pa.table({"n": [30, 31]})

    writer, metadata = connect(served.uri).do_put(asked, more.schema)
    writer.write_table(more)
    writer.done_writing()

    assert metadata.read().to_pybytes() == b'{"rows": 2}'
    assert served.client.read("arrows/n")["n"].to_pylist() == list(range(32))


def test_open_storage(serve: Callable, example: Callable, texts: Path) -> None:
    config = {
        "plugins": {"enabled": [], "shared": {"root": str(texts.parent)}},
        "sources": {"notes": "shared://texts"},
    }
    client = serve(example("open_storage"), example("list_flights"), config=config).client

    assert [one.name for one in client.flights()] == ["notes/a", "notes/b"]


def test_authenticate(serve: Callable, example: Callable) -> None:
    tokens = {"plugins": {"enabled": [], "tokens": {"tokens": {"ada": "s3cr3t"}}}}
    served = serve(example("authenticate"), example("list_actions"), FaultyAdapter, config=tokens)
    raw = connect(served.uri)

    assert _who(raw, b"Bearer s3cr3t") == b'{"subject": "ada", "roles": []}'
    with pytest.raises(flight.FlightUnauthenticatedError, match="the token is not known"):
        _who(raw, b"Bearer guess")
    with pytest.raises(flight.FlightUnauthenticatedError, match="no credentials"):
        _who(raw, b"Basic YTpi")


def test_issue_token(serve: Callable, example: Callable) -> None:
    config = {"key": "0123456789abcdef", "passwords": {"ada": "s3cr3t"}}
    tables = {"plugins": {"enabled": [], "sessions": config}}
    services = example("issue_token"), example("list_actions"), FaultyAdapter
    raw = connect(serve(*services, config=tables).uri)

    name, token = raw.authenticate_basic_token(b"ada", b"s3cr3t")

    assert (name, token[:11]) == (b"authorization", b"Bearer ada.")
    assert _who(raw, token) == b'{"subject": "ada", "roles": []}'
    for bad in (token[:-1] + b"x", token.replace(b"ada", b"eve"), b"Bearer ada.1~"):
        with pytest.raises(flight.FlightUnauthenticatedError, match="is not right"):
            _who(raw, bad)


def test_admit_call(serve: Callable, example: Callable) -> None:
    slots = {"slots": 1, "max_rows": 25_000}
    many = {"batches": 1000, "batch_rows": 10_000}
    config = {"plugins": {"enabled": [], "stream_slots": slots, "faulty": many}}
    served = serve(example("admit_call"), FaultyAdapter, config=config)

    reader = connect(served.uri).do_get(flight.Ticket(b"empty/numbers"))
    with pytest.raises(flight.FlightServerError, match="your limit of rows in one scan is 25000"):
        reader.read_all()
    assert served.client.read("numbers", limit=25_000).num_rows == 25_000

    config["plugins"]["faulty"] = {"fault": "stall"}
    served = serve(example("admit_call"), FaultyAdapter, config=config)
    reader = connect(served.uri).do_get(flight.Ticket(b"empty/numbers"))
    reader.read_chunk()
    with pytest.raises(LimitExceeded, match="1 of 1 slots for streams are taken") as caught:
        served.client.read("numbers")
    assert caught.value.retry_after_seconds == 1.0


def test_authorize(serve: Callable, example: Callable, texts: Path) -> None:
    config = {
        "plugins": {"enabled": [], "shares": {"shares": {"texts": ["line"]}}},
        "sources": {"texts": str(texts), "payroll": str(texts)},
    }
    client = serve(example("authorize"), example("list_flights"), config=config).client

    assert [one.name for one in client.flights()] == ["texts/a", "texts/b"]
    assert client.schema("texts/a").names == ["line"]
    with pytest.raises(NotFound):
        client.info("payroll/a")


def test_wrap_stream(serve: Callable, example: Callable, arrows: Path) -> None:
    config = {
        "plugins": {"enabled": [], "row_limiter": {"max_rows": 25}},
        "sources": {"arrows": str(arrows)},
    }
    client = serve(example("wrap_stream"), example("get_schema"), config=config).client

    assert client.read("arrows/n", limit=20).num_rows == 20
    with pytest.raises(LimitExceeded, match="no stream has more than 25 rows"):
        client.read("arrows/n")


def test_on_startup(serve: Callable, example: Callable, tmp_path: Path) -> None:
    config = {"plugins": {"enabled": [], "audit": {"path": str(tmp_path / "audit.jsonl")}}}

    serve(example("on_startup"), FaultyAdapter, config=config).client.flights()

    line = '["anonymous", "ListFlights", null, "ok"]\n'
    assert (tmp_path / "audit.jsonl").read_text() == line


def test_on_shutdown(registry: Callable, example: Callable, tmp_path: Path) -> None:
    config = {"plugins": {"enabled": [], "audit": {"path": str(tmp_path / "audit.jsonl")}}}
    built = registry(example("on_startup"), FaultyAdapter, config={**config, "sources": {}})
    file = built.services.plugins[0].instance._file

    built.shutdown()

    assert file.closed


def test_on_call_finished(serve: Callable, example: Callable) -> None:
    config = {"plugins": {"enabled": [], "slow_calls": {"seconds": 0}}}
    served = serve(example("on_call_finished"), FaultyAdapter, config=config)

    served.client.flights()

    line = served.server.wait_for("call_was_slow")
    assert (line["level"], line["subject"]) == ("warning", "anonymous")


def test_on_plugin_failed(serve: Callable, example: Callable) -> None:
    faulty = {"fault": "crash", "hook": "get_schema"}
    config = {"plugins": {"enabled": [], "alarm": {"failures": 2}, "faulty": faulty}}
    served = serve(example("on_plugin_failed"), FaultyAdapter, config=config)

    for _ in range(4):
        with pytest.raises(PluginError):
            served.client.info("numbers")

    warned = [one for one in served.server.log_lines() if one["event"] == "plugin_fails_often"]
    assert [(one["plugin"], one["hook"]) for one in warned] == [("faulty", "get_schema")]


def test_list_actions(serve: Callable, example: Callable) -> None:
    client = serve(example("list_actions"), FaultyAdapter).client

    assert client.action("who-am-i") == [b'{"subject": "anonymous", "roles": []}']
    assert client.actions()["who-am-i"] == "Tell who the server takes you for"


def _only(folder: Path, source: str, *, name: str, **options: Any) -> dict[str, Any]:
    return {
        "plugins": {"enabled": [], name: options},
        "sources": {source: str(folder / f"{source}.db")},
    }


def _who(raw: Any, authorization: bytes) -> bytes:
    options = flight.FlightCallOptions(headers=[(b"authorization", authorization)])
    results = raw.do_action(flight.Action("who-am-i", b""), options)
    return next(iter(results)).body.to_pybytes()
