"""Batches made on another thread, a few ahead of whoever takes them."""

from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing
from threading import Condition, Thread

import pyarrow as pa
from attrs import define, field

AHEAD = 4
AHEAD_BYTES = 64 * 2**20
# An end that waits for what is being read; a store that hangs is not waited for.
_PATIENCE_SECONDS = 1.0


@define(eq=False)
class _Buffer:
    """What was made and not yet taken. Its state is guarded by one condition."""

    batches: deque[pa.RecordBatch] = field(factory=deque)
    bytes: int = 0
    error: BaseException | None = None
    is_complete: bool = False
    is_closed: bool = False
    changed: Condition = field(factory=Condition)

    def put(self, batch: pa.RecordBatch) -> bool:
        """Add a batch once there is room; tell whether anybody wants more."""
        with self.changed:
            self.batches.append(batch)
            self.bytes += batch.get_total_buffer_size()
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.has_room or self.is_closed)
            return not self.is_closed

    def take(self) -> pa.RecordBatch | None:
        """Return the next batch; nothing when all were taken.

        Raises:
            BaseException: What was raised while they were made.
        """
        with self.changed:
            self.changed.wait_for(lambda: self.batches or self.is_complete)
            if not self.batches:
                if self.error is not None:
                    raise self.error
                return None
            batch = self.batches.popleft()
            self.bytes -= batch.get_total_buffer_size()
            self.changed.notify_all()
            return batch

    @property
    def has_room(self) -> bool:
        return not self.batches or (len(self.batches) < AHEAD and self.bytes < AHEAD_BYTES)

    def complete(self, error: BaseException | None) -> None:
        """Say that no more will come."""
        with self.changed:
            self.is_complete, self.error = True, error
            self.changed.notify_all()

    def close(self) -> None:
        """Say that no more is wanted."""
        with self.changed:
            self.is_closed = True
            self.batches.clear()
            self.changed.notify_all()


def read_ahead(make: Callable[[], Generator[pa.RecordBatch]]) -> Generator[pa.RecordBatch]:
    """Yield what a generator yields, which runs on a thread of its own.

    That thread also closes the generator. Closing this one waits for it, but not
    for longer than a second.
    """
    buffer = _Buffer()

    def fill() -> None:
        error: BaseException | None = None
        try:
            with closing(make()) as batches:
                for batch in batches:
                    if not buffer.put(batch):
                        break
        except BaseException as exc:
            error = exc
        buffer.complete(error)

    thread = Thread(target=fill, name="flightstream-parquet", daemon=True)
    thread.start()
    try:
        while (batch := buffer.take()) is not None:
            yield batch
    finally:
        buffer.close()
        thread.join(_PATIENCE_SECONDS)
