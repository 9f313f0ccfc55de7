"""Where a record ends: exactly, for any quoting, without parsing the fields.

Arrow's parser decides what a quote means, and this must agree with it byte by
byte: a quote opens a field only at its very start, a doubled one inside is
text, and after the closing one the field goes on as if it were unquoted.
"""

import numpy as np
import numpy.typing as npt

from flightstream_csv.dialect import Dialect

Positions = npt.NDArray[np.int64]

_NOWHERE = np.empty(0, np.int64)


class Cutter:
    """Finds the last record end in text that begins where a record begins.

    Frozen after construction, so safe for any thread.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.quote = dialect.quote.encode()
        self._escape = dialect.escape.encode()
        self._delimiter = ord(dialect.delimiter)
        self._starts = frozenset((dialect.delimiter + "\r\n").encode())
        self._edge = np.zeros(256, np.bool_)
        self._edge[list(self._starts) + list(self.quote)] = True

    def cut(self, data: bytes, *, final: bool = False) -> int:
        """Return the length of the whole records that ``data`` begins with.

        Args:
            data: Text from the start of a record.
            final: Whether the file ends with it, so that a ``\\r`` at its end
                is known not to be half of a line end.
        """
        edges = self._edges(data)
        end = _last_outside(data, b"\n", edges, 0, len(data))
        stop = len(data) - (not final)
        return _last_outside(data, b"\r", edges, end, stop) or end

    def is_open(self, data: bytes) -> bool:
        """Tell whether ``data``, from the start of a record, ends inside quotes."""
        return len(self._edges(data)) % 2 == 1

    def first(self, data: bytes, *, final: bool = False) -> int:
        """Return the length of the first record, or 0 if it does not end here."""
        edges = self._edges(data)
        position = -1
        while True:
            found = [data.find(end, position + 1) for end in (b"\n", b"\r")]
            position = min((at for at in found if at >= 0), default=-1)
            if position < 0:
                return 0
            if np.searchsorted(edges, position) % 2 == 0:
                break
        if data[position : position + 1] == b"\n":
            return position + 1
        if position + 1 == len(data):
            return position + 1 if final else 0
        return position + (2 if data[position + 1 : position + 2] == b"\n" else 1)

    def is_strict(self, data: bytes, *, inside: bool = False) -> bool:
        """Tell whether quotes are only where parity alone says what they mean.

        Args:
            data: Text from anywhere.
            inside: Whether it is taken to begin inside a quoted field.
        """
        if self._escape and self._escape in data:
            return False
        if not self.quote:
            return not inside
        text = np.frombuffer(data, np.uint8)
        return self._parity_holds(text, np.flatnonzero(text == self.quote[0]), inside=inside)

    def count_fields(self, record: bytes) -> int:
        """Return the number of fields of one whole record."""
        text = np.frombuffer(record, np.uint8)
        marks = np.flatnonzero(text == self._delimiter)
        return 1 + int((np.searchsorted(self._edges(record), marks) % 2 == 0).sum())

    def count_quotes(self, data: bytes) -> int:
        """Return the number of quotes, and of escapes, in any text."""
        text = np.frombuffer(data, np.uint8)
        marks = self.quote + self._escape
        return sum(int(np.count_nonzero(text == mark)) for mark in marks)

    def has_quoted_lines(self, data: bytes) -> bool:
        """Tell whether a line end in ``data``, from the start of a record, is text."""
        edges = self._edges(data)
        text = np.frombuffer(data, np.uint8)
        ends = np.flatnonzero((text == 10) | (text == 13))
        return bool((np.searchsorted(edges, ends) % 2).any())

    def _edges(self, data: bytes) -> Positions:
        # Where quoted text begins and ends, alternating; odd in number if the
        # text ends inside.
        text = np.frombuffer(data, np.uint8)
        quotes = np.flatnonzero(text == self.quote[0]) if self.quote else _NOWHERE
        if self._escape and self._escape in data:
            escapes = np.flatnonzero(text == self._escape[0])
            return self._walk(data, np.union1d(quotes, escapes))
        if self._parity_holds(text, quotes, inside=False):
            return quotes
        return self._walk(data, quotes)

    def _parity_holds(
        self, text: npt.NDArray[np.uint8], quotes: Positions, *, inside: bool
    ) -> bool:
        opening, closing = quotes[int(inside) :: 2], quotes[1 - int(inside) :: 2]
        if len(opening) and opening[0] == 0:
            opening = opening[1:]
        if len(closing) and closing[-1] == len(text) - 1:
            closing = closing[:-1]
        return bool(self._edge[text[opening - 1]].all() and self._edge[text[closing + 1]].all())

    def _walk(self, data: bytes, marks: Positions) -> Positions:
        edges: list[int] = []
        quote, escape = (code[0] if code else -1 for code in (self.quote, self._escape))
        inside, literal = False, -1
        for at in marks.tolist():
            if at == literal:
                continue
            if data[at] == escape:
                literal = at + 1
                if not inside:  # what is escaped is text, a line end too
                    edges += (at, at + 1)
            elif inside:
                if at + 1 < len(data) and data[at + 1] == quote:
                    literal = at + 1
                else:
                    edges.append(at)
                    inside = False
            elif at == 0 or (data[at - 1] in self._starts and at - 1 != literal):
                edges.append(at)
                inside = True
        return np.array(edges, np.int64)


def _last_outside(data: bytes, mark: bytes, edges: Positions, start: int, stop: int) -> int:
    while (position := data.rfind(mark, start, stop)) >= 0:
        before = int(np.searchsorted(edges, position))
        if before % 2 == 0:
            return position + 1
        stop = int(edges[before - 1])
    return 0
