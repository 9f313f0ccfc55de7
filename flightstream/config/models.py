"""The configuration as the rest of the program sees it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from attrs import Factory, asdict, field, frozen

from flightstream.arrow_types import parse_type
from flightstream.config.pem import Pem
from flightstream.config.sources import check_source_name, hide_credentials
from flightstream.models import is_flight_name
from flightstream.plugin import ByteSize, option, options_of
from flightstream.storage import Unify

RawTables: TypeAlias = Mapping[str, Mapping[str, Any]]

_KIB, _MIB = 1024, 1024 * 1024
_MAX_MESSAGE = ByteSize(2**31 - 1)  # gRPC's limits are 32-bit numbers


@frozen(kw_only=True)
class TlsConfig:
    """``[server.tls]``: what the server shows to clients, and what it wants to see of them."""

    certificate: Pem | None = option(
        None, help="the server's certificate, and behind it those of its issuers but the root"
    )
    key: Pem | None = option(None, help="the key of the certificate, without a passphrase")
    client_ca: Pem | None = option(
        None, help="the certificates of the CAs that sign those of clients"
    )
    require_client_certificate: bool = option(
        False, help="refuse every connection without a certificate of client_ca"
    )

    @property
    def is_on(self) -> bool:
        """Whether the server speaks TLS."""
        return self.certificate is not None


@frozen(kw_only=True)
class LoginLimits:
    """``[server.login_limits]``: how often one address may fail to log in."""

    failures: int = option(
        20, help="so many may follow one another; 0 for any number", minimum=0, maximum=1_000_000
    )
    within_seconds: float = option(
        60.0, help="after this time without any, there may be as many again",
        minimum=1, maximum=86_400,
    )  # fmt: skip


@frozen(kw_only=True)
class Limits:
    """``[server.limits]``: how much is done at once, and for how long anything may take."""

    max_concurrent_scans: int = option(
        100, help="so many streams run at a time; the next ones wait for their turn",
        minimum=1, maximum=100_000, env="MAX_CONCURRENT_REQUESTS",
    )  # fmt: skip
    queue_timeout_seconds: float = option(
        10.0, help="for how long a stream waits for its turn; then the client is to come again",
        minimum=0, maximum=3600,
    )  # fmt: skip
    max_buffered_bytes: ByteSize = option(
        ByteSize(1024 * _MIB), help="what all streams together may read before it is sent",
        minimum=ByteSize(16 * _MIB),
    )  # fmt: skip
    max_command_bytes: ByteSize = option(
        ByteSize(64 * _KIB), help="longer commands, tickets and paths are refused",
        minimum=ByteSize(_KIB), maximum=ByteSize(16 * _MIB),
    )  # fmt: skip
    request_timeout_seconds: float = option(
        30.0, help="for how long a client waits for an answer, a stream's batches apart",
        minimum=0.01, maximum=86_400, env="REQUEST_TIMEOUT",
    )  # fmt: skip
    first_batch_timeout_seconds: float = option(
        300.0, help="for how long a client waits for the first batch of a stream",
        minimum=0.01, maximum=86_400,
    )  # fmt: skip
    idle_timeout_seconds: float = option(
        300.0, help="for how long a stream may stand still before it is ended",
        minimum=0.01, maximum=86_400,
    )  # fmt: skip


def _check_places(_instance: Any, _attribute: Any, uris: tuple[str, ...]) -> None:
    for uri in uris:
        try:
            parts = urlsplit(uri)
            is_place = bool(parts.hostname) and bool(parts.port)
        except ValueError:
            is_place = False
        if not is_place or parts.scheme not in ("grpc", "grpc+tls") or "@" in parts.netloc:
            raise ValueError(f"{uri!r} is not like grpc://host:8080 or grpc+tls://host:8080")
        if parts.path or parts.query or parts.fragment:
            raise ValueError(f"{uri!r} has something behind the port: a server has no paths")


@frozen(kw_only=True)
class ServerConfig:
    """``[server]``: where it listens and how it sends."""

    host: str = option("localhost", help="address to listen on", env="FLIGHT_HOST")
    port: int = option(
        8080, help="port to listen on; 0 for any free one", minimum=0, maximum=65535,
        env="FLIGHT_PORT",
    )  # fmt: skip
    allow_anonymous: bool = option(
        False, help="listen on other addresses than loopback without a plugin that authenticates"
    )
    allow_insecure_auth: bool = option(
        False, help="take credentials without TLS on other addresses than loopback"
    )
    batch_bytes: ByteSize = option(
        ByteSize(3 * _MIB), help="record batches are cut to about this size",
        minimum=ByteSize(64 * _KIB), maximum=ByteSize(100 * _MIB),
    )  # fmt: skip
    max_send_message_bytes: ByteSize = option(
        ByteSize(100 * _MIB), help="no message sent is larger; a larger row is an error",
        minimum=ByteSize(64 * _KIB), maximum=_MAX_MESSAGE, env="MAX_SEND_MESSAGE_LENGTH",
    )  # fmt: skip
    max_receive_message_bytes: ByteSize = option(
        ByteSize(100 * _MIB), help="larger messages are refused, after they have arrived",
        minimum=ByteSize(64 * _KIB), maximum=_MAX_MESSAGE, env="MAX_RECEIVE_MESSAGE_LENGTH",
    )  # fmt: skip
    listing_ttl_seconds: float = option(
        5.0,
        help="for how long a listing of a source is kept",
        minimum=0,
        maximum=86_400,
    )
    drain_timeout_seconds: float = option(
        30.0, help="for how long running scans may go on after a signal to stop",
        minimum=0, maximum=86_400,
    )  # fmt: skip
    switch_interval_seconds: float = option(
        0.0005, help="for how long one Python thread may keep the others waiting; flightstream"
        " serve sets it for its process",
        minimum=0.000_001, maximum=1,
    )  # fmt: skip
    advertise: tuple[str, ...] = option(
        (),
        help="the URIs of this server and of all that serve the same, for clients to read from",
        validator=_check_places,
    )
    tls: TlsConfig = Factory(TlsConfig)
    login_limits: LoginLimits = Factory(LoginLimits)
    limits: Limits = Factory(Limits)


@frozen(kw_only=True)
class LogConfig:
    """``[log]``: what is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = option(
        "info", help="the least level that is written", env="LOG_LEVEL"
    )
    format: Literal["auto", "console", "json"] = option(
        "auto",
        help="for people or for machines; auto is console on a terminal, else json",
    )


