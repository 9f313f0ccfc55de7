"""The contract between the core and plugins.

Implement what you need and leave out the rest; an implementation may also leave
out arguments that it does not use. Hooks are called on any thread, never two at
once for one scan. A :class:`~flightstream.errors.FlightStreamError` that a hook
raises reaches the client with its code and message; any other exception becomes
``PluginError``, and its text stays in the server's log.

What is against the contract is refused when the server starts: a method that is
named like a hook and not marked or marked and misspelled, an argument that the
hook does not give, a ``tryfirst``, ``trylast``, ``specname`` or ``hookwrapper``.
The order of plugins is that of the configuration.

``FLIGHTSTREAM_TRACE_HOOKS=1`` logs each call with its plugin, duration and
arguments, and each stream when it ends, with batches and rows.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import pluggy
import pyarrow as pa

from flightstream.models import (
    Action,
    Allowance,
    CallRecord,
    Credentials,
    Flight,
    Grant,
    Identity,
    Operation,
    PluginFailure,
    ScanEstimate,
    ScanRequest,
    ServerInfo,
    StartedCall,
    Storage,
)

Read: TypeAlias = Callable[[ScanRequest], Generator[pa.RecordBatch]]
WriteMode: TypeAlias = Literal["append", "overwrite", "create"]

HOOKS_VERSION = "1.0"
"""The version of this contract, ``MAJOR.MINOR``.

A hook or an argument that is added raises the minor version, anything that a
plugin could break at raises the major one. A plugin names the version that it
was built for, as a literal: ``hooks_version: ClassVar = "1.0"``. It is refused
where the major version is another, or the minor one is less than it needs; one
that names none is taken to fit, and relies on what its distribution requires.

