"""What storages of object stores have in common: failures, and a look at the start."""

from typing import Any, ClassVar, Protocol
from urllib.parse import urlsplit

import structlog
from attrs import define, field, frozen

from flightstream.errors import ConfigError, FlightStreamError, NotFound, Stale, Unavailable

log = structlog.get_logger(__name__)


def is_endpoint(_instance: Any, _attribute: Any, value: str | None) -> None:
    """Allow the URL of a host, without path or login: a validator for ``option``.

    Raises:
        ValueError: It is another text.

    .. versionadded:: 0.1
    """
    if value is None:
        return
    try:
        parts = urlsplit(value)
        is_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_host = False
    if not is_host or parts.scheme not in ("http", "https"):
        raise ValueError("is not a URL like http://localhost:9000 or https://store.example.com")
    if "@" in parts.netloc:
        raise ValueError("has a login in it: set the options for credentials")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("has something behind the host: only its URL is wanted")


@frozen
class StoreFailure:
    """Why a store cannot be used, without the text that it gave.

    Those of every store are here, such as ``StoreFailure.BUSY``.

    Args:
        problem: What is wrong, for everybody: it names no bucket.
        cure: What the operator does about it.
        is_certain: Whether it stays so until somebody does.
        error: What a call ends with.

    .. versionadded:: 0.1
    """

    NO_BUCKET: ClassVar["StoreFailure"]
    SILENT: ClassVar["StoreFailure"]
    UNREACHABLE: ClassVar["StoreFailure"]
    BUSY: ClassVar["StoreFailure"]
    CHANGED: ClassVar["StoreFailure"]
    STRANGE: ClassVar["StoreFailure"]

    problem: str
    cure: str
    is_certain: bool = False
    error: type[FlightStreamError] = Unavailable

    def __str__(self) -> str:
        return f"{self.problem}: {self.cure}"

    def told(self) -> FlightStreamError:
        """Return the error that ends a call."""
        return self.error(str(self))


StoreFailure.NO_BUCKET = StoreFailure(
    "there is no such bucket", "check the URI and endpoint", is_certain=True, error=NotFound
)
StoreFailure.SILENT = StoreFailure(
    "the store does not answer in time", "try again, or raise request_timeout_seconds"
)
StoreFailure.UNREACHABLE = StoreFailure(
    "the store cannot be reached", "check endpoint and that it runs"
)
StoreFailure.BUSY = StoreFailure("the store is overloaded or failing", "try again later")
StoreFailure.CHANGED = StoreFailure(
    "a file changed while it was read", "ask for the flight again", error=Stale
)
StoreFailure.STRANGE = StoreFailure("the store gave an answer that means nothing", "check endpoint")


class Store(Protocol):
    """A place in a store, as a storage plugin opens it.

    .. versionadded:: 0.1
    """

    def problem(self) -> StoreFailure | None:
        """Return why the place cannot be listed, after one attempt without retries."""

    def close(self) -> None:
        """Close all connections; they are opened again when needed."""


@define(eq=False)
class OpenedStores:
    """The places that a storage plugin has opened, to be looked at when the server starts.

    Filled while the server is built, by one thread.

    .. versionadded:: 0.1
    """

    _opened: list[tuple[str, Store]] = field(factory=list, init=False)

    def add(self, uri: str, store: Store) -> None:
        """Note a place, under the URI that operators are told."""
        self._opened.append((uri, store))

    def check(self) -> None:
        """Look whether every place can be listed; for ``on_startup``.

        A store that does not answer may do so later: that is a warning.

        Raises:
            ConfigError: A place never can be as it is configured.
        """
        problems = []
        for uri, store in self._opened:
            failure = store.problem()
            if failure is not None and failure.is_certain:
                problems.append(f"{uri} cannot be read: {failure}")
            elif failure is not None:
                log.warning("storage_unavailable", uri=uri, problem=str(failure))
        if problems:
            raise ConfigError("\n".join(problems))

    def close(self) -> None:
        """Close every place; for ``on_shutdown``."""
        for _, store in self._opened:
            store.close()
