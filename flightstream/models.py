"""The values that cross between the core and plugins."""

from collections import Counter
from collections.abc import Callable, Generator, Hashable, Iterable, Mapping, Sequence
from operator import index
from threading import Lock
from types import MappingProxyType
from typing import Any, ClassVar, Literal, Protocol, Self, TypeAlias

import pyarrow as pa
import pyarrow.fs as pafs
from attrs import Factory, field, frozen, validators

from flightstream.errors import FlightStreamError
from flightstream.filters import Filter
from flightstream.narrow import narrowed

Operation: TypeAlias = Literal["list", "read", "write", "action"]
Explain: TypeAlias = Callable[[OSError], FlightStreamError | None]


def _split_name(name: str | Sequence[str]) -> tuple[str, ...]:
    return tuple(name.split("/")) if isinstance(name, str) else tuple(name)


def _split_optional_name(name: str | Sequence[str] | None) -> tuple[str, ...] | None:
    return None if name is None else _split_name(name)


def _frozen_mapping(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(mapping))


def _frozen_names(names: Iterable[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


def _frozen_texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(texts)


def is_flight_name(name: Sequence[str]) -> bool:
    """Tell whether a flight can have a name, see :class:`Flight`."""
    return bool(name) and not any(map(_is_bad, name))


def _is_bad(part: str) -> bool:
    return part in ("", ".", "..") or "/" in part or not part.isprintable()


def _check_name(_instance: object, _attribute: object, name: tuple[str, ...]) -> None:
    for part in name or ("",):
        if _is_bad(part):
            raise ValueError(f"{'/'.join(name)!r} is not a flight name: bad part {part!r}")


@frozen
class Flight:
    """One dataset of a source, as its adapter describes it.

    Args:
        name: The path within the source: ``"2024/orders"`` or
            ``("2024", "orders")``. Parts are printable and none is empty,
            ``.`` or ``..``.
        origin: Whatever the adapter needs to find the data again, usually a
            :class:`File`. The core never looks inside, and it never leaves
            the server.
        version: Changes whenever the data does, and is the same on every
            server that sees the same data.
        full_name: The name when two flights of a source want the same; by
            default that of the ``File`` in ``origin``, suffix and all.
        schema: Only if it is known already: listing must stay cheap.
        total_records: Exact number of rows, or -1.
        total_bytes: Size as stored, or -1.

    .. versionadded:: 0.1
    """

    name: tuple[str, ...] = field(converter=_split_name, validator=_check_name)
    origin: Any = field(default=None, kw_only=True, repr=False)
    version: str = field(default="", kw_only=True)
    full_name: tuple[str, ...] | None = field(
        default=None,
        kw_only=True,
        converter=_split_optional_name,
        validator=validators.optional(_check_name),
    )
    schema: pa.Schema | None = field(default=None, kw_only=True, repr=False)
    total_records: int = field(default=-1, kw_only=True)
    total_bytes: int = field(default=-1, kw_only=True)


class ScanCounts:
    """What an adapter wants told about a scan: ``skipped_rows``, ``nulled_values``, ….

    The sums are logged, given to ``on_call_finished`` and sent to the client in
    the stream's last ``app_metadata``. Safe to use from several threads.

    .. versionadded:: 0.1
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def add(self, name: str, number: int = 1) -> None:
        """Add to one count; a count that stays zero is not reported."""
        with self._lock:
            self._counts[name] += index(number)  # one of numpy's would not become JSON

    def as_dict(self) -> dict[str, int]:
        """Return the counts that are not zero."""
        with self._lock:
            return {name: number for name, number in self._counts.items() if number}


@frozen(kw_only=True)
class ScanRequest:
    """What an adapter is asked to do itself, within the pushdown it declared.

    Args:
        columns: The columns to yield, in this order, at least one; ``None``
            for all.
        filter: Rows to keep, bound to the flight's schema.
        limit: Yield no more rows than this.
        offset: Leave out this many rows first.
        partition: One of the parts that ``plan_partitions`` returned.
        counts: Where skipped and changed values are reported.

    .. versionadded:: 0.1
    """

    columns: tuple[str, ...] | None = None
    filter: Filter | None = None
    limit: int | None = None
    offset: int = 0
    partition: Any = None
    counts: ScanCounts = field(factory=ScanCounts, eq=False)

    @property
    def needed(self) -> tuple[str, ...] | None:
        """The columns that have to be read: those to yield, and those of the filter."""
        if self.columns is None:
            return None
        hidden = () if self.filter is None else self.filter.columns - set(self.columns)
        return (*self.columns, *sorted(hidden))

    def narrow(self, batches: Iterable[pa.RecordBatch]) -> Generator[pa.RecordBatch]:
        """Return what is asked of batches: filtered, then from offset to limit, then projected.

        For adapters that have left out what they could, and have read the
        columns of :attr:`needed`. Closing it closes a generator of batches.
        """
        filters = () if self.filter is None else (self.filter,)
        return narrowed(batches, filters, self.offset, self.limit, self.columns)


@frozen(kw_only=True)
class ScanEstimate:
    """What a scan would read, told without reading it.

    Args:
        records: The exact number of rows it would yield, or -1.
        bytes: What it would read as stored, or -1.
        details: Whatever else an operator wants to know, such as ``files``,
            ``files_pruned``, ``row_groups`` and ``row_groups_pruned``.

    .. versionadded:: 0.1
    """

    records: int = -1
    bytes: int = -1
    details: Mapping[str, int] = Factory(dict)


@frozen
class Credentials:
    """What a call brought along for ``authenticate`` to judge.

    Args:
        headers: Lower-case names with their values, as sent.
        peer: The address that the call came from, as the transport writes it.
        peer_identity: The subject of the client's certificate, or ``""``.
        transport: ``"flight"`` for Arrow Flight.

    .. versionadded:: 0.1
    """

    headers: Mapping[str, tuple[str, ...]] = field(factory=dict, repr=False)
    peer: str = ""
    peer_identity: str = ""
    transport: str = "flight"


@frozen
class Identity:
    """Who asks.

    .. versionadded:: 0.1
    """

    ANONYMOUS: ClassVar["Identity"]

    subject: str
    roles: frozenset[str] = field(default=frozenset(), converter=frozenset)
    claims: Mapping[str, Any] = field(
        factory=dict,
        converter=_frozen_mapping,
        repr=False,
    )


Identity.ANONYMOUS = Identity("anonymous")


@frozen
class Grant:
    """What an identity may see of one flight.

    Args:
        columns: The visible columns, or ``None`` for all.
        rows: Filters that every visible row satisfies, as SQL text.

    .. versionadded:: 0.1
    """

    columns: frozenset[str] | None = field(default=None, converter=_frozen_names)
    rows: tuple[str, ...] = field(default=(), converter=_frozen_texts)

    def __and__(self, other: Self) -> "Grant":
        """Return the grant that allows only what both allow."""
        if self.columns is None or other.columns is None:
            columns = other.columns if self.columns is None else self.columns
        else:
            columns = self.columns & other.columns
        return Grant(columns, self.rows + other.rows)


@frozen
class StoredObject:
    """One file as a storage lists it.

    Args:
        path: In the terms of the storage's filesystem.
        size: In bytes.
        version: Changes when the content does, and is the same on every server
            that sees the same content: an ETag, or the size and time of change.
        fingerprint: What tells a change besides, on this server alone.

    .. versionadded:: 0.1
    """

    path: str
    size: int
    version: str
    fingerprint: Hashable = field(default=None, repr=False)


class Objects(Protocol):
    """How a storage lists its files; called from many threads.

    What it raises is an ``OSError``, which becomes ``Unavailable``, or an error
    of FlightStream's own that says more.

    .. versionadded:: 0.1
    """

    def find(self, path: str) -> StoredObject | None:
        """Return one file as it is now, or ``None`` if there is none."""

    def list_below(self, folder: str, *, deep: bool) -> Iterable[StoredObject]:
        """Yield the files of a folder, and if ``deep`` those of all folders in it."""


@frozen
class Storage:
    """A filesystem and the place in it that a URI means.

    Args:
        filesystem: Any Arrow filesystem.
        path: The URI's path in the terms of that filesystem.
        objects: What lists it, where that knows better than the filesystem
            which versions files have.
        explain: Returns what an error of the filesystem means, as clients are
            told, and ``None`` for one that is not its own. Adapters then need
            not tell a store that fails from a damaged file.

    .. versionadded:: 0.1
    """

    filesystem: pafs.FileSystem
    path: str
    objects: Objects | None = None
    explain: Explain | None = None


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

    .. versionadded:: 0.1
    """

    host: str
    port: int
    version: str
    sources: tuple[str, ...]


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
