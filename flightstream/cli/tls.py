"""``flightstream tls``."""

import os
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from flightstream.cli.servers import DEFAULT_URI
from flightstream.config.words import toml_text

_DAYS = 90
_PORT = DEFAULT_URI.rpartition(":")[2]


@click.group()
def tls() -> None:
    """Make certificates for trying TLS out."""


@tls.command("dev-cert")
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="Where they are written; by default the working folder.",
)
@click.option(
    "--host",
    "hosts",
    metavar="NAME",
    multiple=True,
    default=("localhost", "127.0.0.1", "::1"),
    show_default=True,
    help="A name or an address of the server; may be given several times.",
)
@click.option(
    "--client",
    metavar="NAME",
    default="client",
    show_default=True,
    help="Whom the certificate for a client names.",
)
def dev_cert(out: Path, hosts: tuple[str, ...], client: str) -> None:
    """Make a CA, and certificates for a server and a client.

    They are for trying things out, for 90 days: nobody else trusts this CA, and its
    own key is not kept. What is there is never overwritten.
    """
    trustme = _trustme()
    authority = trustme.CA(organization_name="FlightStream", organization_unit_name="for trying")
    ends = datetime.now(UTC) + timedelta(days=_DAYS)
    server = authority.issue_cert(*hosts, not_after=ends)
    reader = authority.issue_cert(client, common_name=client, not_after=ends)
    files = {
        "ca.pem": authority.cert_pem.bytes(),
        "server.pem": server.cert_chain_pems[0].bytes(),
        "server.key": server.private_key_pem.bytes(),
        "client.pem": reader.cert_chain_pems[0].bytes(),
        "client.key": reader.private_key_pem.bytes(),
    }
    out.mkdir(parents=True, exist_ok=True)
    if taken := [name for name in files if (out / name).exists()]:
        raise click.ClickException(f"{out} has a {taken[0]} already: choose another --out")
    for name, content in files.items():
        _write(out / name, content)
    click.echo(_what_now(out, hosts[0]))


def _trustme() -> Any:
    try:
        import trustme  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise click.ClickException(
            "trustme, which makes certificates, is not installed: pip install"
            " 'flightstream-core[tls]'"
        ) from None
    return trustme


def _write(path: Path, content: bytes) -> None:
    # Never readable by others, not even for a moment.
    mode = 0o600 if path.suffix == ".key" else 0o644
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)


def _what_now(out: Path, host: str) -> str:
    def line(option: str, name: str) -> str:
        return f"{option} = {toml_text(out / name)}"

    address = f"[{host}]" if ":" in host else host
    ca, certificate, key = (
        shlex.quote(str(out / name)) for name in ("ca.pem", "client.pem", "client.key")
    )
    return "\n".join([
        "In flightstream.toml:",
        "",
        "[server.tls]",
        line("certificate", "server.pem"),
        line("key", "server.key"),
        line("client_ca", "ca.pem"),
        "require_client_certificate = true",
        "",
        "In a shell, once it is served:",
        "",
        f"flightstream ls --uri grpc+tls://{address}:{_PORT}"
        f" --tls-ca {ca} --tls-cert {certificate} --tls-key {key}",
        "",
        "Without the last two lines of the table, clients need no certificate.",
    ])  # fmt: skip
