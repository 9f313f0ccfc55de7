"""A flight as a lazy frame of polars."""

import json
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from flightstream.client.flights import RemoteFlight
from flightstream.errors import ConfigError, InvalidCommand, Unsupported
from flightstream.filters import Filter
from flightstream.filters.text import quote_name, quote_text

if TYPE_CHECKING:
    from flightstream.client.client import Client

# To polars a NaN is greater than every number, which a server only says the other way round.
_COMPARISONS = {
    "Eq": "{} = {}",
    "NotEq": "{} <> {}",
    "Lt": "{} < {}",
    "LtEq": "{} <= {}",
    "Gt": "NOT {} <= {}",
    "GtEq": "NOT {} < {}",
}
_JUNCTIONS = {"And": "AND", "Or": "OR"}
_NULL_TESTS = {"IsNull": "IS NULL", "IsNotNull": "IS NOT NULL"}


def lazy_frame(client: "Client", described: RemoteFlight, partitions: int) -> Any:
    """Return a flight as a ``polars.LazyFrame``."""
    try:
        import polars
        from polars.io.plugins import register_io_source
    except ImportError as exc:
        raise ConfigError(
            "a lazy frame needs polars: pip install 'flightstream-core[polars]'"
        ) from exc
    assert described.schema is not None
    empty: Any = polars.from_arrow(described.schema.empty_table())
    return register_io_source(partial(_frames, client, described, partitions), schema=empty.schema)


def pushed(predicate: Any, schema: pa.Schema) -> str | None:
    """Return what a server can do of a predicate: it keeps all rows that the predicate keeps."""
    # Its own rendering is the one view of what is in an expression. Other versions may
    # write it otherwise: what is not understood is left to polars.
    tree = json.loads(predicate.meta.serialize(format="json"))
    known = [sql for operand in _operands(tree) if (sql := _sql_or_none(operand, schema))]
    return " AND ".join(known) or None


def _frames(
    client: "Client",
    described: RemoteFlight,
    partitions: int,
    columns: list[str] | None,
    predicate: Any,
    rows: int | None,
    _batch_rows: int | None,
) -> Iterator[Any]:
    import polars

    schema = described.schema
    assert schema is not None
    needed = None
    if columns is not None:
        read = {*columns, *(() if predicate is None else predicate.meta.root_names())}
        needed = [name for name in schema.names if name in read]
    with client.stream(
        described.name,
        partitions=partitions,
        columns=needed or None,
        filter=None if predicate is None else pushed(predicate, schema),
        limit=rows if predicate is None else None,
    ) as stream:
        left = rows
        for batch in stream:
            frame: Any = polars.from_arrow(batch)
            if predicate is not None:
                frame = frame.filter(predicate)
            if columns is not None:
                frame = frame.select(columns)
            if left is not None:
                frame = frame.head(left)
                left -= frame.height
            yield frame
            if left == 0:
                return


def _operands(tree: Any) -> Iterator[Any]:
    match tree:
        case {"BinaryExpr": {"left": left, "op": "And", "right": right}}:
            yield from _operands(left)
            yield from _operands(right)
        case _:
            yield tree


def _sql_or_none(tree: Any, schema: pa.Schema) -> str | None:
    try:
        sql = _sql(tree)
        Filter.bind(sql, schema)
    except (_Foreign, InvalidCommand, Unsupported):
        return None
    return sql


class _Foreign(Exception):
    """Something that no filter of a server says."""


def _sql(tree: Any) -> str:
    match tree:
        case {"BinaryExpr": {"left": left, "op": op, "right": right}} if op in _JUNCTIONS:
            return f"({_sql(left)} {_JUNCTIONS[op]} {_sql(right)})"
        case {"BinaryExpr": {"left": {"Column": str(name)}, "op": op, "right": {"Literal": value}}}:
            if op in _COMPARISONS:
                return f"({_COMPARISONS[op].format(quote_name(name), _literal(value))})"
        case {"Function": {"input": [{"Column": str(name)}], "function": {"Boolean": str(test)}}}:
            if test in _NULL_TESTS:
                return f"{quote_name(name)} {_NULL_TESTS[test]}"
    raise _Foreign


def _literal(value: Any) -> str:
    match value:
        case {"Scalar": {"String": str(text)}}:
            return quote_text(text)
        case {"Scalar": {"Boolean": bool(truth)}}:
            return str(truth).upper()
        case {
            "Scalar": {"Int32": int(number)} | {"Int64": int(number)} | {"Float64": float(number)}
        }:
            return repr(number)
        case {"Dyn": {"Int": int(number)} | {"Float": float(number)}}:
            return repr(number)
    raise _Foreign
