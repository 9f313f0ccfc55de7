"""One schema for files that have each their own."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import pyarrow as pa

from flightstream.errors import InvalidData

Unify: TypeAlias = Literal["strict", "widen", "null-missing"]


def unified(schemas: Sequence[tuple[str, pa.Schema]], how: Unify) -> pa.Schema:
    """Return the schema that all files can be read as.

    Args:
        schemas: The files' names and schemas; the first one's columns come first.
        how: ``strict``: all have the same columns of the same types, in any order. ``widen``: all have the same columns, of
            types that one of them, or a wider one, can hold. ``null-missing``:
            a column that a file lacks is null in it.

    Raises:
        InvalidData: They do not fit each other; names the file and the column.
    """
    fields: dict[str, tuple[str, pa.Field]] = {}
    for file, schema in schemas:
        for field in schema:
            known = fields.get(field.name)
            joined = field if known is None else _joined(file, field, *known, how)
            fields[field.name] = (known[0] if known else file, joined)
    for file, schema in schemas:
        for column in fields.keys() - set(schema.names):
            if how != "null-missing":
                raise InvalidData(
                    f"the file {file!r} has no column {column!r}, which {fields[column][0]!r}"
                    ' has: unify = "null-missing" makes it null there'
                )
            first, field = fields[column]
            fields[column] = (first, field.with_nullable(True))
    return pa.schema([field for _, field in fields.values()], schemas[0][1].metadata)


def _joined(file: str, field: pa.Field, first: str, known: pa.Field, how: Unify) -> pa.Field:
    if field.equals(known):
        return known
    try:
        if how != "strict":
            both = [pa.schema([known]), pa.schema([field])]
            return pa.unify_schemas(both, promote_options="permissive").field(0)
    except pa.ArrowException:
        cure = "no type holds both"
    else:
        cure = 'unify = "widen" takes the wider of types that fit'
    raise InvalidData(
        f"the column {field.name!r} is {_type(field)} in the file {file!r} and {_type(known)} in"
        f" {first!r}: {cure}",
        column=field.name,
    )


def _type(field: pa.Field) -> str:
    return f"{field.type}{'' if field.nullable else ' not null'}"
