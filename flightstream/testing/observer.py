"""The conformance kit for plugins that observe finished calls."""

from collections.abc import Callable
from typing import ClassVar

import attrs
import pytest
from hypothesis import strategies as st

from flightstream.errors import FlightStreamError
from flightstream.models import CallRecord, PluginFailure
from flightstream.registry import Registry
from flightstream.registry.hooks import implementation
from flightstream.testing.examples import for_all
from flightstream.testing.handles import becomes
from flightstream.testing.memory import growth
from flightstream.testing.plugin_laws import ServiceLaws
from flightstream.testing.sample import Observed
from flightstream.testing.serve import Served
from flightstream.testing.strategies import failures, records
from flightstream.testing.threads import THREADS, at_once

_RECORD = CallRecord(
    call="c0ffee",
    method="DoGet",
    code="ok",
    flight="sales/orders",
    source="sales",
    adapter="csv",
    subject="ada",
    peer="ipv4:127.0.0.1:50000",
    duration_seconds=0.25,
    first_batch_seconds=0.01,
    rows=10,
    bytes=1000,
    batches=1,
    counts={"skipped_rows": 2},
)
_FORGED = 'x\n{"call": "forged"}\r\n\x85\u2028forged'
_CALLS = 3000


class ObserverConformance(ServiceLaws):
    """The laws that every plugin with ``on_call_finished`` keeps.

    ::

        class TestAudit(ObserverConformance):
            plugin = AuditLog

            @pytest.fixture
            def sample(self, tmp_path):
                log = tmp_path / "audit.jsonl"
                return Observed({"file": str(log)}, written=log.read_text)

    Attributes:
        plugin: The class under test.
        options: Its options, as in ``[plugins.NAME]``.
        services: Service plugins that it needs.
        memory_limit_bytes: By how much it may grow with 3,000 calls of as many
            flights, subjects and peers.
        patience_seconds: How long a line may take to be written.

    .. versionadded:: 0.1
    """

    memory_limit_bytes: ClassVar[int] = 1024 * 1024
    patience_seconds: ClassVar[float] = 10.0

    @pytest.fixture
    def sample(self) -> Observed:
        """Return what the observer is given; nothing, if the author says nothing."""
        return Observed()

    def use(self, registry: Registry, sample: Observed) -> None:
        """Observe two calls."""
        self.observe(registry, _RECORD)
        self.observe(registry, CallRecord(call="decaf", method="ListFlights", code="internal"))

    def observe(self, registry: Registry, record: CallRecord) -> None:
        """Tell the plugin alone of a call, as a server does."""
        tell = implementation(registry.services.manager, self.mine(registry), "on_call_finished")
        assert tell is not None, "the plugin has no hook `on_call_finished`"
        try:
            tell(record=record)
        except Exception as exc:
            raise AssertionError(
                f"on_call_finished raises {exc!r} for {record}: each would be an error in the log"
            ) from exc

    def test_any_call_is_observed(self, start: Callable[..., Registry]) -> None:
        """Whatever a call was, failed or without a flight, observing it raises nothing."""
        registry = start()
        for_all(lambda data: self.observe(registry, _drawn(data)))

    def test_any_failure_is_observed(self, start: Callable[..., Registry]) -> None:
        """Whatever failed, with or without an exception, ``on_plugin_failed`` raises nothing."""
        registry = start()
        tell = implementation(registry.services.manager, self.mine(registry), "on_plugin_failed")
        if tell is None:
            pytest.skip("the plugin has no hook `on_plugin_failed`")

        def observe(data: st.DataObject) -> None:
            failure: PluginFailure = data.draw(failures(), "failure")
            try:
                tell(failure=failure)
            except Exception as exc:
                raise AssertionError(
                    f"on_plugin_failed raises {exc!r} for {failure}: each would be an error in"
                    " the log"
                ) from exc

        for_all(observe)

    def test_sixteen_threads_observe(self, start: Callable[..., Registry]) -> None:
        """Sixteen calls may end at the same moment."""
        registry = start()
        at_once(lambda: self.observe(registry, _RECORD))

    def test_a_late_call_is_survived(self, start: Callable[..., Registry]) -> None:
        """A call that outlives the drain ends after ``on_shutdown``, and raises nothing."""
        registry = start()
        self.observe(registry, _RECORD)
        registry.shutdown()
        self.observe(registry, _RECORD)

    def test_records_stay_as_they_were(self, start: Callable[..., Registry]) -> None:
        """A record belongs to all observers: none changes it."""
        counts = {"skipped_rows": 2}
        self.observe(start(), attrs.evolve(_RECORD, counts=counts))
        assert counts == {"skipped_rows": 2}, f"the counts of a record became {counts}"

    def test_many_calls_take_no_memory(self, start: Callable[..., Registry]) -> None:
        """Many flights, subjects and peers are not kept."""
        registry = start()

        def observe(number: int) -> None:
            name = f"{number:08}" * 128
            record = attrs.evolve(_RECORD, call=name[:12], flight=f"s/{name}", subject=name)
            self.observe(registry, attrs.evolve(record, peer=name))

        grown = growth(observe, _CALLS)
        assert grown <= self.memory_limit_bytes, (
            f"{_CALLS} calls of as many flights, subjects and peers took {grown} bytes that are"
            " not freed: keep none of these names, or a bounded number"
        )

    def test_every_call_leaves_a_line(
        self, start: Callable[..., Registry], sample: Observed
    ) -> None:
        """Sixteen calls that end at once are sixteen lines."""
        registry, before = start(), len(_lines(sample))
        at_once(lambda: self.observe(registry, _RECORD))
        whole = becomes(lambda: len(_lines(sample)) == before + THREADS, self.patience_seconds)
        assert whole, (
            f"{THREADS} calls that ended at once are {len(_lines(sample)) - before} lines: write"
            " each with its line break in one piece"
        )

    def test_no_name_forges_a_line(self, start: Callable[..., Registry], sample: Observed) -> None:
        """A name with line breaks in it, of any kind, stays within one line."""
        registry, before = start(), len(_lines(sample))
        record = attrs.evolve(_RECORD, call=_FORGED, flight=_FORGED, subject=_FORGED, peer=_FORGED)
        self.observe(registry, record)
        becomes(lambda: len(_lines(sample)) > before, self.patience_seconds)
        registry.shutdown()
        written = len(_lines(sample)) - before
        assert written == 1, f"a call of names with line breaks is {written} lines: escape them"

    def test_calls_of_a_server_are_observed(
        self, served: Callable[..., Served], sample: Observed
    ) -> None:
        """Calls of a real server answer as without the observer, also those that fail."""
        started = served(fault="crash", hook="get_schema")
        for _ in range(2):
            assert [flight.name for flight in started.client.flights()]
            with pytest.raises(FlightStreamError):
                started.client.info("numbers")
        events = [line.get("event") for line in started.server.log_lines()]
        assert "observer_failed" not in events, "the server logged that the observer failed"
        if sample.written is not None:
            written = becomes(lambda: len(_lines(sample)) >= 4, self.patience_seconds)
            assert written, f"4 calls of a server are {len(_lines(sample))} lines"

    def test_streams_of_a_server_are_observed(self, served: Callable[..., Served]) -> None:
        """A stream has all its rows, also where the observer takes its time."""
        rows = served(batches=3, batch_rows=5).client.read("numbers").num_rows
        assert rows == 15, f"beside the observer, a flight of 15 rows has {rows}"


def _lines(sample: Observed) -> list[str]:
    if sample.written is None:
        pytest.skip("give `written` in the sample, a function that returns what was written")
    try:
        return sample.written().splitlines()
    except FileNotFoundError:
        return []


def _drawn(data: st.DataObject) -> CallRecord:
    record: CallRecord = data.draw(records(), "record")
    return record
