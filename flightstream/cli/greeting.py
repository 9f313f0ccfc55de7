"""What a started server says: how to read from it, and which sources are empty."""

import os
import shlex
import sys
from collections import Counter
from collections.abc import Mapping

import click
import structlog

from flightstream.cli.servers import DEFAULT_URI
from flightstream.cli.text import aligned, printable, size
from flightstream.config.certificates import names_in
from flightstream.errors import FlightStreamError
from flightstream.server import Server
from flightstream.serving.listing import Entry
from flightstream.storage import File, Source, uncompressed

log = structlog.get_logger(__name__)

_MOST_FLIGHTS = 20
_MOST_SUFFIXES = 5
_EVERY_ADDRESS = ("0.0.0.0", "::", "")
_ARROW = {"tls_ca": "tls_root_certs", "tls_cert": "cert_chain", "tls_key": "private_key"}


def greet(server: Server) -> None:
    """Warn about sources without flights; show how to read the others."""
    entries = list_sources(server)
    click.echo(_greeting(_uri_of(server), entries, _program(), _files(server)))


def list_sources(server: Server) -> list[Entry]:
    """Return the flights of all sources; warn about those that have none."""
    entries = list(server.service.setup.lookup.catalog.entries())
    _warn_of_empty_sources(server, {entry.path[0] for entry in entries})
    return entries


def _uri_of(server: Server) -> str:
    """Return what a client on this machine connects to."""
    host = "localhost" if server.info.host in _EVERY_ADDRESS else server.info.host
    tls = server.config.server.tls
    if tls.certificate and tls.key:
        names = names_in(tls.certificate, tls.key)
        host = next((name for name in (host, *names) if name in names and "*" not in name), host)
    scheme = "grpc+tls" if server.info.tls else "grpc"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{server.port}"


def _files(server: Server) -> dict[str, str]:
    """Return which arguments of a client need a file, and what it may be called."""
    files = {"tls_ca": "ca.pem"} if server.info.tls else {}
    if server.info.requires_client_certificate:
        files |= {"tls_cert": "client.pem", "tls_key": "client.key"}
    return files


def _greeting(uri: str, entries: list[Entry], program: str, files: Mapping[str, str]) -> str:
    """Return the address, the flights, and lines that work as pasted.

    Args:
        uri: What a client connects to.
        entries: The flights.
        program: How a shell in the working folder calls this program.
        files: What else a client needs.
    """
    flights = "1 flight" if len(entries) == 1 else f"{len(entries):,} flights"
    lines = ["", f"FlightStream serves {flights} at {uri}"]
    if entries:
        lines += ["", aligned([_row(entry) for entry in entries[:_MOST_FLIGHTS]])]
        if len(entries) > _MOST_FLIGHTS:
            lines.append(f"and {len(entries) - _MOST_FLIGHTS:,} more: {program} ls{_at(uri)}")
        lines += ["", *_how_to_read(str(entries[0]), uri, program, files)]
    return "\n".join([*lines, ""])


def _row(entry: Entry) -> list[str]:
    stored = entry.flight.total_bytes
    adapter = entry.mount.plugin.name
    return [printable(str(entry)), adapter, size(stored) if stored >= 0 else ""]


def _how_to_read(name: str, uri: str, program: str, files: Mapping[str, str]) -> list[str]:
    folder = os.path.dirname(program)
    python = f" (in {folder}/python)" if folder else ""
    for_arrow = "".join(f', {_ARROW[n]}=open("{file}", "rb").read()' for n, file in files.items())
    for_python = "".join(f', {n}="{file}"' for n, file in files.items())
    for_shell = "".join(f" --{n.replace('_', '-')} {file}" for n, file in files.items())
    return [
        f"Read one with pyarrow{python}:",
        "",
        "import pyarrow.flight as fl",
        f'client = fl.connect("{uri}"{for_arrow})',
        f"table = client.do_get(fl.Ticket({_literal(name)})).read_all()",
        "",
        f"with the client{python}:",
        "",
        "import flightstream",
        f'table = flightstream.connect("{uri}"{for_python}).read({_literal(name)})',
        "",
        "or in a shell:",
        "",
        f"{program} head {shlex.quote(name)}{_at(uri)}{for_shell}",
    ]


def _program() -> str:
    """Return how this program was called, if that was from an environment in this folder."""
    path = os.path.relpath(sys.argv[0])
    return "flightstream" if path.startswith("..") else shlex.quote(path)


def _literal(name: str) -> str:
    return f'"{name}"' if '"' not in name and "\\" not in name else repr(name)


def _at(uri: str) -> str:
    return "" if uri == DEFAULT_URI else f" --uri {uri}"


def _warn_of_empty_sources(server: Server, served: set[str]) -> None:
    mounts = server.service.setup.registry.mounts
    adapters = {mount.plugin.name for mount in mounts}
    sources = {mount.source.name: mount.source for mount in mounts}
    for name in server.info.sources:
        if name in served:
            continue
        suffixes = _suffixes(sources.get(name))
        facts: dict[str, object] = {"suffixes": suffixes} if suffixes else {}
        if missing := [suffix for suffix in suffixes if suffix not in adapters]:
            packages = " ".join(f"flightstream-{suffix}" for suffix in missing)
            facts["hint"] = f"pip install {packages}"
        log.warning("source_without_flights", source=name, **facts)


def _suffixes(source: Source | None) -> list[str]:
    """Return the commonest suffixes of a source's files."""
    if source is None:
        return []
    try:
        counts = Counter(map(_suffix, source.files("**/*")))
    except FlightStreamError:  # the listing has failed too, and is in the log
        return []
    del counts[""]
    return [suffix for suffix, _ in counts.most_common(_MOST_SUFFIXES)]


def _suffix(file: File) -> str:
    """Return what a file is besides compressed, ``csv`` for ``A.CSV.gz``."""
    suffix = uncompressed(file.name).suffix[1:].lower()
    return suffix if suffix.isascii() and suffix.isalnum() else ""
