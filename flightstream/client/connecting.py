"""How a client is made: where the server is, who asks, and how patiently."""

from collections.abc import Callable, Collection
from pathlib import Path

from flightstream.client.allocator import tune_allocator as tune_allocator_once
from flightstream.client.client import Client, connected
from flightstream.client.connection import Access, PemSource
from flightstream.client.events import Event
from flightstream.client.login import Token
from flightstream.client.offline import Offline
from flightstream.client.patience import Patience


def connect(
    uri: str,
    *,
    token: Token | None = None,
    username: str | None = None,
    password: str | None = None,
    tls_ca: PemSource | None = None,
    tls_cert: PemSource | None = None,
    tls_key: PemSource | None = None,
    token_hosts: Collection[str] = (),
    allow_insecure: bool = False,
    attempts: int = 3,
    backoff_seconds: float = 1.0,
    timeout_seconds: float = 30.0,
    connect_timeout_seconds: float = 5.0,
    first_batch_timeout_seconds: float = 300.0,
    idle_timeout_seconds: float = 300.0,
    offline: Offline | str | Path | None = None,
    on_event: Callable[[Event], object] | None = None,
    tune_allocator: bool = True,
) -> Client:
    """Connect to a server.

    On Linux with glibc the first call tunes the process's ``malloc``, which makes
    reading about 1.8 times faster and may keep up to 256 MiB of freed memory.

    Args:
        uri: ``grpc://host:port``, or just ``host:port``; ``grpc+tls://host:port``
            where the server speaks TLS.
        token: A bearer token, or a function that returns one: it is called again,
            and the call made once more, when the server refuses what it had given.
        username: Logs in with a password instead; where the server has a token for
            that, it is asked for once, and again when it is refused.
        password: Of this user.
        tls_ca: The certificates of the CAs that are trusted, in place of those that
            come with Arrow: the path of a PEM file, or its bytes.
        tls_cert: The certificate that is shown to the server.
        tls_key: The key of that.
        token_hosts: Other hosts that may see what you log in with, ``"host"`` or
            ``"host:port"``. A server may say that parts of a flight lie elsewhere.
        allow_insecure: Log in without TLS, also at another machine than this one.
        attempts: How often something is tried that is ``Unavailable``, at each server
            that has it; a stream has them all again after each batch.
        backoff_seconds: How long the second attempt is waited for, at most, and twice as
            long each one after it; longer where the server says so.
        timeout_seconds: For everything but the reading of streams.
        connect_timeout_seconds: For a server to accept a connection.
        first_batch_timeout_seconds: For the first batch of a stream.
        idle_timeout_seconds: For each batch after it.
        offline: A folder that keeps what is read to its end, of up to 4 GiB, or an
            :class:`~flightstream.client.Offline` that says more: it is read again from
            there while the server says that it is the same, and while that is away.
        on_event: Called with what happens, such as a retry, on the thread where it does.
        tune_allocator: ``False`` leaves ``malloc`` alone, and so does
            ``FLIGHTSTREAM_TUNE_ALLOCATOR=0`` in the environment.

    Raises:
        ConfigError: The arguments do not go together, or a file cannot be read.
        FlightStreamError: The URI is none.
    """
    if tune_allocator:
        tune_allocator_once()
    access = Access(
        token=token,
        username=username,
        password=password,
        tls_ca=tls_ca,
        tls_cert=tls_cert,
        tls_key=tls_key,
        token_hosts=token_hosts,
        allow_insecure=allow_insecure,
    )
    patience = Patience(
        attempts=attempts,
        backoff_seconds=backoff_seconds,
        timeout_seconds=timeout_seconds,
        connect_timeout_seconds=connect_timeout_seconds,
        first_batch_timeout_seconds=first_batch_timeout_seconds,
        idle_timeout_seconds=idle_timeout_seconds,
    )
    if offline is not None and not isinstance(offline, Offline):
        offline = Offline(offline)
    uri = uri if "://" in uri else f"grpc://{uri}"
    return connected(uri, access, patience, offline, on_event)