@frozen(kw_only=True)
class PluginsConfig:
    """``[plugins]``: which are used; every other key is a table of options.

    Args:
        options: ``[plugins.NAME]`` as it stands in the configuration.
    """

    enabled: tuple[str, ...] | None = option(
        None,
        help="the plugins to use; otherwise every adapter and storage installed,"
        " the services that have a section here, and what lies in paths",
    )
    disabled: tuple[str, ...] = option(
        (), help="plugins not to use, NAME or DISTRIBUTION:NAME; never imported"
    )
    paths: tuple[Path, ...] = option(
        (), help="folders of plugins that are a file each: NAME.py, with one class in it"
    )
    options: RawTables = field(default=Factory(dict), repr=False)


def _check_uri(_instance: Any, _attribute: Any, uri: str) -> None:
    # An empty one would mean the folder of the configuration file itself.
    if not uri or "\0" in uri:
        raise ValueError("the URI is empty" if not uri else "the URI has a NUL in it")


def _check_types(_instance: Any, _attribute: Any, columns: Mapping[str, str]) -> None:
    for name in columns.values():
        parse_type(name)


def _check_flight_names(_instance: Any, _attribute: Any, flights: Mapping[str, Any]) -> None:
    for name in flights:
        if not is_flight_name(name.split("/")):
            raise ValueError(f"{name!r} is no name of a flight, like 'orders' or '2024/orders'")


@frozen(kw_only=True)
class FlightConfig:
    """``[sources.NAME.flights]``: many files that are one flight."""

    files: str = option(help="the pattern of their names, such as clicks/**/*.parquet")
    unify: Unify = option(
        "strict",
        help="what their schemas may differ in: nothing; types, of which the wider one is"
        " taken; or also columns, which are null where a file lacks them",
    )
    columns: dict[str, str] = option(
        factory=dict,
        help="Arrow types of its columns, to be an empty flight while there is no file",
        validator=_check_types,
    )


@frozen(kw_only=True, repr=False)
class SourceConfig:
    """``[sources.NAME]``: one place with data in it.

    Args:
        options: ``[sources.NAME.options.PLUGIN]`` as it stands in the configuration.
    """

    uri: str = option(
        help="a folder, a file or a URI such as s3://bucket/prefix", validator=_check_uri
    )
    adapters: tuple[str, ...] | None = option(
        None, help="the adapters that read it; otherwise every enabled one"
    )
    flights: dict[str, str | FlightConfig] = option(
        factory=dict,
        help="flights that are many files each: the pattern of their names, or a table",
        validator=_check_flight_names,
    )
    options: RawTables = field(default=Factory(dict))

    def uses(self, adapter: str) -> bool:
        """Whether an adapter is to read it."""
        return self.adapters is None or adapter in self.adapters

    def __repr__(self) -> str:
        return f"SourceConfig(uri={hide_credentials(self.uri)!r}, adapters={self.adapters!r})"


def _check_names(_instance: Any, _attribute: Any, sources: Mapping[str, Any]) -> None:
    for name in sources:
        if problem := check_source_name(name):
            raise ValueError(f"the source name {name!r} {problem}")


@frozen(kw_only=True)
class Config:
    """A whole configuration; what it says of plugins is not yet held against them."""

    server: ServerConfig = Factory(ServerConfig)
    log: LogConfig = Factory(LogConfig)
    plugins: PluginsConfig = Factory(PluginsConfig)
    sources: Mapping[str, SourceConfig] = field(default=Factory(dict), validator=_check_names)

    def to_mapping(self) -> dict[str, Any]:
        """Return it as the tables of a configuration file; what is not set is left out."""
        plugins: dict[str, Any] = {
            "disabled": list(self.plugins.disabled),
            "paths": list(map(str, self.plugins.paths)),
            **self.plugins.options,
        }
        if self.plugins.enabled is not None:
            plugins["enabled"] = list(self.plugins.enabled)
        sources: dict[str, dict[str, Any]] = {}
        for name, source in self.sources.items():
            sources[name] = {"uri": source.uri, "options": source.options}
            if source.adapters is not None:
                sources[name]["adapters"] = list(source.adapters)
            if source.flights:
                sources[name]["flights"] = {
                    name: flight if isinstance(flight, str) else asdict(flight)
                    for name, flight in source.flights.items()
                }
        return {
            "server": {
                **_values(self.server),
                "tls": _values(self.server.tls),
                "login_limits": _values(self.server.login_limits),
                "limits": _values(self.server.limits),
            },
            "log": _values(self.log),
            "plugins": plugins,
            "sources": sources,
        }


def _values(section: ServerConfig | TlsConfig | LoginLimits | Limits | LogConfig) -> dict[str, Any]:
    given = {name: getattr(section, name) for name in options_of(type(section))}
    values = {name: value for name, value in given.items() if value is not None}
    return {name: int(v) if isinstance(v, ByteSize) else v for name, v in values.items()}
