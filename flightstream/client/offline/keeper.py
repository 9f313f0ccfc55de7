"""What a client keeps of what it reads, and what it finds again."""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import attrs
import pyarrow as pa
from attrs import define, field

from flightstream.client.connection import Access
from flightstream.client.errors import typed_errors
from flightstream.client.events import Teller
from flightstream.client.flights import Answer, RemoteFlight
from flightstream.client.offline.copy import Copy
from flightstream.client.offline.entry import Entry
from flightstream.client.offline.folder import Folder
from flightstream.client.offline.keys import Keys
from flightstream.client.offline.label import Label
from flightstream.client.offline.options import Offline
from flightstream.errors import InvalidCommand, NotFound, PermissionDenied, Unavailable
from flightstream.wire import Command


@define(eq=False)
class Keeper:
    """Finds what is kept of one server for one login, by what was asked.

    There are three kinds of files: what a flight was described as, its rows, and which
    flight a shorter name means. A newer version takes the place of an older one. Safe
    to share by threads.
    """

    offline: Offline
    uri: str
    tell: Teller
    _keys: Keys
    _folder: Folder = field(init=False)

    @classmethod
    def of(cls, offline: Offline, uri: str, access: Access, tell: Teller) -> "Keeper":
        """Return one that is ready.

        Raises:
            ConfigError: The folder cannot be used, or nobody can tell who reads.
        """
        keeper = cls(offline, uri, tell, Keys(offline.owner_of(uri, access)))
        keeper._folder.prepare()
        return keeper

    def __attrs_post_init__(self) -> None:
        self._folder = Folder(self.offline.folder, self.offline.max_bytes)

    def answer(self, command: Command, ask: Callable[[], Answer]) -> Answer:
        """Return what a flight is described as: by the server, or before, if that is away.

        Raises:
            Unavailable: The server is away, and nothing is kept that is young enough.
        """
        name = "/".join(command.flight)
        command = attrs.evolve(command, partitions=1)
        with typed_errors():
            self._keys.description(command)
        try:
            if self.offline.only:
                raise self.refused()
            answer = ask()
        except Unavailable as exc:
            return self._recalled(command, name, exc)
        except (NotFound, PermissionDenied):
            self._forget(name)
            raise
        self._note_path(name, answer.flight.name)
        path = _parts(answer.flight.name)
        command = Command(path) if answer.is_plain else attrs.evolve(command, flight=path)
        self._note(self._keys.description(command), answer)
        return answer

    def refused(self) -> Unavailable:
        """Return what whoever asks the server is told, where it is not to be asked."""
        return Unavailable(f"{self.uri} is not asked: the client is offline only")

    def rows(self, flight: RemoteFlight, *, is_new: bool) -> Entry | None:
        """Return the rows of a flight, if they are kept and are those that it describes.

        Args:
            flight: As the server has described it, or :meth:`answer` recalled it.
            is_new: Whether the server has described it just now.

        Raises:
            Unavailable: They are not, and the server is away.
        """
        key = self._keys.rows(flight)
        entry = None if key is None else self._folder.open(key)
        is_away = flight.age_seconds is not None
        if key is not None and entry is not None:
            if is_away and self._is_young(entry):
                return entry
            if not is_away and _is_of(entry.label, flight):
                return self._confirmed(key, entry) if is_new else entry
        if is_away or self.offline.only:
            raise Unavailable(f"{self.uri} is away, and {self._lacks(flight.name)}")
        return None

    def kept(
        self,
        batches: Generator[pa.RecordBatch],
        flight: RemoteFlight,
        schema: pa.Schema,
        counts: Sequence[Mapping[str, Any]],
    ) -> Generator[pa.RecordBatch]:
        """Yield batches, and keep them once they have come to their end.

        Args:
            batches: The rows as the server sends them, in order.
            flight: What they are of.
            schema: Theirs.
            counts: What the server reports of them; it is complete at their end.
        """
        key = self._keys.rows(flight)
        if key is None:
            yield from batches
            return
        copy = Copy(self._folder, flight.name, self.tell)
        rows = 0
        try:
            copy.begin(key, schema)
            for batch in batches:
                rows += batch.num_rows
                copy.add(batch)
                yield batch
            whole = attrs.evolve(flight, total_records=rows)
            copy.finish(_label(key, whole, is_plain=False, counts=counts))
        except (NotFound, PermissionDenied):
            self._forget(flight.name)
            raise
        finally:
            batches.close()
            copy.drop()

    def _confirmed(self, key: str, entry: Entry) -> Entry:
        self._folder.confirm(key)
        return attrs.evolve(entry, confirmed_at=time.time())

    def _note(self, key: str, answer: Answer) -> None:
        """Keep a description, if it is another one than before."""
        flight = answer.flight
        label = _label(key, flight, is_plain=answer.is_plain, counts=())
        known = self._folder.open(key, with_rows=False)
        if known is not None and known.label == label and known.schema.equals(flight.schema):
            self._folder.confirm(key)
            return
        # A disk that is full, who keeps rows is told.
        copy = Copy(self._folder, flight.name, Teller())
        copy.begin(key, flight.schema)
        copy.finish(label)

    def _note_path(self, name: str, path: str) -> None:
        """Keep which flight a name means, if that is not its path."""
        if name == path:
            self._folder.remove(self._keys.path(name))
        elif self._path(name) != path:
            flight = RemoteFlight(path, pa.schema([]), -1, -1, None, (), ())
            self._note(self._keys.path(name), Answer(flight, is_plain=False))

    def _path(self, name: str) -> str:
        known = self._folder.open(self._keys.path(name), with_rows=False)
        return name if known is None else known.label.flight

    def _recalled(self, command: Command, name: str, error: Unavailable) -> Answer:
        """Return a description, of rows that are kept if there are any.

        Of a flight that is kept whole, the client does what is asked.
        """
        path = _parts(self._path(name))
        asked = self._keys.description(attrs.evolve(command, flight=path))
        whole = self._keys.description(Command(path))
        found = {key: self._folder.open(key, with_rows=False) for key in (asked, whole)}
        answers = {key: _answer(entry) for key, entry in found.items() if entry is not None}
        for key, answer in answers.items():
            rows = self._rows_label(answer.flight)
            if rows is not None and self._is_young(rows):
                return attrs.evolve(_answer(rows), is_plain=answer.is_plain or key != asked)
        entry = found[asked]
        if entry is not None and self._is_young(entry):
            return answers[asked]
        raise Unavailable(
            f"{error.message}; {self._lacks(name)}", retry_after_seconds=error.retry_after_seconds
        ) from error

    def _rows_label(self, flight: RemoteFlight) -> Entry | None:
        key = self._keys.rows(flight)
        return None if key is None else self._folder.open(key, with_rows=False)

    def _forget(self, name: str) -> None:
        """Remove all that is kept of a flight, whatever of it was asked."""
        for path in {name, self._path(name)}:
            self._folder.remove_all(self._keys.beginning(path))

    def _is_young(self, entry: Entry) -> bool:
        longest = self.offline.max_age_seconds
        return longest is None or entry.age_seconds <= longest

    def _lacks(self, name: str) -> str:
        old = "" if self.offline.max_age_seconds is None else ", or is older than max_age_seconds"
        return f"{name!r} is not kept in {str(self.offline.folder)!r}{old}"


