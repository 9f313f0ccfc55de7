"""Calls under way: counted, refused while the server stops, and reported when they end."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Condition
from typing import Any, Protocol

import structlog
from attrs import define, field

from flightstream.errors import FlightStreamError, Unavailable
from flightstream.models import Allowance, CallRecord, Credentials, Identity, Phase, StartedCall
from flightstream.registry import ending_after
from flightstream.serving.listing import Entry
from flightstream.serving.setup import Setup
from flightstream.serving.trace_context import trace_context

log = structlog.get_logger(__name__)


class Stream(Protocol):
    """What a call is about that has one."""

    def end_if_idle(self) -> None:
        """End it if it has stood still for too long."""


@define(eq=False)
class Call:
    """One call, from its arrival until its last batch has left.

    Args:
        method: The RPC, ``"DoGet"``.
        credentials: What came along.
        setup: What the server was when the call came, and is for it to its end.
        id: In every log line and error of the call.
    """

    method: str
    credentials: Credentials
    setup: Setup = field(repr=False)
    id: str = field(factory=lambda: os.urandom(6).hex())
    identity: Identity | None = None
    allowance: Allowance = Allowance()
    action: str | None = None
    flight: str | None = None
    entry: Entry | None = field(default=None, repr=False)
    stream: Stream | None = field(default=None, repr=False)
    first_batch_seconds: float | None = None
    rows: int = 0
    bytes: int = 0
    batches: int = 0
    counts: Mapping[str, int] = field(factory=dict)
    rows_read: int = 0
    residual: tuple[str, ...] = ()
    phases: list[Phase] = field(factory=list)
    _started: float = field(factory=time.perf_counter)
    _started_at: float = field(factory=time.time)

    def elapsed_seconds(self) -> float:
        """Return the time since the call arrived."""
        return time.perf_counter() - self._started

    def phase_ended(self, name: str, start_seconds: float, end_seconds: float) -> None:
        """Note what a part of the time went into."""
        self.phases.append(Phase(name, start_seconds, end_seconds - start_seconds))

    def phase(self, name: str) -> "_Timed":
        """Note that the time of a ``with`` block goes into something, also if it fails."""
        return _Timed(self, name, self.elapsed_seconds())

    def started(self, identity: Identity) -> StartedCall:
        """Return what plugins are asked to admit."""
        return StartedCall(
            call=self.id, method=self.method, identity=identity, peer=self.credentials.peer
        )

    def record(self, code: str) -> CallRecord:
        """Return what observers are told."""
        trace_parent, trace_state = trace_context(self.credentials.headers)
        return CallRecord(
            call=self.id,
            method=self.method,
            code=code,
            flight=self.flight,
            source=self.entry.mount.source.name if self.entry else None,
            adapter=self.entry.mount.plugin.name if self.entry else None,
            action=self.action,
            subject=self.identity.subject if self.identity else None,
            roles=tuple(sorted(self.identity.roles, key=str)) if self.identity else (),
            peer=self.credentials.peer,
            duration_seconds=self.elapsed_seconds(),
            first_batch_seconds=self.first_batch_seconds,
            rows=self.rows,
            bytes=self.bytes,
            batches=self.batches,
            counts=self.counts,
            started_at=self._started_at,
            phases=tuple(self.phases),
            rows_read=self.rows_read,
            residual=self.residual,
            trace_parent=trace_parent,
            trace_state=trace_state,
        )


@define(eq=False)
class _Timed:
    """A part of a call's time."""

    _call: Call
    _name: str
    _start_seconds: float

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_exc: object) -> None:
        self._call.phase_ended(self._name, self._start_seconds, self._call.elapsed_seconds())


