"""What a client sees of each fault of FaultyAdapter, at each hook."""

from pathlib import Path

import pyarrow as pa
import pytest

from flightstream import ConfigError, InvalidData, LimitExceeded, PluginError, Unavailable, connect
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


class TestWithoutRows(AdapterConformance):
    plugin = FaultyAdapter
    options = {"batches": 0}

    @pytest.fixture
    def sample(self, tmp_path: Path) -> Sample:
        return Sample(tmp_path, {"numbers": NUMBERS.slice(0, 0)})


@pytest.fixture
def serve_fault(serve, tmp_path):
    """Return a function that serves a source named after each hook, where that goes wrong."""

    def start(fault: str, *hooks: str, **options):
        sources = {
            hook: {
                "uri": str(tmp_path),
                "options": {"faulty": {"fault": fault, "hook": hook, **options}},
            }
            for hook in hooks
        }
        server = {"max_send_message_bytes": "1 MiB", "drain_timeout_seconds": 0.5}
        config = {"plugins": {"enabled": []}, "server": server, "sources": sources}
        return serve(FaultyAdapter, config=config)

    return start


@pytest.mark.parametrize("fault", ["crash", "unavailable", "invalid_data"])
def test_what_cannot_be_listed_is_unavailable(serve_fault, fault):
    client = serve_fault(fault, "list_flights", "get_schema").client

    assert [flight.name for flight in client.flights()] == ["get_schema/numbers"]
    with pytest.raises(Unavailable, match="a source that does not answer now"):
        client.read("list_flights/numbers")


def test_a_crash_is_a_plugin_error_without_the_text(serve_fault):
    served = serve_fault("crash", "get_schema", "stream_batches")

    for hook in ("get_schema", "stream_batches"):
        with pytest.raises(PluginError) as caught:
            served.client.read(f"{hook}/numbers")
        assert caught.value.message == f"the plugin 'faulty' failed in {hook}"
        assert f"a fault that was asked for, in {hook}" in served.server.log_text()


def test_unavailable_says_when_to_try_again(serve_fault):
    client = serve_fault("unavailable", "get_schema", "stream_batches").client

    for hook in ("get_schema", "stream_batches"):
        with pytest.raises(Unavailable, match="asked for") as caught:
            client.read(f"{hook}/numbers")
        assert caught.value.retry_after_seconds == 1.0


def test_invalid_data_says_where(serve_fault):
    client = serve_fault("invalid_data", "get_schema", "stream_batches").client

    for hook in ("get_schema", "stream_batches"):
        with pytest.raises(InvalidData, match="asked for") as caught:
            client.read(f"{hook}/numbers")
        assert (caught.value.row, caught.value.column, caught.value.value) == (1, "n", "one")


def test_another_schema_fails_the_reading_wherever_it_comes_from(serve_fault):
    hooks = ("list_flights", "get_schema", "stream_batches")
    client = serve_fault("other_schema", *hooks).client

    for hook in hooks:
        with pytest.raises(PluginError, match="another schema than was announced"):
            client.read(f"{hook}/numbers")
    announced = [client.schema(f"{hook}/numbers").names for hook in hooks]
    assert announced == [["n"], ["n"], ["n", "name"]]


def test_a_huge_batch_is_larger_than_may_be_sent(serve_fault):
    client = serve_fault("huge_batch", "stream_batches", huge_bytes="2 MiB").client

    with pytest.raises(LimitExceeded, match="is larger than the server may send"):
        client.read("stream_batches/numbers")


def test_a_huge_batch_that_may_be_sent_arrives(serve_fault):
    client = serve_fault("huge_batch", "stream_batches", huge_bytes=500_000).client

    names = client.read("stream_batches/numbers")["name"].to_pylist()

    assert [len(name) for name in names if not name.startswith("name")] == [500_000]


@pytest.mark.parametrize("after", [0, 3, 4, 9])
def test_the_batches_before_the_fault_arrive(serve_fault, after):
    client = serve_fault("crash", "stream_batches", after_batches=after).client
    reader = client.stream("stream_batches/numbers")

    rows = []
    with pytest.raises(PluginError):
        for batch in reader:
            rows += batch["n"].to_pylist()

    assert rows == list(range(8 * min(after, 4)))


def test_what_stalls_runs_into_the_deadline_of_the_client(serve_fault):
    served = serve_fault("stall", "list_flights", "get_schema")

    with connect(served.uri, timeout_seconds=0.3) as client:
        for hook in ("get_schema", "list_flights"):
            with pytest.raises(Unavailable, match="Deadline Exceeded"):
                client.info(f"{hook}/numbers")


def test_a_stream_that_stalls_ends_with_the_server(serve_fault):
    served = serve_fault("stall", "stream_batches")
    reader = served.client.stream("stream_batches/numbers")
    assert reader.read_next_batch().num_rows == 8

    served.server.process.terminate()

    with pytest.raises(Unavailable):
        reader.read_next_batch()
    assert served.server.process.wait(30) == 0


@pytest.mark.parametrize("fault", ["crash", "unavailable", "invalid_data"])
def test_what_cannot_start_is_not_served(serve_fault, fault):
    with pytest.raises(ConfigError) as caught:
        serve_fault(fault, "on_startup")

    told = "the plugin 'faulty' failed in on_startup" if fault == "crash" else "a fault that was"
    assert caught.value.message.startswith(told)


@pytest.mark.parametrize(
    ("fault", "hook"),
    [("stall", "on_startup"), ("other_schema", "on_startup"), ("huge_batch", "get_schema")],
)
def test_a_fault_that_is_not_possible_is_refused(registry, tmp_path, fault, hook):
    config = {"plugins": {"faulty": {"fault": fault, "hook": hook}}, "sources": {"s": tmp_path}}

    with pytest.raises(ConfigError, match=f"the fault '{fault}' is possible only in"):
        registry(FaultyAdapter, config=config)
