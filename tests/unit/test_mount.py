"""What an adapter may answer, held against the contract."""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pytest
from attrs import field
from structlog.testing import capture_logs

from flightstream import (
    ConfigError,
    Flight,
    FlightStreamError,
    PluginError,
    ScanRequest,
    Source,
    Unsupported,
    adapter,
    hookimpl,
)
from flightstream.registry import Mount


def logged(logs: Iterable[Any], *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(log.get(key) for key in ("event", *keys)) for log in logs]


class TestMount:
    """What an adapter may answer, held against the contract."""

    def adapter(self, mount: Any, **answers: Any) -> Mount:
        def answer(hook: str) -> Any:
            if isinstance(answers[hook], BaseException):
                raise answers[hook]
            return answers[hook]

        @adapter
        class Lake:
            source: Source
            _unset: int = field(init=False)

            if "list_flights" in answers:

                @hookimpl
                def list_flights(self):
                    return answer("list_flights")

            if "find_flight" in answers:

                @hookimpl
                def find_flight(self):
                    return answer("find_flight")

            if "get_schema" in answers:

                @hookimpl
                def get_schema(self):
                    return answer("get_schema")

            if "plan_partitions" in answers:

                @hookimpl
                def plan_partitions(self):
                    return answer("plan_partitions")

            if "write_batches" in answers:

                @hookimpl
                def write_batches(self):
                    return answer("write_batches")

        return mount(Lake, name="lake")

    def test_flights_outside_the_prefix_are_left_out(self, mount):
        flights = [Flight("a/b"), Flight("a/c"), Flight("ab"), Flight("a")]
        lake = self.adapter(mount, list_flights=flights)

        assert lake.list_flights() == flights
        assert lake.list_flights(("a",)) == [flights[0], flights[1], flights[3]]

    @pytest.mark.parametrize(
        ("hook", "answer", "problem"),
        [
            ("list_flights", None, "it returned None, not flights"),
            ("list_flights", ["a"], "it gave str, not Flight"),
            ("list_flights", [None], "it gave NoneType, not Flight"),
            ("find_flight", "a", "it gave str, not Flight"),
            ("find_flight", Flight("b"), "it gave 'b' for 'a'"),
            ("get_schema", None, "it gave NoneType, not Schema"),
            ("get_schema", {"x": "int64"}, "it gave dict, not Schema"),
            (
                "get_schema",
                pa.schema([("x", pa.int64()), ("x", pa.int8())]),
                "two columns have one name",
            ),
            ("plan_partitions", 5, "it gave int, not Sequence"),
            ("write_batches", None, "it gave NoneType, not Mapping"),
            ("write_batches", {"rows": "many"}, "it gave str for the count 'rows', not int"),
        ],
    )
    def test_an_answer_that_is_wrong_is_named(self, mount, hook, answer, problem):
        with capture_logs() as logs, pytest.raises(PluginError) as caught:
            self.call(self.adapter(mount, **{hook: answer}), hook)

        assert caught.value.message == f"the plugin 'lake' broke the contract of {hook}: {problem}"
        assert logged(logs, "plugin", "version", "hook", "problem") == [
            ("plugin_broke_contract", "lake", "1.0", hook, problem)
        ]

    @pytest.mark.parametrize(
        "hook",
        ["list_flights", "find_flight", "get_schema", "plan_partitions", "write_batches"],
    )
    def test_a_failure_is_named(self, mount, hook):
        with capture_logs() as logs, pytest.raises(PluginError) as caught:
            self.call(self.adapter(mount, **{hook: ValueError("s3cr3t")}), hook)

        assert caught.value.message == f"the plugin 'lake' failed in {hook}"
        assert caught.value.flight == (None if hook == "list_flights" else "s/a")
        assert logged(logs, "plugin", "version", "hook") == [("plugin_failed", "lake", "1.0", hook)]

    def test_a_listing_that_fails_in_the_middle_fails(self, mount):
        def flights():
            yield Flight("a")
            raise RuntimeError("s3cr3t")

        with capture_logs(), pytest.raises(PluginError):
            self.adapter(mount, list_flights=flights()).list_flights()

    def test_optional_hooks_may_be_missing(self, mount):
        lake = self.adapter(mount)

        assert lake.find_flight(("a",)) is None
        assert lake.plan_partitions(Flight("a"), ScanRequest(), 2) is None
        with pytest.raises(Unsupported) as caught:
            lake.write_batches(Flight("a"), iter(()), "append")
        assert caught.value.message == (
            "the flight 's/a' cannot be written: its adapter 'lake' only reads"
        )

    @pytest.mark.parametrize(
        "name", [("..",), ("a", "", "b"), ("a\0b",), (".",), ("",), ("\ud800",)]
    )
    def test_no_adapter_is_asked_for_a_name_that_no_flight_can_have(self, mount, name):
        lake = self.adapter(mount, find_flight=AssertionError("it was asked"))

        assert lake.find_flight(name) is None

    def call(self, lake: Mount, hook: str) -> Any:
        flight, request = Flight("a"), ScanRequest()
        match hook:
            case "list_flights":
                return lake.list_flights()
            case "find_flight":
                return lake.find_flight(("a",))
            case "get_schema":
                return lake.get_schema(flight)
            case "plan_partitions":
                return lake.plan_partitions(flight, request, 2)
            case "write_batches":
                return lake.write_batches(flight, iter(()), "append")


@pytest.mark.parametrize(
    "name", ["", "/", "a//b", "a/", "..", "a/../b", ".", "a\nb", "a\0", "\ud800", ("a/b",), ()]
)
def test_a_flight_cannot_have_a_name_that_means_something_else(name):
    with pytest.raises(ValueError, match="is not a flight name"):
        Flight(name)


def test_an_error_of_ours_from_a_hook_gets_the_flights_name(mount):
    @adapter
    class Lake:
        source: Source

        @hookimpl
        def get_schema(self, flight):
            raise ConfigError("the flight has no schema yet")

    with pytest.raises(FlightStreamError) as caught:
        mount(Lake).get_schema(Flight("a/b"))

    assert (caught.value.code, caught.value.flight) == ("config_error", "s/a/b")
