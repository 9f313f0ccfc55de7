"""The keys of an issuer, fetched in the background and kept while it is down."""

import time
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from threading import Condition, Thread
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import structlog
from attrs import define, field

from flightstream import Unavailable
from flightstream_auth.keys import Key, read_keys

log = structlog.get_logger(__name__)

_MAX_BYTES = 1024 * 1024
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def is_safe_url(url: str) -> bool:
    """Tell whether nobody on the way can give other keys."""
    parts = urlsplit(url)
    is_local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    return is_local or (parts.scheme == "https" and bool(parts.hostname))


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: IO[bytes], *args: Any) -> Any:
        redirected = super().redirect_request(req, fp, *args)
        if redirected is not None and not is_safe_url(redirected.full_url):
            raise ValueError("it redirects to where there is no TLS")
        return redirected


@define(eq=False)
class FetchedKeys:
    """The JWK set at a URL. Its state is guarded by a condition.

    It is fetched again after a while, and when a token names a key that is not
    in it. Calls wait for that a moment; they never fetch it themselves.

    Args:
        url: Of the set; ``https``, or ``http`` on this machine.
        refresh_seconds: How long it is kept.
        request_timeout_seconds: How long the issuer may be silent, and a call waits.
        pause_seconds: How often it is fetched at most: a key that is not known
            may be a new one, or invented.
    """

    url: str
    refresh_seconds: float
    request_timeout_seconds: float
    pause_seconds: float = 10.0
    _keys: Sequence[Key] = field(default=(), init=False)
    _fetches: int = field(default=0, init=False)
    _fetched_at: float = field(default=float("-inf"), init=False)
    _wanted: bool = field(default=False, init=False)
    _stopped: bool = field(default=False, init=False)
    _changed: Condition = field(factory=Condition, init=False, repr=False)
    _thread: Thread | None = field(default=None, init=False, repr=False)

    def start(self) -> None:
        """Begin to fetch, and wait for the first answer for a moment.

        A server starts without its issuer: tokens cannot be checked until it answers.
        """
        self._thread = Thread(target=self._run, name="jwks", daemon=True)
        self._thread.start()
        with self._changed:
            self._changed.wait_for(lambda: self._fetches, self.request_timeout_seconds)

    def stop(self) -> None:
        """Fetch no more; a request under way is left to itself."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def fitting(self, algorithm: str, id: str | None) -> Sequence[Key]:
        """Return the keys that a token may be checked with.

        Raises:
            Unavailable: None could be had so far.
        """
        found = self._fitting(algorithm, id)
        if not found and self._refreshed():
            found = self._fitting(algorithm, id)
        if not found and not self._keys:
            raise Unavailable("the keys of the issuer cannot be had", retry_after_seconds=5.0)
        return found

    def _fitting(self, algorithm: str, id: str | None) -> Sequence[Key]:
        return [key for key in self._keys if key.fits(algorithm, id)]

    def _refreshed(self) -> bool:
        """Let the set be fetched again, unless it just was; tell whether it has been."""
        with self._changed:
            if time.monotonic() - self._fetched_at < self.pause_seconds:
                return False
            before, self._wanted = self._fetches, True
            self._changed.notify_all()
            return self._changed.wait_for(
                lambda: self._fetches > before or self._stopped, self.request_timeout_seconds
            )

    def _run(self) -> None:
        problem: str | None = None
        while not self._stopped:
            try:
                keys = self._fetch()
            except (OSError, HTTPException, ValueError) as exc:
                if (found := _reason(exc)) != problem:
                    log.warning(
                        "jwt_keys_not_fetched", host=urlsplit(self.url).hostname, problem=found
                    )
                problem, keys = found, self._keys
            else:
                if problem is not None or {key.id for key in keys} != {k.id for k in self._keys}:
                    log.info("jwt_keys_fetched", host=urlsplit(self.url).hostname, keys=len(keys))
                problem = None
            with self._changed:
                self._keys, self._fetched_at, self._wanted = keys, time.monotonic(), False
                self._fetches += 1
                self._changed.notify_all()
                pause = self.pause_seconds if problem is not None else self.refresh_seconds
                self._changed.wait_for(lambda: self._stopped or self._wanted, pause)

    def _fetch(self) -> Sequence[Key]:
        opener = urllib.request.build_opener(_SafeRedirects)
        until = time.monotonic() + self.request_timeout_seconds
        content = b""
        with opener.open(self.url, timeout=self.request_timeout_seconds) as answer:
            while block := answer.read1(64 * 1024):
                content += block
                if len(content) > _MAX_BYTES:
                    raise ValueError("it answers with more than 1 MiB")
                if time.monotonic() > until:
                    raise TimeoutError
        return read_keys(content.decode())


def _reason(exc: Exception) -> str:
    """Return what an operator is told, without what the other side said."""
    match exc:
        case HTTPError():
            exc.close()
            return f"it answers with status {exc.code}"
        case TimeoutError():
            return "it does not answer in time"
        case UnicodeDecodeError():
            return "it is no JWK set"
        case ValueError():
            return f"it {exc}" if not str(exc).startswith("it ") else str(exc)
    return "it cannot be reached, or its certificate is not trusted"