@define(eq=False)
class Calls:
    """The calls of one server. Its state is guarded by one condition.

    Args:
        setup: For calls that begin now.
    """

    setup: Setup = field(repr=False)
    # A set, for a stream that nobody began may be collected, and so counted out, in the
    # midst of anything that this module does.
    _active: set[Call] = field(factory=set, init=False, repr=False)
    _changed: Condition = field(factory=Condition, init=False)

    @property
    def active(self) -> int:
        """How many calls are under way."""
        return len(self._active)

    @property
    def scans(self) -> int:
        """How many of them are streams."""
        return sum(call.method == "DoGet" for call in self.under_way())

    def under_way(self) -> list[Call]:
        """Return those that have begun and not ended."""
        return list(self._active)

    def open(self, method: str, credentials: Credentials, *, while_draining: bool = False) -> Call:
        """Begin a call, to be ended with :meth:`close`.

        Args:
            method: The RPC.
            credentials: What came along.
            while_draining: Whether the call is let in also by a server that stops.

        Raises:
            Unavailable: The server is stopping.
        """
        with self._changed:
            call = Call(method, credentials, self.setup)
            if self.setup.is_draining and not while_draining:
                raise Unavailable("the server is stopping", call=call.id, retry_after_seconds=1.0)
            self._active.add(call)
        return call

    def close(self, call: Call, error: BaseException | None = None) -> None:
        """End a call: log it, tell the observers, count it out."""
        code = "ok" if error is None else getattr(error, "code", FlightStreamError.code)
        try:
            record = call.record(code)
            try:
                _log(record, error)
            finally:  # who counts what runs has to hear of the end
                call.setup.registry.call_finished(record)
        finally:
            with self._changed:
                self._active.discard(call)
                self._changed.notify_all()

    @contextmanager
    def failing(self, call: Call) -> Iterator[None]:
        """Bound what a ``with`` block may take of a call's time; end the call if it fails."""
        # A quarter of the time that structlog's own context manager takes, which
        # looks at every variable.
        bound = structlog.contextvars.bind_contextvars(call=call.id)
        try:
            with ending_after(call.setup.limits.request_timeout_seconds):
                yield
        except BaseException as exc:
            mark(exc, call)
            self.close(call, exc)
            raise
        finally:
            structlog.contextvars.reset_contextvars(**bound)

    @contextmanager
    def during(
        self, method: str, credentials: Credentials, *, while_draining: bool = False
    ) -> Iterator[Call]:
        """Hold a call open for the length of a ``with`` block."""
        call = self.open(method, credentials, while_draining=while_draining)
        with self.failing(call):
            yield call
        self.close(call)

    def replace(self, setup: Setup) -> Setup:
        """Give new calls another setup; return the one that those under way go on with.

        Raises:
            Unavailable: The server is stopping.
        """
        with self._changed:
            if self.setup.is_draining:
                raise Unavailable("the server is stopping")
            replaced, self.setup = self.setup, setup
        return replaced

    def wait_for_last(self, setup: Setup) -> None:
        """Wait until no call is under way with a setup that was replaced."""
        with self._changed:
            self._changed.wait_for(
                lambda: all(call.setup is not setup for call in self.under_way())
            )

    def drain(self, timeout_seconds: float) -> bool:
        """Refuse new calls and wait until those under way have ended.

        Returns:
            Whether all have ended in time.
        """
        with self._changed:
            self.setup.is_draining = True
            return self._changed.wait_for(lambda: not self._active, timeout_seconds)


def mark(error: BaseException, call: Call) -> None:
    """Note on an error of ours which call and flight it belongs to."""
    if isinstance(error, FlightStreamError):
        error.call = error.call or call.id
        error.flight = error.flight or call.flight


def _log(record: CallRecord, error: BaseException | None) -> None:
    facts: dict[str, Any] = {
        "call": record.call,
        "method": record.method,
        "code": record.code,
        "seconds": round(record.duration_seconds, 4),
        "subject": record.subject,
        "peer": record.peer,
        "flight": record.flight,
        "error": str(error) if isinstance(error, FlightStreamError) else None,
    }
    if record.method == "DoGet":
        counts = dict(record.counts) or None
        facts |= {"rows": record.rows, "bytes": record.bytes, "counts": counts}
    known = {name: value for name, value in facts.items() if value is not None}
    if error is not None and not isinstance(error, FlightStreamError | GeneratorExit):
        log.error("call_failed", **known, exc_info=error)
    else:
        log.info("call_finished", **known)
