"""What is asked of a flight: a server's part of it, and what is left to be done here."""

from collections.abc import Generator, Iterable, Sequence
from typing import TypeAlias, TypedDict

import attrs
import pyarrow as pa
import pyarrow.compute as pc
from attrs import frozen

from flightstream.client.acero import filtered
from flightstream.client.expressions import Translated, translate
from flightstream.errors import InvalidCommand
from flightstream.filters import Filter
from flightstream.narrow import Step, narrowed
from flightstream.wire import Command

Condition: TypeAlias = str | pc.Expression


@frozen
class Fitted:
    """An expression for a flight whose schema is known: a server is only asked what it can do.

    Args:
        expression: The whole condition.
        known: What a server does of it.
    """

    expression: pc.Expression
    known: Translated

    @classmethod
    def to(cls, schema: pa.Schema, expression: pc.Expression) -> "Fitted":
        """Return an expression for the flights of a schema."""
        return cls(expression, translate(expression, schema))


_CONDITIONS = (str, pc.Expression, Fitted, type(None))


class Selection(TypedDict, total=False):
    """What may be asked of a flight, as keywords; without any, it is all of it.

    Args:
        columns: The columns wanted, in this order.
        filter: SQL, for example ``"fare > 10 AND city IN ('Oslo')"``, or an expression of
            :mod:`pyarrow.compute`: what SQL cannot say of that is done here.
        limit: The greatest number of rows.
        offset: How many rows to leave out first.
    """

    columns: Sequence[str] | None
    filter: Condition | Fitted | None
    limit: int | None
    offset: int


@frozen
class Rest:
    """What of a selection the server does not do.

    Args:
        columns: Those that are left at the end.
        filter: Which rows are left.
        limit: The greatest number of them.
        offset: How many of them to leave out first.
    """

    columns: Sequence[str] | None = None
    filter: Condition | Fitted | None = None
    limit: int | None = None
    offset: int = 0

    @classmethod
    def of(cls, selection: Selection) -> "Rest":
        """Return all of a selection; anyone may have written it.

        Raises:
            TypeError: It has something that cannot be asked.
            InvalidCommand: Something of it is of another type than it has to be.
        """
        for name in selection.keys() - Selection.__annotations__.keys():
            known = ", ".join(Selection.__annotations__)
            raise TypeError(f"of a flight there is no {name!r} to be asked, but {known}")
        wanted = cls(**selection)
        wanted = attrs.evolve(wanted, columns=_listed(wanted.columns))
        if not isinstance(wanted.filter, _CONDITIONS):
            raise InvalidCommand(
                f"a filter is SQL or an expression of pyarrow.compute, and not {wanted.filter!r}"
            )
        if wanted.limit is not None:
            _check_number("limit", wanted.limit)
        _check_number("offset", wanted.offset)
        return wanted

    @property
    def is_of_rows(self) -> bool:
        """Whether there may be fewer rows than the server sends."""
        return self.filter is not None or self.is_of_the_whole

    @property
    def is_of_the_whole(self) -> bool:
        """Whether it cannot be done of each part apart."""
        return self.limit is not None or self.offset > 0

    def schema(self, sent: pa.Schema) -> pa.Schema:
        """Return the schema that is left of one.

        Raises:
            InvalidCommand: There is no such column, or the filter does not fit.
        """
        self._steps(sent)
        if self.columns is None:
            return sent
        for name in self.columns:
            if len(sent.get_all_field_indices(name)) != 1:
                raise InvalidCommand(f"there is no column {name!r}, or more than one")
        return pa.schema([sent.field(name) for name in self.columns], sent.metadata)

    def apply(
        self, batches: Generator[pa.RecordBatch], sent: pa.Schema
    ) -> Generator[pa.RecordBatch]:
        """Yield what is left of batches."""
        return narrowed(batches, self._steps(sent), self.offset, self.limit, self.columns)

    def _steps(self, schema: pa.Schema) -> list[Step]:
        if self.filter is None:
            return []
        if isinstance(self.filter, str):
            return [Filter.bind(self.filter, schema)]
        is_fitted = isinstance(self.filter, Fitted)
        step = _Expression(self.filter.expression if is_fitted else self.filter)
        step.apply(pa.RecordBatch.from_pylist([], schema=schema))
        return [step]


@frozen
class _Expression:
    expression: pc.Expression

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return filtered(batch, self.expression)


def divided(name: str, partitions: int, wanted: Rest) -> tuple[Command, Rest | None]:
    """Return what to ask a server of ours, and what is left then.

    Raises:
        InvalidCommand: The name is no text.
    """
    if not isinstance(name, str):
        raise InvalidCommand(f"a flight is asked for by its name, a text, and not by {name!r}")
    path = tuple(name.split("/"))
    if wanted.filter is None or isinstance(wanted.filter, str):
        return _command(path, partitions, wanted, wanted.filter), None
    known = wanted.filter.known if isinstance(wanted.filter, Fitted) else translate(wanted.filter)
    if known.is_whole:
        return _command(path, partitions, wanted, known.sql), None
    columns = None
    if wanted.columns is not None and known.columns is not None:
        columns = [*wanted.columns, *sorted(known.columns - {*wanted.columns})]
    return _command(path, partitions, Rest(columns=columns), known.sql), wanted


def _listed(columns: Iterable[str] | None) -> list[str] | None:
    if columns is None:
        return None
    is_list = isinstance(columns, Iterable) and not isinstance(columns, str | bytes)
    names = [*columns] if is_list else []
    if not is_list or not all(isinstance(name, str) for name in names):
        raise InvalidCommand(f"columns are a list of names, and not {columns!r}")
    return names


def _check_number(name: str, value: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidCommand(f"{name} is a whole number from 0, and not {value!r}")


def _command(path: tuple[str, ...], partitions: int, asked: Rest, sql: str | None) -> Command:
    return Command(
        path,
        columns=None if asked.columns is None else tuple(asked.columns),
        filter=sql,
        limit=asked.limit,
        offset=asked.offset,
        partitions=partitions,
    )
