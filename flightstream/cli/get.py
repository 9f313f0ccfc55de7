"""``flightstream get``."""

from pathlib import Path

import click

from flightstream.cli.progress import shown_progress
from flightstream.cli.remote import connected, selection_options
from flightstream.cli.save import save
from flightstream.cli.servers import Target, server_options
from flightstream.cli.writers import WRITERS, check_output


@click.command()
@click.argument("name")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    callback=check_output,
    help=f"Where to; the suffix is one of {', '.join(WRITERS)}; .arrows is a stream.",
)
@selection_options
@click.option("--limit", type=click.IntRange(min=0), help="No more rows than this.")
@click.option(
    "--offset", type=click.IntRange(min=0), default=0, help="Leave out this many rows first."
)
@server_options
def get(
    name: str,
    output: Path,
    columns: tuple[str, ...] | None,
    where: str | None,
    limit: int | None,
    offset: int,
    target: Target,
) -> None:
    """Copy the flight NAME to a file.

    The file appears when it is complete: a transfer that fails leaves what was
    there before. Memory use does not depend on the size of the flight.
    """
    wanted = {"columns": columns, "filter": where, "limit": limit, "offset": offset}
    with connected(target) as remote:
        flight = remote.call(remote.client.info, name, **wanted)
        with (
            shown_progress(name, flight.total_records) as transfer,
            remote.client.stream(flight) as stream,
        ):
            saved = save(transfer.counted(stream), stream.schema, output)
        click.echo(saved)
