"""A filter that is ready to run."""

from collections.abc import Collection, Mapping
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
from attrs import field, frozen
from pyarrow import types

from flightstream.errors import InvalidCommand, Unsupported
from flightstream.filters.bind import Scope
from flightstream.filters.bounds import Bounds, may_match
from flightstream.filters.compile import to_expression, to_mask
from flightstream.filters.lexer import shorten
from flightstream.filters.parse import parse
from flightstream.filters.text import to_sql
from flightstream.filters.tree import Constant, Node, columns, conjunction


@frozen(repr=False)
class Filter:
    """A condition on rows, bound to a schema.

    Make one with :meth:`bind`. Two are equal if their trees are; ``str()`` is SQL
    that binds to an equal one (as far as that text stays within the limits). Frozen,
    so safe to use from several threads.

    Args:
        tree: What it says, see :mod:`flightstream.filters.tree`.
        schema: The columns that it reads.

    .. versionadded:: 0.1
    """

    tree: Node
    schema: pa.Schema = field(eq=False)

    @property
    def columns(self) -> frozenset[str]:
        """The names of the columns that it reads."""
        return columns(self.tree)

    @classmethod
    def bind(cls, sql: str, schema: pa.Schema, *, visible: Collection[str] | None = None) -> Self:
        """Return the filter that SQL text means for a schema.

        Allowed are comparisons (a column with a literal or with a column of the
        same type), AND, OR, NOT, IN, BETWEEN, IS [NOT] NULL, LIKE, boolean columns,
        and the literals ``1``, ``-1.5``, ``1e3``, ``'text'``, ``TRUE``, ``NULL``,
        ``x'ff'``, ``DATE '2020-01-31'`` and ``TIMESTAMP '2020-01-31 10:00:00'``.
        Strings stand for dates, times and timestamps too; a timestamp without
        offset is on the clock of the column's zone.

        Args:
            sql: At most 16 KiB, 1,000 names, values and operators, and 64 levels.
            schema: The flight's schema.
            visible: The columns that exist for who asks; ``None`` for all.

        Raises:
            InvalidCommand: The text is no filter for this schema.
            Unsupported: Arrow cannot run it on columns of these types.
        """
        scope = Scope(schema, frozenset(schema.names if visible is None else visible))
        tree = scope.bind(parse(sql))
        touched = columns(tree)
        bound = cls(tree, pa.schema([known for known in schema if known.name in touched]))
        if touched:
            bound._check_kernels()
        return bound

    def mask(self, batch: pa.RecordBatch) -> pa.BooleanArray:
        """Return which rows to keep; null where that is unknown, so not kept.

        Args:
            batch: Has the columns of ``schema``, and any others.
        """
        return to_mask(self.tree, batch)

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows of a batch that this filter keeps.

        Raises:
            Unsupported: A column has a type that Arrow cannot filter.
        """
        if isinstance(self.tree, Constant):
            return batch if self.tree.value else batch.slice(0, 0)
        mask = self.mask(batch)
        return batch if mask.true_count == len(mask) else _keep(batch, mask)

    def may_match(self, bounds: Mapping[str, Bounds], blocks: int) -> pa.BooleanArray:
        """Return of each block of rows whether this filter may keep one of them.

        Where it says no, an adapter need not read. Where it says yes, rows have to
        be filtered all the same. NaN and null are taken care of.

        Args:
            bounds: What is known of columns; of others, nothing is.
            blocks: How many blocks there are: files, row groups.
        """
        return may_match(self.tree, bounds, blocks)

    def expression(self) -> pc.Expression:
        """Return the same as an expression, for adapters that push it down.

        Arrow prunes Parquet row groups by statistics that leave out NaN: leave
        out what :meth:`may_match` says, and filter the rows with it alone.
        """
        return to_expression(self.tree, self.schema)

    def __and__(self, other: "Filter") -> "Filter":
        """Return the filter that keeps what both keep, of one schema."""
        fields = {known.name: known for known in (*self.schema, *other.schema)}
        return Filter(conjunction((self.tree, other.tree)), pa.schema(fields.values()))

    def __str__(self) -> str:
        return to_sql(self.tree)

    def __repr__(self) -> str:
        return f"Filter({to_sql(self.tree)!r})"

    def _check_kernels(self) -> None:
        """Run once on no rows, both ways: only then does Arrow say what it cannot do."""
        empty = pa.RecordBatch.from_pylist([], schema=self.schema)
        try:
            self.mask(empty)
            empty.filter(self.expression())
        except pa.ArrowInvalid:
            raise InvalidCommand("the filter has a LIKE pattern that is too large") from None
        except pa.ArrowException:
            listed = ", ".join(f"{known.name!r} ({known.type})" for known in self.schema)
            raise Unsupported(f"Arrow cannot filter by {shorten(listed, 200)}") from None


def _keep(batch: pa.RecordBatch, mask: pa.BooleanArray) -> pa.RecordBatch:
    try:
        if not any(map(_lacks_kernel, batch.schema.types)):
            return batch.filter(mask)
        kept = [_keep_column(column, mask) for column in batch.columns]
    except pa.ArrowNotImplementedError:
        listed = ", ".join(sorted({str(type_) for type_ in batch.schema.types}))
        raise Unsupported(
            f"Arrow cannot filter a column of one of {shorten(listed, 200)}"
        ) from None
    return pa.RecordBatch.from_arrays(kept, schema=batch.schema)


def _lacks_kernel(type_: pa.DataType) -> bool:
    return bool(
        types.is_string_view(type_)
        or types.is_binary_view(type_)
        or types.is_run_end_encoded(type_)
    )


def _keep_column(column: pa.Array, mask: pa.BooleanArray) -> pa.Array:
    """Filter a column; Arrow 26 has no filter for views and run-end encoding, so go round."""
    type_ = column.type
    if not _lacks_kernel(type_):
        return column.filter(mask)
    if types.is_run_end_encoded(type_):
        return pc.run_end_encode(pc.run_end_decode(column).filter(mask), type_.run_end_type)
    plain = pa.large_string() if types.is_string_view(type_) else pa.large_binary()
    return column.cast(plain).filter(mask).cast(type_)
