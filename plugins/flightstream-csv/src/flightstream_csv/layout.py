"""What was found out about a file once, and holds for every scan of it."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock

import pyarrow as pa
from attrs import evolve, frozen

from flightstream_csv.dialect import Dialect
from flightstream_csv.kinds import Kind, declared


@frozen(eq=False)
class Layout:
    """Where the records of a file begin and what their fields are.

    Args:
        dialect: How the file is written.
        schema: What is served.
        kinds: One for each column of the schema.
        start: Bytes of text, without byte order mark, before the first record.
        null_values: Texts that are null in columns that are not text.
        quoted_nulls: Whether they are null in quotes, too.
        empty: The columns of which no value was seen.
    """

    dialect: Dialect
    schema: pa.Schema
    kinds: tuple[Kind, ...]
    start: int
    null_values: tuple[str, ...] = ("",)
    quoted_nulls: bool = False
    empty: frozenset[str] = frozenset()

    @property
    def seen_schema(self) -> pa.Schema:
        """The schema, with no type for columns of which no value was seen."""
        return pa.schema(
            column.with_type(pa.null()) if column.name in self.empty else column
            for column in self.schema
        )

    def as_in(self, schema: pa.Schema) -> "Layout":
        """Return the layout of the same file, with the types that columns have in a schema."""
        known = {column.name: column for column in schema}
        kinds = [
            kind
            if known.get(name, own).type == kind.type
            else declared(known[name].type, self.dialect)
            for name, own, kind in zip(self.schema.names, self.schema, self.kinds, strict=True)
        ]
        columns = [known.get(column.name, column) for column in self.schema]
        return evolve(self, schema=pa.schema(columns, self.schema.metadata), kinds=tuple(kinds))

    @property
    def text_nulls(self) -> tuple[str, ...]:
        """What is null in text columns, where it is not in quotes."""
        return ("", *(text for text in self.dialect.null_values or () if text))

    @property
    def has_own_nulls(self) -> bool:
        """Whether other columns have nulls that text columns do not."""
        return self.quoted_nulls or set(self.text_nulls) != set(self.null_values)


class Layouts:
    """The layouts of the files that were asked for last.

    Threads that ask for the same file at once wait for the first of them. A
    failure is not kept: each of them finds it out for itself.
    """

    def __init__(self, most: int = 1024) -> None:
        self._most = most
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, Future[Layout]] = OrderedDict()

    def known(self, key: Hashable) -> Layout | None:
        """Return a layout if it is there already."""
        with self._lock:
            kept = self._kept.get(key)
        return kept.result() if kept and kept.done() and not kept.exception() else None

    def get(self, key: Hashable, find_out: Callable[[], Layout]) -> Layout:
        """Return a layout, found out now if need be."""
        while True:
            with self._lock:
                kept = self._kept.get(key)
                if mine := kept is None:
                    kept = self._kept[key] = Future()
                    while len(self._kept) > self._most:
                        self._kept.popitem(last=False)
                else:
                    self._kept.move_to_end(key)
            assert kept is not None
            if mine:
                return self._fill(key, kept, find_out)
            if kept.exception() is None:
                return kept.result()

    def _fill(
        self, key: Hashable, kept: "Future[Layout]", find_out: Callable[[], Layout]
    ) -> Layout:
        try:
            layout = find_out()
        except BaseException as exc:
            with self._lock:
                if self._kept.get(key) is kept:
                    del self._kept[key]
            kept.set_exception(exc)
            raise
        kept.set_result(layout)
        return layout
