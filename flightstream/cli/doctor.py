"""``flightstream doctor``."""

import click
from attrs import asdict

from flightstream.cli.diagnosis import Diagnosis, Finding
from flightstream.cli.servers import Target, check_uri, login_options
from flightstream.cli.text import printable
from flightstream.cli.values import json_text


@click.command()
@click.argument(
    "uri", envvar="FLIGHTSTREAM_URI", metavar="[URI]", required=False, callback=check_uri
)
@login_options
@click.option("--json", "as_json", is_flag=True, help="Print an object: uri, ok, steps.")
@click.pass_context
def doctor(context: click.Context, target: Target, as_json: bool) -> None:
    """Tell what is wrong with the connection to a server, and what to do.

    One step builds on the other: the name, the port, TLS or not, the certificate,
    the credentials, the metadata, the versions. The exit code is 1 if any failed.
    """
    found = []
    for finding in Diagnosis(target).findings():
        found.append(finding)
        if not as_json:
            click.echo(_line(finding))
    well = all(finding.status != "failed" for finding in found)
    if as_json:
        steps = [asdict(finding) for finding in found]
        click.echo(json_text({"uri": target.uri, "ok": well, "steps": steps}))
    if not well:
        context.exit(1)


def _line(finding: Finding) -> str:
    line = printable(f"{finding.status:8}{finding.step:13}{finding.detail}")
    return line if finding.cure is None else f"{line}\n{'':21}{printable(finding.cure)}"
