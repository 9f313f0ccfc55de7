"""Observers that each break one law."""

from pathlib import Path
from typing import Any

import attrs
from right_services import AuditLog
from service_cases import ObserverCase

from flightstream import hookimpl, service


class TestNeedsAFlight(ObserverCase):
    breaks = {"test_any_call_is_observed": "each would be an error in the log"}

    @service
    class plugin(AuditLog):
        def line(self, record):
            return record.flight.upper()


class TestNeedsAnException(ObserverCase):
    breaks = {"test_any_failure_is_observed": "on_plugin_failed raises"}

    @service
    class plugin(AuditLog):
        @hookimpl
        def on_plugin_failed(self, failure):
            self.write(failure.exception.args)


class TestCountsWithoutALock(ObserverCase):
    breaks = {"test_sixteen_threads_observe": "on_call_finished raises"}

    @service
    class plugin(AuditLog):
        inside: Any = attrs.field(factory=list, init=False)

        def write(self, line):
            self.inside.append(line)
            if len(self.inside) > 8:
                raise RuntimeError("a crowd")


class TestClosesItsFile(ObserverCase):
    breaks = {"test_a_late_call_is_survived": "I/O operation on closed file"}

    @service
    class plugin(AuditLog):
        opened: Any = attrs.field(default=None, init=False)

        @hookimpl
        def on_startup(self):
            self.opened = open(self.file, "a")

        @hookimpl
        def on_shutdown(self):
            self.opened.close()

        def write(self, line):
            self.opened.write(f"{line}\n")


class TestCountsInTheRecord(ObserverCase):
    breaks = {"test_records_stay_as_they_were": "the counts of a record became"}

    @service
    class plugin(AuditLog):
        def line(self, record):
            record.counts["lines"] = 1
            return ""


class TestCountsByFlight(ObserverCase):
    breaks = {"test_many_calls_take_no_memory": "keep none of these names"}

    @service
    class plugin(AuditLog):
        seen: Any = attrs.field(factory=dict, init=False)

        def write(self, line):
            self.seen[line] = self.seen.get(line, 0) + 1


class TestForgetsALine(ObserverCase):
    breaks = {"test_every_call_leaves_a_line": "are 1 lines"}
    patience_seconds = 0.5

    @service
    class plugin(AuditLog):
        def write(self, line):
            Path(self.file).write_text(f"{line}\n")


class TestEscapesNothing(ObserverCase):
    breaks = {"test_no_name_forges_a_line": "escape them"}

    @service
    class plugin(AuditLog):
        def line(self, record):
            return f"{record.flight} {record.code}"


class TestFailsOverTheWire(ObserverCase):
    breaks = {"test_calls_of_a_server_are_observed": "that the observer failed"}

    @service
    class plugin(AuditLog):
        def line(self, record):
            raise KeyError(record.call)


class TestWritesNothing(ObserverCase):
    breaks = {"test_calls_of_a_server_are_observed": "are 0 lines"}
    patience_seconds = 0.5

    @service
    class plugin(AuditLog):
        def write(self, line):
            pass


class TestCutsStreams(ObserverCase):
    breaks = {"test_streams_of_a_server_are_observed": "has 5"}

    @service
    class plugin(AuditLog):
        @hookimpl
        def wrap_stream(self, flight):
            return lambda request, read: [next(read(request))]
