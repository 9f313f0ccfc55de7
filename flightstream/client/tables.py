"""Which tables a query reads, as DuckDB's own parser sees it."""

import json
import re
from collections.abc import Iterator
from typing import Any

from attrs import frozen

from flightstream.errors import InvalidCommand

# A query is parsed, and nothing in it is looked up.
_PARSE = "SELECT json_serialize_sql(?::VARCHAR)"


@frozen
class TableName:
    """A table as a query names it.

    Args:
        catalog: Of an attached database; empty where the query says none.
        schema: What stands before the table's own name, if anything.
        table: That name.
    """

    catalog: str
    schema: str
    table: str

    @property
    def flight(self) -> str:
        """The flight's path that it stands for."""
        return f"{self.schema}/{self.table}" if self.schema else self.table

    @property
    def key(self) -> tuple[str, str]:
        """What DuckDB tells tables apart by: to it, letter case says nothing."""
        return self.schema.lower(), self.table.lower()


def tables_of(connection: Any, sql: str) -> list[TableName]:
    """Return the tables that a query reads, besides those that it makes itself by WITH.

    Args:
        connection: Of DuckDB; its parser is asked.
        sql: One SELECT.

    Raises:
        InvalidCommand: It is something else, or cannot be parsed.
    """
    tree = json.loads(connection.execute(_PARSE, [sql]).fetchall()[0][0])
    if tree["error"]:
        if tree["error_type"] == "parser":
            raise InvalidCommand(f"the query cannot be read: {tree['error_message']}")
        raise InvalidCommand(_refusal(connection, sql))
    if len(tree["statements"]) != 1:
        raise InvalidCommand(f"a query is one statement, and here are {len(tree['statements'])}")
    return list(dict.fromkeys(_tables(tree["statements"][0], frozenset())))


def _refusal(connection: Any, sql: str) -> str:
    """Return why a statement that can be parsed is no query, and what is to be done."""
    kinds = [statement.type.name for statement in connection.extract_statements(sql)]
    # Before 2.0, DuckDB already takes it apart here.
    if {"MULTI", "CREATE"} & set(kinds) and re.search(r"\bpivot\b", sql, re.IGNORECASE):
        return (
            "PIVOT has to say which values become columns, as it would be two statements:"
            " FROM x PIVOT (count(*) FOR c IN ('a', 'b') GROUP BY d)"
        )
    other = next((kind for kind in kinds if kind != "SELECT"), "something else")
    return (
        f"a query is a SELECT, and this is {other}: the session's connection takes that,"
        " but flights are no tables there"
    )


def _tables(node: Any, made: frozenset[str]) -> Iterator[TableName]:
    """Yield the tables below a node where the names that WITH has made are in sight."""
    if isinstance(node, list):
        for one in node:
            yield from _tables(one, made)
    if not isinstance(node, dict):
        return
    if node.get("type") == "BASE_TABLE":
        name = TableName(node["catalog_name"], node["schema_name"], node["table_name"])
        if name.schema or name.table.lower() not in made:
            yield name
    if node.get("type") == "RECURSIVE_CTE_NODE":
        made |= {node["cte_name"].lower()}
    # Each name is in sight of those after it, and not of its own query: that may
    # read the flight whose name it takes.
    for entry in node.get("cte_map", {}).get("map", []):
        yield from _tables(entry["value"], made)
        made |= {entry["key"].lower()}
    for key, value in node.items():
        if key != "cte_map":
            yield from _tables(value, made)


def table_name(path: str) -> str:
    """Return the name in SQL of a flight, by its path."""
    source, _, rest = path.partition("/")
    return ".".join(identifier(part) for part in (source, rest) if part)


def identifier(name: str) -> str:
    """Return a name as it stands in SQL, in quotes only where it needs them."""
    return name if name.isidentifier() else quoted(name)


def quoted(name: str) -> str:
    """Return a name as it stands in SQL whatever is in it."""
    return '"' + name.replace('"', '""') + '"'
