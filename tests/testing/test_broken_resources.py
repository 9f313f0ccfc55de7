"""Adapters that break a law of resources or of threads."""

from sqlite3 import connect
from threading import Event, Lock, active_count
from typing import Any

import attrs
from adapter_cases import AdapterCase
from right_adapters import ArrowAdapter

from flightstream import adapter, hookimpl
from flightstream.testing.threads import THREADS


@adapter
class Keeping(ArrowAdapter):
    """Closes some files only when it is stopped."""

    _kept: list[Any] = attrs.field(factory=list, init=False)

    @hookimpl
    def on_shutdown(self):
        for file in self._kept:
            file.close()

    def opened_for_long(self, flight):
        self._kept.append(flight.origin.open())
        return self._kept[-1]


class TestKeepsWhatItAsksForSchemas(AdapterCase):
    breaks = {"test_listing_closes_everything": "orders.arrow']"}

    @adapter
    class plugin(Keeping):
        @hookimpl
        def get_schema(self, flight):
            return self.opened(self.opened_for_long(flight)).schema


class TestClosesOnlyWhenClosed(AdapterCase):
    breaks = {"test_reading_closes_everything": "after all of 'deep/empty' was read, still open"}

    @adapter
    class plugin(Keeping):
        @hookimpl
        def stream_batches(self, flight):
            file = self.opened_for_long(flight)
            try:
                yield from self.batches(flight, file)
            except BaseException:
                file.close()
                raise


class TestClosesOnlyAtTheEnd(AdapterCase):
    breaks = {
        "test_early_close_frees_everything": "yield inside `with`, or close in `finally`",
        "test_a_failing_stream_frees_everything": "after a stream of 'spoilt' that failed, still",
        "test_cancel_frees_every_handle": "1 s after its client left, the server has",
    }

    @adapter
    class plugin(Keeping):
        @hookimpl
        def stream_batches(self, flight):
            file = self.opened_for_long(flight)
            yield from self.batches(flight, file)
            file.close()


class TestOpensWhenCalled(AdapterCase):
    breaks = {"test_a_stream_never_read_holds_nothing": "open inside the generator"}

    @adapter
    class plugin(Keeping):
        @hookimpl
        def stream_batches(self, flight):
            return self.read(flight, self.opened_for_long(flight))

        def read(self, flight, file):
            with file:
                yield from self.batches(flight, file)


class TestReadsAllAhead(AdapterCase):
    breaks = {"test_a_slow_reader_costs_little_memory": "read less ahead, and yield as you read"}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def stream_batches(self, flight):
            return list(super().stream_batches(flight))


class TestUsesItsThreadsConnection(AdapterCase):
    breaks = {"test_a_stream_moves_between_threads": "batch 1 of 'orders', asked for on another"}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def stream_batches(self, flight):
            connection = connect(":memory:")
            for batch in super().stream_batches(flight):
                connection.execute("SELECT 1")
                yield batch


class OneAtATime:
    """Fails if two enter at once; the first of many waits until that has happened."""

    def __init__(self):
        self.lock = Lock()
        self.second_came = Event()

    def __enter__(self):
        if not self.lock.acquire(blocking=False):
            self.second_came.set()
            raise RuntimeError("two at once")
        if active_count() > THREADS:
            self.second_came.wait(30)

    def __exit__(self, *_exc):
        self.lock.release()


@adapter
class Alone(ArrowAdapter):
    """Has hooks that cannot be called twice at once."""

    _alone: OneAtATime = attrs.field(factory=OneAtATime, init=False)


class TestReadsAlone(AdapterCase):
    breaks = {"test_sixteen_threads_read": "RuntimeError('two at once')"}

    @adapter
    class plugin(Alone):
        @hookimpl
        def stream_batches(self, flight):
            with self._alone:
                yield from super().stream_batches(flight)


class TestListsAlone(AdapterCase):
    breaks = {"test_sixteen_threads_list": "RuntimeError('two at once')"}

    @adapter
    class plugin(Alone):
        @hookimpl
        def list_flights(self):
            with self._alone:
                return [*super().list_flights()]


class TestTellsSchemasAlone(AdapterCase):
    breaks = {"test_sixteen_threads_ask_for_a_new_schema": "RuntimeError('two at once')"}

    @adapter
    class plugin(Alone):
        @hookimpl
        def get_schema(self, flight):
            with self._alone:
                return super().get_schema(flight)
