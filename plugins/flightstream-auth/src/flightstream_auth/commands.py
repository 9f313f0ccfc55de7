"""``flightstream auth``: what the files of tokens and users are made with."""

import json
import os
import secrets
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from flightstream import Identity
from flightstream_auth.passwords import hash_password
from flightstream_auth.tokens import Token, read_tokens


@click.group()
def auth() -> None:
    """Make tokens, hashes of passwords, and keys."""


@auth.command()
@click.argument("subject")
@click.option("--file", "path", required=True, type=click.Path(dir_okay=False, path_type=Path),
              help="The file of tokens; the token is added to it.")  # fmt: skip
@click.option("--role", "roles", multiple=True, help="A role; may be given several times.")
@click.option("--days", type=click.IntRange(1, 36_500), help="How long it is good.")
def new_token(subject: str, path: Path, roles: tuple[str, ...], days: int | None) -> None:
    """Make a bearer token for SUBJECT, and print it: it is kept nowhere.

    A server that uses the file knows it at once.
    """
    expires = None
    if days is not None:
        expires = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    text, token = Token.new(Identity(subject, roles), expires)
    try:
        before = path.read_text("utf-8") if path.exists() else ""
        table = _table(token)
        read_tokens(before + table)
        with open(path, "a", encoding="utf-8", opener=_for_its_owner) as file:
            file.write(table)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else exc
        raise click.ClickException(f"{path}: {reason}") from None
    click.echo(text)


@auth.command("hash-password")
def print_hash() -> None:
    """Print the argon2 hash of a password, for the file of users.

    The password is asked for, or read from standard input if that is no terminal.
    """
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().removesuffix("\n")
    if not password:
        raise click.ClickException("the password is empty")
    click.echo(hash_password(password))


@auth.command()
def new_key() -> None:
    """Print a key that signs the tokens of logins, for servers to share."""
    click.echo(secrets.token_urlsafe(48))


def _table(token: Token) -> str:
    # A JSON string without escapes of its own is one of TOML, too.
    values = {
        "id": json.dumps(token.id),
        "sha256": json.dumps(token.digest.hex()),
        "subject": json.dumps(token.identity.subject, ensure_ascii=False),
        "roles": json.dumps(sorted(token.identity.roles), ensure_ascii=False),
    }
    if token.expires is not None:
        values["expires"] = token.expires.isoformat()
    lines = [f"{key} = {value}" for key, value in values.items()]
    return "\n".join(["", "[[tokens]]", *lines, ""])


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