def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.split("/"))


def _version(flight: RemoteFlight) -> str | None:
    """Return the version of a flight that the server tells, if any."""
    if flight.adapter is None or not flight.is_versioned:
        return None
    with suppress(InvalidCommand):
        versions = {Command.parse(ticket).version for ticket in flight.tickets}
        return versions.pop() if len(versions) == 1 else None
    return None


def _is_of(label: Label, flight: RemoteFlight) -> bool:
    return label.version is not None and label.version == _version(flight)


def _label(
    key: str, flight: RemoteFlight, *, is_plain: bool, counts: Sequence[Mapping[str, Any]]
) -> Label:
    is_ours = flight.adapter is not None
    return Label(
        key=key,
        flight=flight.name,
        version=_version(flight),
        total_records=flight.total_records,
        total_bytes=flight.total_bytes,
        adapter=flight.adapter,
        is_plain=is_plain,
        tickets=tuple(ticket.decode() for ticket in flight.tickets) if is_ours else (),
        locations=flight.locations if is_ours else (),
        counts=counts,
    )


def _answer(entry: Entry) -> Answer:
    label = entry.label
    flight = RemoteFlight(
        name=label.flight,
        schema=entry.schema,
        total_records=label.total_records,
        total_bytes=label.total_bytes,
        adapter=label.adapter,
        tickets=tuple(ticket.encode() for ticket in label.tickets),
        locations=label.locations,
        is_versioned=label.version is not None,
        age_seconds=entry.age_seconds,
    )
    return Answer(flight, is_plain=label.is_plain)