.. versionadded:: 0.1
"""

hookspec = pluggy.HookspecMarker("flightstream")
hookimpl = pluggy.HookimplMarker("flightstream")


@hookspec
def list_flights(prefix: tuple[str, ...]) -> Iterable[Flight]:
    """Yield the flights of this adapter's source.

    Each adapter instance is asked apart, when its listing is older than
    ``server.listing_ttl_seconds``; the result is kept. If it raises, the error
    is logged and the other adapters' flights are served.

    Args:
        prefix: Leading parts of names that are wanted; an adapter may yield
            more, and the core leaves out what does not match.

    .. versionadded:: 0.1
    """


@hookspec(firstresult=True)
def find_flight(name: tuple[str, ...]) -> Flight | None:
    """Return one flight without listing all, or ``None`` if there is none.

    Optional. Only the adapter of the asked source is called, for a name that
    its kept listing does not have.

    .. versionadded:: 0.1
    """


@hookspec(firstresult=True)
def get_schema(flight: Flight) -> pa.Schema:
    """Return the Arrow schema of one flight.

    Only the adapter instance that owns the flight is asked, on the thread of
    the call; the answer is kept for as long as ``flight.version`` stays the
    same. It must equal the schema of every batch that ``stream_batches``
    yields, or the scan ends with ``PluginError``.

    Raises:
        NotFound: The flight does not exist (any more). Never return ``None``.
        InvalidData: The data is there, but has no schema.

    .. versionadded:: 0.1
    """


@hookspec(firstresult=True)
def plan_partitions(flight: Flight, request: ScanRequest, target: int) -> Sequence[Any]:
    """Return parts of a flight that can be read apart.

    Optional, for adapters with ``"partitions"`` in their ``pushdown``. The plan
    is made again for each ticket, so the same arguments must give the same
    parts for as long as ``flight.version`` stays the same. The parts in order
    are the whole flight.

    Args:
        flight: A flight of this adapter.
        request: What will be read, for pruning.
        target: How many parts are wanted; fewer are fine.

    .. versionadded:: 0.1
    """


@hookspec(firstresult=True)
def stream_batches(flight: Flight, request: ScanRequest) -> Iterable[pa.RecordBatch]:
    """Yield the rows of one flight, in an order that never changes.

    Only the adapter instance that owns the flight is asked. Everything in
    ``request`` beyond the adapter's declared ``pushdown`` is unset; the core
    does the rest. Batches may have any size. A generator must expect to be
    closed at any ``yield``, and frees what it holds then. Never return ``None``.

    Returns:
        A ``RecordBatchReader``, or any iterable of ``RecordBatch``.

    Raises:
        NotFound: The flight does not exist (any more).
        InvalidData: A value does not fit the schema.
        Stale: The data changed since the scan began.

    .. versionadded:: 0.1
    """


@hookspec(firstresult=True)
def estimate_scan(flight: Flight, request: ScanRequest) -> ScanEstimate | None:
    """Tell what ``stream_batches`` would read for the same request, without reading it.

    Optional. Asked for GetFlightInfo, which tells clients how many rows there
    are, and for ``flightstream explain``; so it looks at footers and paths, not at
    rows. ``None``: nothing is known.

    Args:
        flight: A flight of this adapter.
        request: As ``stream_batches`` gets it.

    .. versionadded:: 0.1
    """


@hookspec(firstresult=True)
def write_batches(
    flight: Flight, reader: Iterator[pa.RecordBatch], mode: WriteMode
) -> Mapping[str, int]:
    """Store a stream of batches, all of it or none.

    Optional: a DoPut to an adapter without it is ``Unsupported``.

    Args:
        flight: An existing flight.
        reader: The client's batches; it raises if the client fails.
        mode: What to do with rows that are there.

    Returns:
        Counts for the client, for example ``{"rows": 10}``.

    .. versionadded:: 0.1
    """


@hookspec(firstresult=True)
def open_storage(uri: str, options: Mapping[str, Any]) -> Storage | None:
    """Open the filesystem that a source's URI means.

    Services are asked in the order of the configuration, once for each source
    when the server starts; at a reload, by a new instance if any source that is no
    local folder has changed. ``None``: not my scheme.

    Args:
        uri: The source's ``uri``, whole.
        options: Every option of the plugin that is asked, with its value for this
            source: from ``[sources.NAME.options.PLUGIN]``, else its own.

    Raises:
        ConfigError: The scheme is mine, but the URI or the options are wrong.
        Unavailable: The store does not answer.

    .. versionadded:: 0.1
    """


@hookspec(firstresult=True)
def authenticate(credentials: Credentials) -> Identity | None:
    """Tell who asks.

    Called for every call, on its thread. ``None``: these credentials are not
    of my scheme. If every plugin with this hook answers ``None``, the call is
    ``Unauthenticated``; if no plugin has it, everyone is
    ``Identity.ANONYMOUS``. Any exception refuses the call.

    Raises:
        Unauthenticated: The credentials are of my scheme, and wrong.

    .. versionadded:: 0.1
    """


@hookspec(firstresult=True)
def issue_token(identity: Identity, credentials: Credentials) -> str | None:
    """Return a bearer token for who has just logged in by a Handshake.

    The client sends it as ``authorization: Bearer TOKEN`` with each call from
    then on, so ``authenticate`` of the same plugin has to know it. ``None``:
    there is none for these, and the next plugin is asked; with none at all, the
    client goes on sending what it has. Any exception refuses the Handshake.

    Args:
        identity: What ``authenticate`` has answered.
        credentials: What the Handshake brought along.

    .. versionadded:: 0.1
    """


@hookspec
def admit_call(call: StartedCall) -> Allowance | None:
    """Let a call in or refuse it, and say how much a scan may hand out.

    Called for every call, on its thread, once it is known who asks and before
    anything else: what is asked for is not read yet, and no source is touched.
    The least that several plugins allow counts. ``None``: no limit. Any exception
    refuses, and the plugins behind are not asked.

    Whatever becomes of the call, also if it is refused here, ``on_call_finished``
    follows with the same ``call``: a plugin that counts what runs counts down
    there. Calls whose credentials were refused come there alone.

    Raises:
        LimitExceeded: This identity has too many calls; ``retry_after_seconds``
            tells the client when to try again.

    .. versionadded:: 0.1
    """


@hookspec
def authorize(identity: Identity, path: tuple[str, ...], operation: Operation) -> Grant | None:
    """Tell what an identity may do with a flight or an action.

    Called before any source is touched, so without a schema:
    ``Grant(hidden={"salary"})`` is all columns but one, whatever else there is,
    and ``Grant(masks={"mail": Mask("redact")})`` all with one masked.
    ``None``: no opinion. The grants of several plugins are intersected: what
    one hides stays hidden. With none, everything is allowed. Any exception
    refuses.

    Args:
        identity: Who asks.
        path: The flight's ``(source, *name)``, or ``(action,)``.
        operation: What is about to be done.

    Raises:
        PermissionDenied: The client is told ``NotFound``, as if the flight
            did not exist.

    .. versionadded:: 0.1
    """


@hookspec
def wrap_stream(
    flight: Flight, path: tuple[str, ...], version: str
) -> Callable[[ScanRequest, Read], Iterator[pa.RecordBatch]] | None:
    """Put something around the reading of a flight: a cache, a limiter, a fault injector.

    For services. The function that is returned gets the request and ``read``,
    which reads from what lies below; it may skip that, call it with another
    request, or pass the batches on. It may not change schema, rows or order.
    The first plugin in the configuration is the outermost. ``None``: nothing
    to wrap.

    Who asks is not told, and need not be: what a grant hides, the core takes away
    from the batches that come out of here.

    Args:
        flight: As its adapter described it.
        path: What it is served by, ``(source, *name)``.
        version: The same for as long as ``read`` yields the same for the same
            request: a digest of path and ``flight.version``, of where the source
            is and what opens it, and of the adapter with its version and options.
            Empty if the flight has no version, so that nobody can tell.

    .. versionadded:: 0.1
    """


@hookspec
def on_startup(server: ServerInfo) -> None:
    """Open what the plugin needs; called once, before the server listens.

    Services come before adapters. An exception stops the start. At a reload only
    instances that are new are called, while those that they follow still serve, and
    an exception refuses the reload.

    .. versionadded:: 0.1
    """


@hookspec
def on_shutdown() -> None:
    """Close what ``on_startup`` opened; called once, in the reverse order.

    After a reload it is called for what has no successor of the same options, when
    the last call that uses it has ended. An exception is logged and the others are
    called all the same, also if this one takes longer than it may.

    .. versionadded:: 0.1
    """


@hookspec
def on_call_finished(record: CallRecord) -> None:
    """Observe a finished call; an exception is logged and changes nothing.

    Called on the thread of the call, after the client has been answered where
    the transport allows, so be quick. A stream that nobody began to read ends
    where it is collected, perhaps on a thread that is inside this plugin: what
    locks here is an ``RLock``.

    .. versionadded:: 0.1
    """


@hookspec
def on_plugin_failed(failure: PluginFailure) -> None:
    """Observe a failure of any plugin; an exception is logged and changes nothing.

    Called whenever a plugin raised what is none of our errors, broke the contract of
    a hook or could not read from its store, on the thread on which that was found
    out, after it was logged. There may be any number, also of one call, so be
    quick. Failures of this hook itself are told to nobody. As with
    ``on_call_finished``, what locks here is an ``RLock``.

    .. versionadded:: 0.1
    """


@hookspec
def list_actions() -> Iterable[Action]:
    """Yield actions for DoAction; called when the server starts, and at each reload.

    Two plugins that offer the same name stop the start, or refuse the reload.

    .. versionadded:: 0.1
    """
