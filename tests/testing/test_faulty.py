"""What a client sees of each fault of FaultyAdapter, at each hook."""

from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest

from flightstream import (
    ConfigError,
    InvalidData,
    LimitExceeded,
    PluginError,
    ScanRequest,
    Unavailable,
    connect,
)
from flightstream.testing import AdapterConformance, FaultyAdapter, Sample

pytest_plugins = ["flightstream.testing"]

NUMBERS = pa.table({"n": range(32), "name": [f"name {n}" for n in range(32)]})


class TestWithoutAFault(AdapterConformance):
    plugin = FaultyAdapter
    memory_limit_bytes = 72 * 2**20

    @pytest.fixture
    def sample(self, tmp_path: Path) -> Sample:
        return Sample(tmp_path, {"numbers": NUMBERS})

    @pytest.fixture
    def large(self, tmp_path: Path) -> Sample:
        return Sample(tmp_path, {}, options={"batches": 210, "batch_rows": 2**15})


@pytest.fixture
def serve_faults(serve, tmp_path):
    """Return a function that serves sources, each with the faults that it is named with."""

    def start(**faults):
        sources = {
            name: {"uri": str(tmp_path), "options": {"faulty": fault}}
            for name, fault in faults.items()
        }
        server = {"max_send_message_bytes": "1 MiB", "drain_timeout_seconds": 0.5}
        config = {"plugins": {"enabled": []}, "server": server, "sources": sources}
        return serve(FaultyAdapter, config=config)

    return start


def at(*hooks: str, fault: str) -> dict[str, dict[str, str]]:
    """Return a source for each hook, which goes wrong there."""
    return {hook: {"fault": fault, "hook": hook} for hook in hooks}


def test_what_cannot_be_listed_is_unavailable(serve_faults):
    kinds = ("crash", "unavailable", "invalid_data")
    faults = {kind: {"fault": kind, "hook": "list_flights"} for kind in kinds}
    client = serve_faults(**faults, right={}).client

    assert [flight.name for flight in client.flights()] == ["right/numbers"]
    for kind in kinds:
        with pytest.raises(Unavailable, match="a source that does not answer now"):
            client.read(f"{kind}/numbers")


def test_a_crash_is_a_plugin_error_without_the_text(serve_faults):
    served = serve_faults(**at("get_schema", "stream_batches", fault="crash"))

    for hook in ("get_schema", "stream_batches"):
        with pytest.raises(PluginError) as caught:
            served.client.read(f"{hook}/numbers")
        assert caught.value.message == f"the plugin 'faulty' failed in {hook}"
        assert f"a fault that was asked for, in {hook}" in served.server.log_text()


def test_unavailable_says_when_to_try_again(serve_faults):
    client = serve_faults(**at("get_schema", "stream_batches", fault="unavailable")).client

    for hook in ("get_schema", "stream_batches"):
        with pytest.raises(Unavailable, match="asked for") as caught:
            client.read(f"{hook}/numbers")
        assert caught.value.retry_after_seconds == 1.0


def test_invalid_data_says_where(serve_faults):
    client = serve_faults(**at("get_schema", "stream_batches", fault="invalid_data")).client

    for hook in ("get_schema", "stream_batches"):
        with pytest.raises(InvalidData, match="asked for") as caught:
            client.read(f"{hook}/numbers")
        assert (caught.value.row, caught.value.column, caught.value.value) == (1, "n", "one")


def test_another_schema_fails_the_reading_wherever_it_comes_from(serve_faults):
    hooks = ("list_flights", "get_schema", "stream_batches")
    client = serve_faults(**at(*hooks, fault="other_schema")).client

    for hook in hooks:
        with pytest.raises(PluginError, match="another schema than was announced"):
            client.read(f"{hook}/numbers")
    announced = [client.schema(f"{hook}/numbers").names for hook in hooks]
    assert announced == [["n"], ["n"], ["n", "name"]]


def test_a_huge_batch_arrives_if_the_server_may_send_it(serve_faults):
    client = serve_faults(
        over={"fault": "huge_batch", "huge_bytes": "2 MiB"},
        under={"fault": "huge_batch", "huge_bytes": 500_000},
    ).client

    with pytest.raises(LimitExceeded, match="is larger than the server may send"):
        client.read("over/numbers")
    names = client.read("under/numbers")["name"].to_pylist()
    assert [len(name) for name in names if not name.startswith("name")] == [500_000]


def test_the_batches_before_the_fault_arrive(serve_faults):
    client = serve_faults(
        **{f"s{after}": {"fault": "crash", "after_batches": after} for after in (0, 3, 4, 9)}
    ).client

    for after, right in [(0, 0), (3, 3), (4, 4), (9, 4)]:
        reader = client.stream(f"s{after}/numbers")
        read = [reader.read_next_batch() for _ in range(right)]
        assert [batch["n"][0].as_py() for batch in read] == [0, 8, 16, 24][:right]
        with pytest.raises(PluginError):
            reader.read_next_batch()


def test_what_stalls_runs_into_the_deadline_of_the_client(serve_faults):
    served = serve_faults(**at("get_schema", "list_flights", fault="stall"))

    with connect(served.uri, timeout_seconds=0.3) as client:
        for hook in ("get_schema", "list_flights"):
            with pytest.raises(Unavailable, match="Deadline Exceeded"):
                client.info(f"{hook}/numbers")


def test_a_stream_that_stalls_ends_with_the_server(serve_faults):
    served = serve_faults(s={"fault": "stall"})
    reader = served.client.stream("s/numbers")
    assert reader.read_next_batch().num_rows == 8

    served.server.process.terminate()

    with suppress(Unavailable):  # or it gets the rest, just before the connection is closed
        reader.read_all()
    assert served.server.process.wait(30) == 0


def test_a_server_that_cannot_start_is_told(serve_faults):
    with pytest.raises(ConfigError) as caught:
        serve_faults(**at("on_startup", fault="crash"))

    assert caught.value.message == "the plugin 'faulty' failed in on_startup"


@pytest.mark.parametrize(
    ("fault", "error"), [("unavailable", Unavailable), ("invalid_data", InvalidData)]
)
def test_what_cannot_start_is_not_started(registry, tmp_path, fault, error):
    options = {"fault": fault, "hook": "on_startup"}

    with pytest.raises(error, match="asked for"):
        registry(FaultyAdapter, config={"plugins": {"faulty": options}, "sources": {"s": tmp_path}})


def test_a_flight_may_have_no_batches(registry, tmp_path):
    config = {"plugins": {"faulty": {"batches": 0}}, "sources": {"s": tmp_path}}
    mount = registry(FaultyAdapter, config=config).mounts[0]

    [flight] = mount.list_flights()

    assert (flight.total_records, list(mount.stream_batches(flight, ScanRequest()))) == (0, [])


@pytest.mark.parametrize(
    ("fault", "hook"),
    [("stall", "on_startup"), ("other_schema", "on_startup"), ("huge_batch", "get_schema")],
)
def test_a_fault_that_is_not_possible_is_refused(registry, tmp_path, fault, hook):
    config = {"plugins": {"faulty": {"fault": fault, "hook": hook}}, "sources": {"s": tmp_path}}

    with pytest.raises(ConfigError, match=f"the fault '{fault}' is possible only in"):
        registry(FaultyAdapter, config=config)
