"""``flightstream sql``."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pyarrow as pa

from flightstream.cli.head import show_rows
from flightstream.cli.progress import shown_progress
from flightstream.cli.remote import Remote, connected
from flightstream.cli.save import save, writable
from flightstream.cli.servers import Target, server_options
from flightstream.cli.values import JSON_HELP
from flightstream.cli.writers import WRITERS, check_output
from flightstream.client import Stream

_SHOWN_ROWS = 1000
_FORMATS = ("table", "csv", "jsonl", "arrows")


@click.command(epilog=JSON_HELP)
@click.argument("statement", required=False)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    callback=check_output,
    help=f"Where to; the suffix is one of {', '.join(WRITERS)}; .arrows is a stream.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    help="What to print: by default a table at a terminal, and csv elsewhere.",
)
@server_options
def sql(statement: str | None, output: Path | None, form: str | None, target: Target) -> None:
    """Print the rows of one SELECT in which every flight is a table.

    A flight sales/2024/orders is sales."2024/orders". The query runs here, in DuckDB;
    the columns and rows that it needs are read from the server.
    STATEMENT is - to read it from standard input. Without it, a shell asks for
    queries: each ends with a semicolon, Tab completes names, Ctrl-D leaves.
    """
    if statement is None:
        _ask(output, form, target)
        return
    text = sys.stdin.read() if statement == "-" else statement
    form = form or ("table" if sys.stdout.isatty() else "csv")
    with connected(target) as remote:
        if output is not None:
            with (
                shown_progress(output.name, -1) as transfer,
                remote.call(remote.client.query, text) as stream,
            ):
                batches = transfer.counted(_batches(remote, stream))
                saved = save(batches, stream.schema, output)
            click.echo(saved)
        elif form == "table":
            with shown_progress("query", -1), remote.call(remote.client.query, text) as stream:
                table = _first(remote, stream)
            _show(table)
        else:
            with remote.call(remote.client.query, text) as stream:
                _print(remote, stream, form)


def _ask(output: Path | None, form: str | None, target: Target) -> None:
    if output or form or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("a STATEMENT is needed but for a shell at a terminal; - reads it")
    from flightstream.cli.shell import run_shell

    with connected(target) as remote:
        run_shell(remote, lambda stream: _show(_first(remote, stream)))


def _batches(remote: Remote, stream: Stream) -> Iterator[pa.RecordBatch]:
    while (batch := remote.call(next, stream, None)) is not None:
        yield batch


def _print(remote: Remote, stream: Stream, form: str) -> None:
    with (
        writable(f"--format {form}"),
        WRITERS[f".{form}"](sys.stdout.buffer, stream.schema) as writer,
    ):
        for batch in _batches(remote, stream):
            writer.write_batch(batch)
    sys.stdout.buffer.flush()


def _first(remote: Remote, stream: Stream) -> pa.Table:
    """Return the first rows, more than are shown if there are more."""
    taken: list[pa.RecordBatch] = []
    for batch in _batches(remote, stream):
        taken.append(batch)
        if sum(one.num_rows for one in taken) > _SHOWN_ROWS:
            break
    return pa.Table.from_batches(taken, stream.schema)


def _show(table: pa.Table) -> None:
    show_rows(table.slice(0, _SHOWN_ROWS))
    if table.num_rows > _SHOWN_ROWS:
        click.echo(f"these are the first {_SHOWN_ROWS:,} rows: -o FILE has them all", err=True)
