"""Profiles: servers and what one logs in with, in a file that nobody else may read."""

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from attrs import frozen

from flightstream.config.converter import make_converter
from flightstream.config.layers import put_file
from flightstream.config.options import Reader
from flightstream.config.problems import Report
from flightstream.config.settings import Layer, Origin, Settings
from flightstream.errors import ConfigError
from flightstream.plugin import Secret, option, options_of


@frozen(kw_only=True)
class Profile:
    """``[NAME]`` of ``profiles.toml``: the arguments of :func:`flightstream.connect`."""

    uri: str = option(help="the server, `grpc+tls://host:port`")
    token: Secret | None = option(None, help="a bearer token")
    username: str | None = option(None, help="who logs in with a password, in place of a token")
    password: Secret | None = option(None, help="the password")
    tls_ca: Path | None = option(None, help="the CAs that are trusted")
    tls_cert: Path | None = option(None, help="the certificate that is shown to the server")
    tls_key: Path | None = option(None, help="the key of that")
    token_hosts: tuple[str, ...] = option((), help="other hosts that may see the login")
    allow_insecure: bool = option(False, help="log in without TLS, also at another machine")

    def arguments(self) -> dict[str, Any]:
        """Return all but the URI, as keywords."""
        given = {name: getattr(self, name) for name in options_of(Profile) if name != "uri"}
        return {
            name: value.reveal() if isinstance(value, Secret) else value
            for name, value in given.items()
        }


def read_profile(name: str, environ: Mapping[str, str] = os.environ) -> Profile:
    """Read one profile.

    Raises:
        ConfigError: It is not there, or wrong, or others may read the file.
    """
    path = profiles_path(environ)
    _check_private(path)
    settings = Settings(Origin(Layer.DEFAULT, "default", path.parent))
    put_file(settings, path, path.parent)
    if name not in settings.values:
        known = ", ".join(sorted(settings.values)) or "none"
        raise ConfigError(f"{path}: there is no profile {name!r}; there are: {known}")
    report = Report()
    reader = Reader(settings, {}, partial(make_converter, environ), report)
    values, _ = reader.structure(Profile, [(name,)])
    if report.problems:
        raise ConfigError("\n".join(map(str, report.problems)))
    return Profile(**values)


def profiles_path(environ: Mapping[str, str]) -> Path:
    """Return where the profiles are, as the XDG Base Directory Specification has it."""
    folder = Path(environ.get("XDG_CONFIG_HOME", ""))
    if not folder.is_absolute():
        folder = Path.home() / ".config"
    return folder / "flightstream" / "profiles.toml"


def _check_private(path: Path) -> None:
    try:
        status = path.stat()
    except OSError as exc:
        reason = (exc.strerror or "it cannot be opened").lower()
        raise ConfigError(f"{path} cannot be read: {reason}") from exc
    if os.name == "posix" and status.st_mode & 0o077:
        raise ConfigError(f"{path} may be read by others: run chmod 600 {path}")
    if os.name == "posix" and status.st_uid not in (os.getuid(), 0):
        raise ConfigError(f"{path} belongs to somebody else, who may send you anywhere")
