"""What a server offers, and what it tells of itself and of its calls."""

from collections.abc import Callable, Iterable, Mapping

from attrs import Factory, field, frozen, validators

from flightstream.addresses import address_of
from flightstream.models.access import Identity

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

    .. versionadded:: 0.1
    """

    host: str
    port: int
    version: str
    sources: tuple[str, ...]
    tls: bool = False
    requires_client_certificate: bool = False


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


def _least(one: int | None, other: int | None) -> int | None:
    known = [limit for limit in (one, other) if limit is not None]
    return min(known, default=None)
