"""What a server offers, and what it tells of itself and of its calls."""

from collections.abc import Callable, Iterable, Mapping

from attrs import Factory, field, frozen, validators

from flightstream.addresses import address_of
from flightstream.models.access import Identity
from flightstream.models.status import ServerStatus


def _refresh_nothing(_source: str) -> None:
    """Stand in for a server that does not run."""


_AT_LEAST_NOTHING = validators.optional(
    validators.and_(validators.instance_of(int), validators.ge(0))
)


@frozen
class Action:
    """One thing that DoAction offers.

    Args:
        name: Lower-case words joined by hyphens.
        description: One line for people.
        run: Takes the identity and the request's body, returns or yields
            result bodies.
        role: The role an identity must have; ``None`` for nobody in particular.

    .. versionadded:: 0.1
    """

    name: str
    description: str
    run: Callable[[Identity, bytes], Iterable[bytes]] = field(repr=False)
    role: str | None = None


@frozen(kw_only=True)
class ServerInfo:
    """What a plugin may know of the server that starts it.

    Args:
        host: The address the server will listen on.
        port: The port, or 0 where the system will choose one.
        version: The version of the core.
        sources: The names of the sources.
        tls: Whether clients have to speak TLS.
        requires_client_certificate: Whether each shows a certificate, whose subject
            is ``Credentials.peer_identity``. There is no Handshake then.
        status: Tells how the server is now. From any thread, at any time, also
            while it starts; it waits for nothing.
        refresh: Lists a source again, unless another thread does so meanwhile. It
            takes as long as the listing does, and what fails is in the status.

    .. versionadded:: 0.1
    """

    host: str
    port: int
    version: str
    sources: tuple[str, ...]
    tls: bool = False
    requires_client_certificate: bool = False
    status: Callable[[], ServerStatus] = field(default=ServerStatus, repr=False, eq=False)
    refresh: Callable[[str], None] = field(default=_refresh_nothing, repr=False, eq=False)


@frozen(kw_only=True)
class StartedCall:
    """One call of which it is known who asks, and nothing else yet.

    What it asks for has not been read: a name may be short, wrong or of a flight
    that this identity may not know of. ``authorize`` and ``wrap_stream`` are given
    flights.

    Args:
        call: The call's id, which its :class:`CallRecord` has too.
        method: ``"DoGet"``, ``"ListFlights"``, ….
        identity: Who asks; ``Identity.ANONYMOUS`` where no plugin authenticates.
        peer: Where the call came from, as the transport writes it; empty for a
            Handshake, of which Arrow does not tell.

    .. versionadded:: 0.1
    """

    call: str
    method: str
    identity: Identity
    peer: str = ""

    @property
    def address(self) -> str:
        """The peer without its port; an IPv6 network of size /64 is one address."""
        return address_of(self.peer)


@frozen(kw_only=True)
class Allowance:
    """How much one scan may hand to the client; what is ``None`` has no limit.

    A scan that has more ends with ``LimitExceeded``.

    Args:
        rows: How many rows.
        bytes: How many bytes of Arrow data, as :class:`CallRecord` counts them.

    .. versionadded:: 0.1
    """

    rows: int | None = field(default=None, validator=_AT_LEAST_NOTHING)
    bytes: int | None = field(default=None, validator=_AT_LEAST_NOTHING)

    def __and__(self, other: "Allowance") -> "Allowance":
        """Return the allowance of which neither has more."""
        return Allowance(rows=_least(self.rows, other.rows), bytes=_least(self.bytes, other.bytes))


@frozen
class Phase:
    """One part of a call.

    Args:
        name: ``"authenticate"``; ``"admit"``, asking plugins to let it in; ``"find"``,
            from a name to a flight that may be seen; ``"plan"``, with its schema and
            parts; then ``"first_batch"`` until there is one and ``"stream"`` for all
            that comes after it, or ``"list"``, ``"write"`` or ``"action"``.
        start_seconds: When it began, after the call's arrival.
        duration_seconds: How long it took.

    .. versionadded:: 0.1
    """

    name: str
    start_seconds: float
    duration_seconds: float


@frozen(kw_only=True)
class CallRecord:
    """One finished call, for observers.

    Args:
        call: The call's id, which log and error messages carry too.
        method: ``"DoGet"``, ``"ListFlights"``, ….
        code: ``"ok"``, or the code of the error.
        flight: The flight's path, where the call has one.
        source: The name of the source, where the call has one.
        adapter: The plugin that owns the flight.
        action: The name of the action, as the client wrote it, where the call is
            ``"DoAction"``.
        subject: Who asked, once that was known.
        roles: What roles that identity has, sorted.
        peer: Where the call came from.
        duration_seconds: From arrival to the last byte handed to the transport.
        first_batch_seconds: Until the first batch was ready.
        rows: Rows handed to the transport.
        bytes: Arrow bytes handed to the transport.
        batches: Record batches handed to the transport.
        counts: What the adapter reported, see :class:`ScanCounts`.
        started_at: When it arrived, in seconds since 1970 UTC.
        phases: What the time went into, in order, as far as the call came; the last
            is the one in which it failed, if it did.
        rows_read: Rows of the adapter's batches, before the core's filters.
        residual: What of a stream's command or grant was left to the core, because
            the adapter does not push it down or must not: ``"columns"``,
            ``"filter"``, ``"limit"``, ``"masks"``, ``"offset"``, ``"rows"``.
        trace_parent: The call's ``traceparent``, as W3C Trace Context has it, if it
            brought one that is well-formed.
        trace_state: The ``tracestate`` that came along with it.

    .. versionadded:: 0.1
    """

    call: str
    method: str
    code: str
    flight: str | None = None
    source: str | None = None
    adapter: str | None = None
    action: str | None = None
    subject: str | None = None
    roles: tuple[str, ...] = ()
    peer: str = ""
    duration_seconds: float = 0.0
    first_batch_seconds: float | None = None
    rows: int = 0
    bytes: int = 0
    batches: int = 0
    counts: Mapping[str, int] = Factory(dict)
    started_at: float = 0.0
    phases: tuple[Phase, ...] = ()
    rows_read: int = 0
    residual: tuple[str, ...] = ()
    trace_parent: str | None = None
    trace_state: str | None = None


def _least(one: int | None, other: int | None) -> int | None:
    known = [limit for limit in (one, other) if limit is not None]
    return min(known, default=None)
