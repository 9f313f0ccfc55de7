"""Which server a command asks, and what it logs in with there."""

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import click
from attrs import field, frozen
from click.core import ParameterSource

from flightstream.cli.profiles import read_profile

DEFAULT_URI = "grpc://localhost:8080"
_SCHEMES = ("grpc", "grpc+tcp", "grpc+tls", "grpc+unix")

Command: TypeAlias = Callable[..., Any]


@frozen
class Target:
    """A server.

    Args:
        uri: Where it is.
        arguments: The other ones of :func:`flightstream.connect`.
    """

    uri: str
    arguments: Mapping[str, Any] = field(repr=False)


def server_options(command: Command) -> Command:
    """Add the options that say which server is asked; the command takes them as ``target``."""
    return _taking_target(command, _OPTIONS)


def login_options(command: Command) -> Command:
    """Add those of them that a command needs whose argument is the URI."""
    return _taking_target(command, _OPTIONS[1:])


def check_uri(_ctx: click.Context, _parameter: click.Parameter, uri: str | None) -> str | None:
    """Return the URI that an option or argument has, whole."""
    return None if uri is None else _whole(uri)


_FILE = click.Path(path_type=Path)
_OPTIONS = (
    click.option(
        "--uri",
        "--at",
        envvar="FLIGHTSTREAM_URI",
        show_default=DEFAULT_URI,
        show_envvar=True,
        callback=check_uri,
        help="The server.",
    ),
    click.option(
        "--profile",
        metavar="NAME",
        help="The server and the login that profiles.toml has under this name.",
    ),
    click.option(
        "--token",
        envvar="FLIGHTSTREAM_TOKEN",
        show_envvar=True,
        help="A bearer token. Others on this machine can see it on a command line: prefer the"
        " variable, or a profile.",
    ),
    click.option("--tls-ca", metavar="FILE", type=_FILE, help="The CAs that are trusted."),
    click.option("--tls-cert", metavar="FILE", type=_FILE, help="The certificate to show."),
    click.option("--tls-key", metavar="FILE", type=_FILE, help="The key of that."),
    click.option(
        "--allow-insecure", is_flag=True, help="Log in without TLS, also at another machine."
    ),
)


def _whole(uri: str) -> str:
    whole = uri if "://" in uri else f"grpc://{uri}"
    scheme = whole.partition("://")[0]
    if scheme not in _SCHEMES:
        raise click.BadParameter(f"{uri!r} begins with none of {', '.join(_SCHEMES)}")
    try:
        parts = urlsplit(whole)
        complete = scheme == "grpc+unix" or (parts.hostname and parts.port)
    except ValueError:
        complete = False
    if not complete:
        raise click.BadParameter(f"{uri!r} is no host and port like {DEFAULT_URI}")
    return whole


def _taking_target(command: Command, options: tuple[Callable[[Command], Command], ...]) -> Command:
    @wraps(command)
    def run(*args: Any, uri: str | None, profile: str | None, **given: Any) -> Any:
        names = ("token", "tls_ca", "tls_cert", "tls_key", "allow_insecure")
        arguments = {name: given.pop(name) for name in names}
        return command(*args, target=_target(uri, profile, arguments), **given)

    taking: Command = run
    for add in reversed(options):
        taking = add(taking)
    return taking


def _target(uri: str | None, profile: str | None, arguments: Mapping[str, Any]) -> Target:
    if profile is None:
        return Target(uri or DEFAULT_URI, arguments)
    if _is_given("uri"):
        raise click.UsageError(
            "a profile is for its own server: give either it or the URI of another"
        )
    found = read_profile(profile)
    # What the environment says is meant for another server than that of the profile.
    given = {name: value for name, value in arguments.items() if value and _is_given(name)}
    known = found.arguments()
    if "token" in given:
        known |= {"username": None, "password": None}
    return Target(_whole(found.uri), {**known, **given})


def _is_given(name: str) -> bool:
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE
