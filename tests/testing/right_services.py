"""Services that keep every law, to be broken in one place at a time."""

import hmac
import json
from pathlib import Path
from threading import Lock
from typing import Any

import attrs
import pyarrow.fs as pafs

from flightstream import (
    ConfigError,
    Credentials,
    Identity,
    Secret,
    Storage,
    Unauthenticated,
    hookimpl,
    option,
    service,
)


@service
class TokenAuthenticator:
    """Knows one bearer token."""

    token: Secret = option(help="The token.")
    subject: str = option("ada", help="Whose it is.", choices=("ada", "grace"))

    @hookimpl
    def authenticate(self, credentials: Credentials) -> Identity | None:
        for value in credentials.headers.get("authorization", ()):
            scheme, _, token = value.partition(" ")
            if scheme.lower() == "bearer":
                return self.judged(token)
        return None

    def judged(self, token: str) -> Identity:
        if hmac.compare_digest(token.encode(), self.token.reveal().encode()):
            return Identity(self.subject, {"analyst"}, {"team": "sales"})
        raise Unauthenticated("the token is not known")


@service
class FolderStorage:
    """Opens ``kept://folder`` as a folder below ``root``."""

    root: Path = option(help="Where the folders are.")
    key: Secret | None = option(None, help="Not needed, and secret.")
    depth: int = option(1, help="Nothing.", minimum=1)

    @hookimpl
    def open_storage(self, uri: str, options: Any) -> Storage | None:
        if not uri.startswith("kept://"):
            return None
        return self.opened(uri, options)

    def opened(self, uri: str, options: Any) -> Storage:
        path = self.path(uri)
        filesystem = pafs.SubTreeFileSystem(str(options["root"]), pafs.LocalFileSystem())
        return Storage(filesystem, path)

    def path(self, uri: str) -> str:
        path = uri.removeprefix("kept://")
        if not path.isprintable() or path.startswith("/") or ".." in path or len(path) > 200:
            raise ConfigError("the URI is not like kept://folder")
        return path.rpartition("@")[2]


@service
class AuditLog:
    """Writes a line for each call."""

    file: str = option(help="Where to.")
    token: Secret | None = option(None, help="Not needed, and secret.")
    least: int = option(0, help="Nothing.", minimum=0, maximum=1)
    _lock: Any = attrs.field(factory=Lock, init=False)

    @hookimpl
    def on_call_finished(self, record: Any) -> None:
        self.write(self.line(record))

    def line(self, record: Any) -> str:
        return json.dumps(attrs.asdict(record))

    def write(self, line: str) -> None:
        with self._lock, Path(self.file).open("a") as file:
            file.write(f"{line}\n")
