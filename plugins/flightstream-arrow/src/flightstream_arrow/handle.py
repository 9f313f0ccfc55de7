"""An open file, read at any place."""

from collections.abc import Iterable
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.fs as pafs

from flightstream import File, NotFound, Stale, Unavailable
from flightstream_arrow.message import Message
from flightstream_arrow.problem import Problem

_MARK = b"\xff\xff\xff\xff"
_GUESS = 1024  # more than the description of a batch of a dozen columns has
MOST_HEAD_BYTES = 256 * 2**20  # that a description may have; a million columns have less
_GAP = 64 * 2**10  # reading so much more is cheaper than to read once more


class Handle:
    """A file that is open for the length of a ``with`` block; of one thread at a time.

    Args:
        file: The file.
        memory_map: Whether to map it, if it lies on this machine.
    """

    def __init__(self, file: File, *, memory_map: bool = False) -> None:
        self.file = file
        self.is_mapped = memory_map and isinstance(file.filesystem, pafs.LocalFileSystem)
        self._guess = _GUESS

    def __enter__(self) -> Self:
        self._raw = self._map() if self.is_mapped else self.file.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._raw.close()

    def read(self, offset: int, size: int) -> pa.Buffer:
        """Return bytes of the file.

        Raises:
            Problem: The file is too short to have them.
            Stale: It was longer when it was listed.
            Unavailable: The storage fails.
        """
        self._check(offset, size)
        try:
            self._raw.seek(offset)
            found = self._raw.read_buffer(size)
        except OSError as exc:
            raise self._failed() from exc
        if found.size < size:
            raise Stale(f"the file {self.file.name!r} changed: ask for the flight again")
        return found

    def read_parts(self, offset: int, size: int, parts: Iterable[tuple[int, int]]) -> pa.Buffer:
        """Return bytes of the file, of which only some places are looked at.

        Args:
            offset: Where they begin.
            size: How many there are.
            parts: Start and end of the places, in their order.

        Raises:
            Problem: As :meth:`read` does, and all else.
        """
        joined: list[tuple[int, int]] = []
        for start, stop in parts:
            if joined and start - joined[-1][1] <= _GAP:
                joined[-1] = (joined[-1][0], max(joined[-1][1], stop))
            elif start < stop:
                joined.append((start, stop))
        if self.is_mapped or (len(joined) == 1 and joined[0][1] - joined[0][0] + _GAP >= size):
            return self.read(offset, size)
        self._check(offset, size)
        # What is not read of it is never touched, so it is no memory either.
        whole = pa.allocate_buffer(size)
        view = memoryview(whole)
        try:
            for start, stop in joined:
                self._raw.seek(offset + start)
                if self._raw.readinto(view[start:stop]) < stop - start:
                    raise Stale(f"the file {self.file.name!r} changed: ask for the flight again")
        except OSError as exc:
            raise self._failed() from exc
        return whole

    def read_head(self, offset: int) -> pa.Buffer:
        """Return the prefix and description of the message at a place of a stream.

        Raises:
            Problem: The file ends before, and all that :meth:`read` raises.
        """
        head = self.read(offset, min(self._guess, max(self.file.size - offset, 4)))
        size = sum(_prefix(head))
        if size > MOST_HEAD_BYTES:
            raise Problem("its description is damaged")
        if size > head.size:
            self._guess = max(self._guess, min(size, 64 * _GUESS))
            head = self.read(offset, size)
        return head.slice(0, size)

    def _map(self) -> pa.MemoryMappedFile:
        try:
            return pa.memory_map(self.file.path)
        except FileNotFoundError as exc:
            raise NotFound(f"the file {self.file.name!r} is gone") from exc
        except OSError as exc:
            self.file.check_unchanged()  # an empty file cannot be mapped
            raise Unavailable(f"the file {self.file.name!r} cannot be opened") from exc

    def _check(self, offset: int, size: int) -> None:
        if not 0 <= offset <= offset + size <= self.file.size:
            raise Problem("the file is cut short")

    def _failed(self) -> Exception:
        self.file.check_unchanged()
        return Unavailable(f"the file {self.file.name!r} cannot be read")


def is_end(head: pa.Buffer) -> bool:
    """Tell whether what stands for a message is the mark of a stream's end."""
    return not _prefix(head)[1]


def parse_head(head: pa.Buffer) -> Message:
    """Read the description of a message.

    Raises:
        Problem: It is damaged.
    """
    prefix, length = _prefix(head)
    if not 0 < length <= head.size - prefix:
        raise Problem("its description is damaged")
    return Message.parse(memoryview(head)[prefix : prefix + length])


def _prefix(head: pa.Buffer) -> tuple[int, int]:
    """Return the lengths of a message's prefix and description."""
    start = bytes(memoryview(head)[:8])
    # Before Arrow 0.15 there was no mark before the length.
    prefix = 8 if start[:4] == _MARK else 4
    length = int.from_bytes(start[prefix - 4 : prefix], "little", signed=True)
    if len(start) < prefix or length < 0:
        raise Problem("it does not begin as a message does")
    return prefix, length
