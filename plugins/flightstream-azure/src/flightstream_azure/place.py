"""What ``abfs://`` URIs mean: a container, a prefix in it, and perhaps the account it is in."""

import re
from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

from attrs import frozen

from flightstream import BucketPath, ConfigError

SCHEMES = ("abfs", "abfss")

_PUBLIC_CLOUD = "blob.core.windows.net"
_CONTAINER = re.compile(r"[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]")
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_HOST = re.compile(rf"({_ACCOUNT.pattern})\.(?:z\d+\.)?(?:blob|dfs)(?:\.[a-z0-9-]+)+")
_DOCKER = "host.docker.internal"  # what a machine is called from its containers


@frozen
class Account:
    """A storage account.

    Args:
        name: Its name, which a key is signed with.
        url: Where its containers are.
    """

    name: str
    url: str

    @classmethod
    def of(cls, name: str | None, endpoint: str | None, host: str | None) -> Self:
        """Return the account that a URI and the options mean.

        Args:
            name: The option ``account``.
            endpoint: The option; the URL of the account, or of an emulator, which
                has accounts as folders.
            host: That in the URI, which wins.

        Raises:
            ConfigError: There is none, or they mean different places.
        """
        if host is not None:
            if endpoint is not None and _host_of(endpoint) != host:
                raise ConfigError(
                    f"the URI says that the account is at {host!r}, and endpoint is {endpoint!r}:"
                    " write abfs://container/prefix, or remove endpoint"
                )
            name, endpoint = _account_at(host), endpoint or f"https://{host}"
        elif endpoint is not None:
            name = _account_at(_host_of(endpoint)) or name
        if name is None:
            raise ConfigError(
                "it is not said which storage account this is in: set account, or write"
                " abfs://container@account.dfs.core.windows.net/prefix"
            )
        if not _ACCOUNT.fullmatch(name):
            raise ConfigError(
                f"account is {name[:80]!r}, and those of Azure have 3 to 24 small letters and digits"
            )
        if endpoint is None:
            return cls(name, f"https://{name}.{_PUBLIC_CLOUD}")
        parts = urlsplit(endpoint)
        url = f"{parts.scheme}://{_as_blob(parts.netloc.lower())}"
        return cls(name, f"{url}/{name}" if _has_folders(_host_of(endpoint)) else url)


@frozen
class Place:
    """What a source is.

    Args:
        inside: The container, and the key or prefix in it.
        host: That of the account, as the URI has it; ``None`` if it has none.
        needs_tls: Whether the URI wants it, ``abfss://``.
    """

    inside: BucketPath
    host: str | None
    needs_tls: bool

    @classmethod
    def parse(cls, uri: str) -> Self:
        """Read ``abfs://container/prefix`` or ``abfs://container@account.dfs.core.windows.net/…``.

        Raises:
            ConfigError: There is no such place. What may be a password is not told.
        """
        scheme, _, rest = uri.partition("://")
        authority, _, key = rest.partition("/")
        container, at, host = authority.partition("@")
        if ":" in authority or "@" in host:
            raise ConfigError(
                f"a {scheme}:// URI has no login in it: set the option account_key or sas_token"
            )
        if at and not _account_at(host.lower()):
            raise ConfigError(
                f"a {scheme}:// URI has the host of a storage account behind the @: write"
                f" {scheme}://container@account.dfs.core.windows.net/prefix"
            )
        if not _CONTAINER.fullmatch(container):
            named = "what stands before the @" if at else repr(container[:80])
            raise ConfigError(
                f"{named} is no name of a container, which has 3 to 63 small letters, digits and"
                f" dashes: write the URI as {scheme}://container/prefix"
                f" or {scheme}://container@account.dfs.core.windows.net/prefix"
            )
        inside = BucketPath.parse(f"{scheme}://{container}/{key}", "")
        if not has_usable_parts(key):
            raise ConfigError(
                f"no file of the container {container!r} can be served below such a key:"
                " it has a part that is . or .."
            )
        return cls(inside, _as_blob(host.lower()) or None, scheme == "abfss")


def has_usable_parts(key: str) -> bool:
    """Tell whether a key means itself in a URL, where ``.`` and ``..`` would mean others."""
    return not {".", ".."}.intersection(key.split("/"))


def _account_at(host: str) -> str | None:
    found = _HOST.fullmatch(host)
    return found and found[1]


def _as_blob(host: str) -> str:
    """Return the host that has the same files, and speaks what the client does."""
    return host.replace(".dfs.", ".blob.", 1)


def _host_of(endpoint: str) -> str:
    return _as_blob(urlsplit(endpoint).hostname or "")


def _has_folders(host: str) -> bool:
    """Tell whether accounts are folders there, as emulators have them for hosts without a name."""
    try:
        ip_address(host)
    except ValueError:
        return "." not in host or host == _DOCKER
    return True
