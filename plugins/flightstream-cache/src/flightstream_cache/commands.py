"""``flightstream cache``: what is kept, and how to be rid of it or have it at once."""

import json
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

import flightstream
from flightstream import ByteSize, FlightStreamError
from flightstream_cache.entry import Entry
from flightstream_cache.folder import Folder
from flightstream_cache.label import Damaged, Label

_CONFIG = Path("flightstream.toml")


def _folder_of(_ctx: click.Context, _parameter: click.Parameter, given: Path | None) -> Folder:
    path = given or _configured()
    if not path.is_dir():
        click.echo(f"there is no folder {str(path)!r}, so nothing is kept", err=True)
    return Folder(path, 0)


def _configured() -> Path:
    try:
        tables = tomllib.loads(_CONFIG.read_text("utf-8"))
        return _CONFIG.parent / Path(tables["plugins"]["cache"]["folder"]).expanduser()
    except (OSError, ValueError, KeyError, TypeError):
        raise click.UsageError(
            f"{_CONFIG} is not here, or does not say plugins.cache.folder: give --folder"
        ) from None


_folder_option = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="FLIGHTSTREAM__PLUGINS__CACHE__FOLDER",
    callback=_folder_of,
    help="The folder of the cache; otherwise that of flightstream.toml.",
)


@click.group()
def cache() -> None:
    """See what is kept of flights, remove it, or have it kept."""


@cache.command()
@_folder_option
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each file.")
def ls(folder: Folder, as_json: bool) -> None:
    """List what is kept, what was used last first."""
    now = time.time()
    rows = [_row(path, found, label) for path, found, label in _labels(folder)]
    for row in sorted(rows, key=lambda row: -row["used"]):
        if as_json:
            click.echo(json.dumps(row))
        else:
            columns = "all columns" if row["columns"] is None else ", ".join(row["columns"])
            part = ", a part" if row["part"] else ""
            click.echo(
                f"{row['flight']}  {ByteSize(row['bytes'])}  {row['rows']} rows  {columns}{part}"
                f"  kept {_ago(now - row['kept'])}, used {_ago(now - row['used'])}"
            )


@cache.command()
@_folder_option
@click.argument("flights", metavar="[FLIGHT]...", nargs=-1)
def clear(folder: Folder, flights: tuple[str, ...]) -> None:
    """Remove what is kept of FLIGHTs, or all that is kept.

    Streams that are being served from it run on.
    """
    if flights:
        wanted = {path for path, _, label in _labels(folder) if label.flight in flights}
    else:
        wanted = {path for path, _ in folder.kept()}
    for path in wanted:
        path.unlink(missing_ok=True)
    click.echo(f"{len(wanted)} removed")


@cache.command()
@click.argument("flights", metavar="FLIGHT...", nargs=-1, required=True)
@click.option("--uri", envvar="FLIGHTSTREAM_URI", default="grpc://localhost:8080",
              show_default=True, show_envvar=True, help="The server.")  # fmt: skip
@click.option("--token", envvar="FLIGHTSTREAM_TOKEN", show_envvar=True,
              help="A bearer token of somebody who may see all columns.")  # fmt: skip
@click.option("--tls-ca", type=click.Path(dir_okay=False), help="The CAs that are trusted.")
def warm(flights: tuple[str, ...], uri: str, token: str | None, tls_ca: str | None) -> None:
    """Read FLIGHTs from a running server, so that it keeps them."""
    try:
        with flightstream.connect(uri, token=token, tls_ca=tls_ca) as client:
            for flight in flights:
                with client.stream(flight) as batches:
                    rows = sum(batch.num_rows for batch in batches)
                click.echo(f"{flight}  {rows} rows")
    except FlightStreamError as exc:
        raise click.ClickException(exc.message) from None


def _labels(folder: Folder) -> Iterator[tuple[Path, Any, Label]]:
    for path, found in folder.kept():
        try:
            yield path, found, Entry.open(path, is_use=False).label
        except (Damaged, OSError) as exc:
            click.echo(f"{path.name}: {exc}", err=True)


def _row(path: Path, found: Any, label: Label) -> dict[str, Any]:
    return {
        "flight": label.flight,
        "version": label.version,
        "columns": label.columns,
        "part": label.is_part,
        "rows": sum(label.blocks.rows),
        "bytes": found.st_size,
        "kept": found.st_mtime,
        "used": found.st_atime,
        "file": path.name,
    }


def _ago(seconds: float) -> str:
    for name, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {name} ago"
    return f"{max(0.0, seconds):.0f} seconds ago"
