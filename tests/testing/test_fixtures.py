"""The fixtures of the kit."""

import os

import pyarrow as pa
import pytest
import structlog

from flightstream import ConfigError, Flight, NotFound, Source, adapter, hookimpl, option

pytest_plugins = ["flightstream.testing"]


@adapter
class HereAdapter:
    """Has one flight, and stands in a test module."""

    source: Source
    rows: int = option(2, help="how many rows", minimum=1)

    @hookimpl
    def list_flights(self):
        yield Flight("pid", version="1")

    @hookimpl
    def get_schema(self):
        return pa.schema([("pid", pa.int64())])

    @hookimpl
    def stream_batches(self):
        yield pa.record_batch({"pid": [os.getpid()] * self.rows})


def test_a_class_of_a_test_module_is_served_by_another_process(serve):
    served = serve(HereAdapter)

    pids = served.client.read("pid")["pid"].to_pylist()

    assert pids == [served.server.pid] * 2
    assert os.getpid() not in pids


def test_a_configuration_is_served(serve, make_config, tmp_path):
    tables = {"plugins": {"enabled": [], "here": {"rows": 3}}, "sources": {"s": str(tmp_path)}}

    for config in (tables, make_config(**tables)):
        served = serve(HereAdapter, config=config)
        assert served.client.read("s/pid").num_rows == 3


def test_two_servers_have_a_port_each(serve, tmp_path):
    one, other = serve(HereAdapter, tmp_path), serve(HereAdapter)

    assert one.uri != other.uri
    with pytest.raises(NotFound):
        other.client.read("nothing")


def test_what_is_wrong_with_a_configuration_is_raised(serve):
    with pytest.raises(ConfigError, match="rows"):
        serve(HereAdapter, config={"plugins": {"enabled": [], "here": {"rows": 0}}})


def test_a_class_inside_a_function_is_refused_with_the_cure(serve):
    @adapter
    class Inner(HereAdapter):
        pass

    with pytest.raises(TypeError, match="top of its module"):
        serve(Inner)


def test_a_registry_is_built_and_started(registry, tmp_path):
    built = registry(HereAdapter, config={"plugins": {"enabled": []}, "sources": {"s": tmp_path}})

    assert [flight.name for flight in built.mounts[0].list_flights()] == [("pid",)]


def test_logs_are_captured(captured_logs):
    structlog.get_logger().info("something_happened", number=1)

    assert captured_logs == [{"event": "something_happened", "number": 1, "log_level": "info"}]
