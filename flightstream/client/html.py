"""Tables and lines for notebooks; nothing in them is more than text."""

from collections.abc import Iterable, Sequence
from html import escape

import pyarrow as pa


def html_table(titles: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """Return a table of text that may come from anywhere."""
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    told = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{told}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def html_client(uri: str) -> str:
    """Return where a client's server is, and what to ask of it first."""
    return (
        f"<p>a client of <code>{escape(uri)}</code>: <code>.flights()</code> lists what it has</p>"
    )


def html_schema(schema: pa.Schema, caption: str = "") -> str:
    """Return the columns of a schema as a table."""
    rows = [[one.name, str(one.type), "" if one.nullable else "no"] for one in schema]
    return html_table(["column", "type", "nullable"], rows, caption)


def _cell(text: str) -> str:
    return f"<td>{escape(text)}</td>"
