"""What a server offers, and what it tells of itself and of its calls."""

from collections.abc import Callable, Iterable, Mapping

from attrs import Factory, field, frozen

from flightstream.models.access import Identity


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
class CallRecord:
    """One finished call, for observers.

    Args:
        call: The call's id, which log and error messages carry too.
        method: ``"DoGet"``, ``"ListFlights"``, ….
        code: ``"ok"``, or the code of the error.
        flight: The flight's path, where the call has one.
        source: The name of the source, where the call has one.
        adapter: The plugin that owns the flight.
        subject: Who asked, once that was known.
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
    subject: str | None = None
    peer: str = ""
    duration_seconds: float = 0.0
    first_batch_seconds: float | None = None
    rows: int = 0
    bytes: int = 0
    batches: int = 0
    counts: Mapping[str, int] = Factory(dict)
