"""A running stream: held against its schema, filtered, cut to size, counted."""

import json
from collections.abc import Callable, Generator
from contextlib import closing
from threading import Lock

import attrs
import pyarrow as pa
import structlog
from attrs import define, field

from flightstream.errors import Cancelled, InvalidData, LimitExceeded, Unavailable
from flightstream.models import Grant
from flightstream.narrow import narrowed
from flightstream.plugin import ByteSize
from flightstream.registry import Overdue, errands
from flightstream.serving.access import conceal
from flightstream.serving.admission import Place
from flightstream.serving.calls import Call, Calls, mark
from flightstream.serving.planner import Plan
from flightstream.serving.turn import Turn

_NOT_READ = "the client did not read to the end"


@define(eq=False)
class Scan:
    """One stream of batches. It is iterated once, by one thread, and then closed.

    Another thread may end it between two batches, with :meth:`end_if_idle`.

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
    _begun_seconds: float | None = field(default=None, init=False)
    _turn: Turn = field(factory=Turn, init=False)
    _ended: bool = field(default=False, init=False)
    _ending: Lock = field(factory=Lock, init=False)

    def __attrs_post_init__(self) -> None:
        request = attrs.evolve(self.plan.request, buffer_bytes=self._place.share_bytes)
        self.plan = attrs.evolve(self.plan, request=request)
        self._call.stream = self

    @property
    def schema(self) -> pa.Schema:
        """What every batch has."""
        return self.plan.schema

    def __iter__(self) -> Generator[pa.RecordBatch]:
        """Yield batches until the plan is done; whatever happens, the call is closed."""
        self._begun_seconds = self._call.elapsed_seconds()
        error: BaseException | None = None
        batches = self._turn.batches = self._cut()
        try:
            batch = self._first(batches)
            while True:
                self._turn.to_reader()
                if batch is None:
                    return
                self._count(batch)
                yield batch
                self._turn.to_source()
                batch = self._next(batches)
        except GeneratorExit:
            error = Cancelled(_NOT_READ)
            raise
        except InvalidData as exc:
            mark(exc, self._call)
            error = exc
            if self.plan.grant == Grant():
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

    def _first(self, batches: Generator[pa.RecordBatch]) -> pa.RecordBatch | None:
        """Return the first batch, if it comes in time."""
        seconds = self._call.setup.limits.first_batch_timeout_seconds
        try:
            with structlog.contextvars.bound_contextvars(call=self._call.id):
                return errands.run(lambda: next(batches, None), seconds)
        except Overdue as overdue:
            self._turn.release()
            overdue.then(batches.close)
            raise Unavailable(f"the first rows have not come within {seconds:g} seconds") from None

    def _next(self, batches: Generator[pa.RecordBatch]) -> pa.RecordBatch | None:
        """Return the next batch; a source that fails too late has been ended before."""
        try:
            with structlog.contextvars.bound_contextvars(call=self._call.id):
                return next(batches, None)
        except BaseException:
            self._turn.stop()
            raise

    def _count(self, batch: pa.RecordBatch) -> None:
        """Count a batch that is about to be handed out.

        Raises:
            LimitExceeded: It is more than is allowed, and is not handed out.
        """
        call, allowed = self._call, self._call.allowance
        rows, size = call.rows + batch.num_rows, call.bytes + size_of(batch)
        if allowed.rows is not None and rows > allowed.rows:
            raise _too_much("rows", allowed.rows, "a filter or a limit")
        if allowed.bytes is not None and size > allowed.bytes:
            raise _too_much("bytes", allowed.bytes, "fewer columns, a filter or a limit")
        if call.first_batch_seconds is None:
            call.first_batch_seconds = call.elapsed_seconds()
        call.rows, call.bytes = rows, size
        call.batches += 1

    @property
    def is_begun(self) -> bool:
        """Whether it was iterated, and so ends itself."""
        return self._begun_seconds is not None

    def abandon(self) -> None:
        """End a scan that was never iterated."""
        if not self.is_begun:
            self.close(Cancelled(_NOT_READ))

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
        self._call.counts = self.plan.request.counts.as_dict()
        self._call.residual = self.plan.residual
        self._note_phases()
        self._calls.close(self._call, error)

    def _release(self) -> None:
        """Close what the batches come from, unless another thread does."""
        if (batches := self._turn.release()) is not None:
            with structlog.contextvars.bound_contextvars(call=self._call.id):
                batches.close()

    def _note_phases(self) -> None:
        call, first = self._call, self._call.first_batch_seconds
        if self._begun_seconds is None:
            return
        now = call.elapsed_seconds()
        call.phase_ended("first_batch", self._begun_seconds, now if first is None else first)
        if first is not None:
            call.phase_ended("stream", first, now)

    def summary(self) -> bytes:
        """Return what the last message of the stream says: rows, and what was reported."""
        counts = self.plan.request.counts.for_client()
        return json.dumps({**counts, "rows": self._call.rows}).encode()

    def _cut(self) -> Generator[pa.RecordBatch]:
        plan = self.plan
        names = self.schema.names
        setup, place = self._call.setup, self._place
        with closing(narrowed(self._read(), plan.steps, plan.offset, plan.limit, names)) as narrow:
            for batch in narrow:
                size = size_of(batch)
                if size > place.share_bytes:
                    place.hold(size)
                yield from cut(batch, setup.batch_bytes, setup.max_batch_bytes)
                if size > place.share_bytes:
                    place.hold(0)

    def _read(self) -> Generator[pa.RecordBatch]:
        plan = self.plan
        entry = plan.entry
        with closing(entry.mount.stream_batches(entry.flight, plan.request, entry.path)) as stream:
            for batch in stream:
                self._check_wanted()
                self._call.rows_read += batch.num_rows
                yield self._checked(batch)

    def _check_wanted(self) -> None:
        # The transport must not be asked after its call, as a thread could whose batch is late.
        self._turn.check()
        with self._ending:
            if self._ended or self._is_cancelled():
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


def cut(batch: pa.RecordBatch, batch_bytes: int, max_bytes: int) -> Generator[pa.RecordBatch]:
    """Yield slices of a batch, in order, of about ``batch_bytes`` each.

    Raises:
        LimitExceeded: A single row is larger than ``max_bytes``.
    """
    if size_of(batch) <= batch_bytes and _fits(batch, max_bytes):
        yield batch
        return
    # What every slice carries along, such as a dictionary, gets no smaller by cutting.
    shared = size_of(batch.slice(0, 0))
    size = size_of(batch) - shared
    if shared > max_bytes:
        raise _too_large("a dictionary", shared, max_bytes)
    if size > batch_bytes and batch.num_rows > 1:
        rows = max(1, min(batch.num_rows - 1, batch.num_rows * batch_bytes // size))
    elif _fits(batch, max_bytes):
        yield batch
        return
    elif batch.num_rows > 1:
        rows = batch.num_rows // 2
    else:
        raise _too_large("a row", size_of(batch), max_bytes)
    for start in range(0, batch.num_rows, rows):
        part = batch.slice(start, rows)
        if size_of(part) - shared > 2 * batch_bytes or not _fits(part, max_bytes):
            yield from cut(part, batch_bytes, max_bytes)  # rows differ in size
        else:
            yield part


def size_of(batch: pa.RecordBatch) -> int:
    """Return how many bytes the rows of a batch take."""
    try:
        return int(batch.nbytes)
    except pa.ArrowTypeError:  # views, before Arrow 24
        return int(batch.get_total_buffer_size())


def _fits(batch: pa.RecordBatch, max_bytes: int) -> bool:
    # Padding and what describes a column can be more than the data, and of some
    # types (views, dense unions) every slice carries all values.
    return bool(pa.ipc.get_record_batch_size(batch) <= max_bytes)


def _too_large(what: str, size: int, max_bytes: int) -> LimitExceeded:
    return LimitExceeded(
        f"{what} of {size} bytes is larger than the server may send"
        f" ({ByteSize(max_bytes)}): ask for fewer columns"
    )


def _too_much(what: str, limit: int, cure: str) -> LimitExceeded:
    return LimitExceeded(
        f"your limit of {what} in one scan is {int(limit)}, and this one has more:"
        f" ask for less by {cure}"
    )


def _brief(schema: pa.Schema) -> str:
    text = ", ".join(f"{field.name}: {field.type}" for field in schema)
    return text if len(text) <= 300 else f"{text[:300]}…"
