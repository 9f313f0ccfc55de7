"""A running stream: held against its schema, filtered, cut to size, counted."""

import json
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import closing
from contextvars import Context, copy_context
from functools import partial
from threading import Lock

import attrs
import pyarrow as pa
import structlog
from attrs import define, field

from flightstream.background import Overdue, errands, result_within
from flightstream.errors import Cancelled, InvalidData, LimitExceeded, Unavailable
from flightstream.models import Grant, ScanRequest
from flightstream.narrow import narrowed
from flightstream.serving.access import conceal
from flightstream.serving.admission import Place
from flightstream.serving.calls import Call, Calls, mark
from flightstream.serving.cut import Sized, cut, size_of
from flightstream.serving.planner import Plan
from flightstream.serving.turn import Turn
from flightstream.workers import begin_stream

_NOT_READ = "the client did not read to the end"
_ALL = Grant()


@define(eq=False)
class Scan:
    """One stream of batches. It is iterated once, by one thread, and then closed.

    The first batch is made on another thread, which may begin before it is asked
    for, with :meth:`start`. Another thread may end the stream between two batches,
    with :meth:`end_if_idle`.

    Args:
        plan: What to read.
        place: What it may take of the server's memory; given back when it ends.
        is_cancelled: Tells whether the client has gone; asked between batches.
    """

    plan: Plan
    _call: Call
    _calls: Calls
    _place: Place
    _is_cancelled: Callable[[], bool]
    is_begun: bool = field(default=False, init=False)  # so that it ends itself
    _first: Future[Sized | None] | None = field(default=None, init=False)
    _started_seconds: float = field(default=0.0, init=False)
    _turn: Turn = field(factory=Turn, init=False)
    _ended: bool = field(default=False, init=False)
    _ending: Lock = field(factory=Lock, init=False)
    # What the source runs in: the call's id is bound once, not anew for each batch.
    _context: Context = field(factory=copy_context, init=False)
    _request: ScanRequest = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._context.run(structlog.contextvars.bind_contextvars, call=self._call.id)
        self._context.run(begin_stream)
        share_bytes = self._place.share_bytes
        self._request = attrs.evolve(self.plan.request, buffer_bytes=share_bytes)
        self._call.stream = self

    @property
    def schema(self) -> pa.Schema:
        """What every batch has."""
        return self.plan.schema

    def start(self) -> Future[Sized | None]:
        """Begin with the first batch, while the transport gets ready to ask for it."""
        self._started_seconds = self._call.elapsed_seconds()
        self._turn.batches = batches = self._cut()
        self._first = errands.start(partial(self._context.run, next, batches, None))
        return self._first

    def __iter__(self) -> Generator[pa.RecordBatch]:
        """Yield batches until the plan is done; whatever happens, the call is closed."""
        self.is_begun = True
        error: BaseException | None = None
        if self._first is None:
            self.start()
        batches = self._turn.batches
        assert batches is not None
        try:
            sized = self._in_time(batches)
            while True:
                self._turn.to_reader()
                if sized is None:
                    return
                batch, size = sized
                self._count(batch, size)
                yield batch
                self._turn.to_source()
                sized = self._next(batches)
        except GeneratorExit:
            error = Cancelled(_NOT_READ)
            raise
        except InvalidData as exc:
            mark(exc, self._call)
            error = exc
            if self.plan.offer.grant == _ALL:
                raise
            raise conceal(exc) from exc
        except BaseException as exc:
            mark(exc, self._call)
            error = exc
            raise
        finally:
            self._release()
            self.close(error)
            # Its traceback has this frame and those of the adapter, with their batches:
            # all of them would be kept until Python looks for garbage.
            del error

    def _in_time(self, batches: Generator[Sized]) -> Sized | None:
        """Return the first batch, if it comes in time."""
        seconds = self._call.setup.limits.first_batch_timeout_seconds
        first, self._first = self._first, None
        assert first is not None
        try:
            return result_within(first, seconds)
        except Overdue as overdue:
            self._turn.release()
            overdue.then(batches.close)
            raise Unavailable(f"the first rows have not come within {seconds:g} seconds") from None
        finally:
            del first  # it has the batch, or an error that has this frame

    def _next(self, batches: Generator[Sized]) -> Sized | None:
        """Return the next batch; a source that fails too late has been ended before."""
        try:
            return self._context.run(next, batches, None)
        except BaseException:
            self._turn.stop()
            raise

    def _count(self, batch: pa.RecordBatch, batch_bytes: int) -> None:
        """Count a batch that is about to be handed out.

        Raises:
            LimitExceeded: It is more than is allowed, and is not handed out.
        """
        call, allowed = self._call, self._call.allowance
        rows, size = call.rows + batch.num_rows, call.bytes + batch_bytes
        if allowed.rows is not None and rows > allowed.rows:
            raise _too_much("rows", allowed.rows, "a filter or a limit")
        if allowed.bytes is not None and size > allowed.bytes:
            raise _too_much("bytes", allowed.bytes, "fewer columns, a filter or a limit")
        if call.first_batch_seconds is None:
            call.first_batch_seconds = call.elapsed_seconds()
        call.rows, call.bytes = rows, size
        call.batches += 1

    def abandon(self) -> None:
        """End a scan that was never iterated."""
        if self.is_begun:
            return
        self.close(Cancelled(_NOT_READ))
        first, self._first = self._first, None  # its error has frames that have this scan
        if first is not None:
            first.add_done_callback(lambda _: errands.start(self._release))

    def end_if_idle(self) -> None:
        """End a scan whose reader or source stands still; its thread goes when that moves."""
        error = self._turn.end_if_idle(self._call.setup.limits.idle_timeout_seconds)
        if error is not None:
            mark(error, self._call)
            self.close(error)
            if self._turn.is_readers:
                errands.start(self._release)

    def close(self, error: BaseException | None = None) -> None:
        """End the call that the scan belongs to; only the first time counts."""
        with self._ending:
            if self._ended:
                return
            self._ended = True
        self._place.leave()
        self._call.counts = self._request.counts.as_dict()
        self._call.residual = self.plan.residual
        self._note_phases()
        self._calls.close(self._call, error)

    def _release(self) -> None:
        """Close what the batches come from, unless another thread does."""
        if (batches := self._turn.release()) is not None:
            self._context.run(batches.close)

    def _note_phases(self) -> None:
        call, first = self._call, self._call.first_batch_seconds
        if not self.is_begun:
            return
        now = call.elapsed_seconds()
        call.phase_ended("first_batch", self._started_seconds, now if first is None else first)
        if first is not None:
            call.phase_ended("stream", first, now)

    def summary(self) -> bytes:
        """Return what the last message of the stream says: rows, and what was reported."""
        counts = self._request.counts.for_client()
        return json.dumps({**counts, "rows": self._call.rows}).encode()

    def _cut(self) -> Generator[Sized]:
        plan = self.plan
        names = None if plan.expected.names == self.schema.names else self.schema.names
        setup, place = self._call.setup, self._place
        with closing(narrowed(self._read(), plan.steps, plan.offset, plan.limit, names)) as narrow:
            for batch in narrow:
                size = size_of(batch)
                if size > place.share_bytes:
                    place.hold(size)
                yield from cut(batch, size, setup.batch_bytes, setup.max_batch_bytes)
                if size > place.share_bytes:
                    place.hold(0)

    def _read(self) -> Generator[pa.RecordBatch]:
        plan = self.plan
        entry = plan.entry
        with closing(entry.mount.stream_batches(entry.flight, self._request, entry.path)) as stream:
            for batch in stream:
                self._check_wanted()
                self._call.rows_read += batch.num_rows
                yield self._checked(batch)

    def _check_wanted(self) -> None:
        # The transport must not be asked after its call, as a thread could whose batch is
        # late, or was never asked for.
        self._turn.check()
        with self._ending:
            if self._ended or (self.is_begun and self._is_cancelled()):
                raise Cancelled("the client has gone")

    def _checked(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        expected = self.plan.expected
        if batch.schema.equals(expected):
            return batch
        raise self.plan.entry.mount.plugin.failure(
            "stream_batches",
            "a batch has another schema than was announced",
            str(self.plan.entry),
            announced=_brief(expected),
            found=_brief(batch.schema),
        )


def _too_much(what: str, limit: int, cure: str) -> LimitExceeded:
    return LimitExceeded(
        f"your limit of {what} in one scan is {int(limit)}, and this one has more:"
        f" ask for less by {cure}"
    )


def _brief(schema: pa.Schema) -> str:
    text = ", ".join(f"{field.name}: {field.type}" for field in schema)
    return text if len(text) <= 300 else f"{text[:300]}…"
