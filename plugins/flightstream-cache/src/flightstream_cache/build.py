"""A flight that is being read and written, for all that ask for it meanwhile."""

from collections.abc import Callable, Generator
from threading import Lock

import pyarrow as pa
import structlog
from attrs import define, field

from flightstream import ScanCounts
from flightstream_cache.folder import Folder
from flightstream_cache.label import Label
from flightstream_cache.part import Part
from flightstream_cache.writer import Writer

log = structlog.get_logger(__name__)

# How much room is looked for at once, so that it is not done for each batch.
_STEP_BYTES = 32 * 2**20
_STEPS = 16
# For how long a reader waits for another to read the next batch.
_PATIENCE_SECONDS = 5.0


class Missed(Exception):
    """A batch went by that was not written."""


class NoRoom(Exception):
    """The flight is larger than the cache may be."""


@define(eq=False)
class Build:
    """Reads a flight once, writes it, and gives its batches to any number of readers.

    There is no thread: whoever needs the next batch reads and writes it, and the
    others find it in the file. So nobody waits for a client that reads slowly, the
    fastest sets the pace, and no batch is held for anybody. Guarded by a lock, which
    is held while a batch is read and never while one is handed out.

    Args:
        folder: Where it is written.
        key: Its name there.
        flight: The flight's path.
        version: See the hook ``wrap_stream``.
        columns: Those that were asked for.
        is_part: Whether it is a part of the flight.
        source: Its batches.
        counts: What the adapter reports of them.
        is_unchanged: Tells at the end whether the flight still is what it was.
        part: Where to write.
    """

    folder: Folder
    key: str
    flight: str
    version: str
    columns: tuple[str, ...] | None
    is_part: bool
    source: Generator[pa.RecordBatch]
    counts: ScanCounts
    is_unchanged: Callable[[], bool]
    part: Part
    given_up: Exception | None = field(default=None, init=False)
    _writer: Writer | None = field(default=None, init=False)
    _room: int = field(default=0, init=False)
    _pulled: int = field(default=0, init=False)
    _failed: bool = field(default=False, init=False)
    _ended: bool = field(default=False, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    @property
    def is_over(self) -> bool:
        """Whether it is of no use to whoever comes now."""
        return self._ended or self._failed or self.given_up is not None

    def batches(self) -> Generator[pa.RecordBatch]:
        """Yield all batches.

        Raises:
            Missed: The next one has to be read in another way.
        """
        number = 0
        while (batch := self._batch(number)) is not None:
            number += 1
            yield batch

    def close(self) -> None:
        """End it, when the last reader has left."""
        self.source.close()
        if not self.is_over:
            self._discard()
        self.part.close()

    def _batch(self, number: int) -> pa.RecordBatch | None:
        # What hangs for who reads need not hang for whoever reads it anew.
        if not self._lock.acquire(timeout=_PATIENCE_SECONDS):
            raise Missed
        try:
            if self._failed:
                raise Missed
            if number == self._pulled:
                return None if self._ended else self._pull()
            writer = self._writer
            if writer is None or not writer.has(number):
                raise Missed
        finally:
            self._lock.release()
        batch = writer.read(number)
        if batch is None:
            raise Missed
        return batch

    def _pull(self) -> pa.RecordBatch | None:
        """Read the next batch, and write it unless that was given up."""
        try:
            batch = next(self.source, None)
        except BaseException:
            self._failed = True
            if self.given_up is None:
                self._discard()
            raise
        if self.given_up is None:
            self._keep(batch)
        if batch is None:
            self._ended = True
        else:
            self._pulled += 1
        return batch

    def _keep(self, batch: pa.RecordBatch | None) -> None:
        try:
            if batch is not None:
                self._write(batch)
            elif self._writer is not None and self.is_unchanged():
                self._publish(self._writer)
            else:  # without a batch there is no schema, and nothing to be fast with
                self._discard()
        except (OSError, NoRoom, pa.ArrowException) as exc:
            self.given_up = exc
            self._discard()
            log.warning("cache_not_kept", flight=self.flight, reason=str(exc))

    def _write(self, batch: pa.RecordBatch) -> None:
        if self._writer is None:
            self._writer = Writer(self.part, batch.schema)
        size = self._writer.size
        if size + batch.nbytes > self._room:
            more = batch.nbytes + min(_STEP_BYTES, self.folder.max_bytes // _STEPS)
            if not self.folder.make_room(more):
                raise NoRoom("it is larger than the cache may be")
            self._room = size + more
        self._writer.write(batch)

    def _publish(self, writer: Writer) -> None:
        label = Label(
            key=self.key,
            flight=self.flight,
            version=self.version,
            columns=self.columns,
            is_part=self.is_part,
            counts=self.counts.for_client(),
            blocks=writer.blocks,
        )
        writer.finish(label.to_bytes())
        self.part.publish(self.folder.final(self.key))

    def _discard(self) -> None:
        """Remove what is written; whoever is behind reads in another way."""
        writer, self._writer = self._writer, None
        try:
            self.part.discard()
            if writer is not None:
                writer.abandon()
        except OSError as exc:
            log.warning("cache_not_removed", file=self.part.path.name, reason=exc.strerror)
