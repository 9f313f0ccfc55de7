"""The tables of the settings become a ``Config``."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from flightstream.config.certificates import check_authorities, check_pair
from flightstream.config.models import (
    Config,
    Limits,
    LogConfig,
    LoginLimits,
    PluginsConfig,
    RawTables,
    ServerConfig,
    SourceConfig,
    TlsConfig,
)
from flightstream.config.options import Reader
from flightstream.config.problems import unknown_key
from flightstream.config.settings import Key
from flightstream.config.sources import check_source_name, hide_credentials, resolve_uri
from flightstream.plugin import options_of

PLACES = ("server", "log", "plugins", "sources")

_SECTIONS: dict[str, type[Any]] = {
    "server": ServerConfig,
    "server.tls": TlsConfig,
    "server.login_limits": LoginLimits,
    "server.limits": Limits,
    "log": LogConfig,
}


def draft_config(reader: Reader) -> Config:
    """Structure all that is not a plugin's, with defaults where a value is wrong."""
    for key in reader.settings.values:
        if key not in PLACES:
            inner = [f"{s}.{o}" for s, cls in _SECTIONS.items() for o in options_of(cls)]
            reader.problem((key,), unknown_key(key, PLACES, elsewhere=inner))
    server, _ = reader.structure(
        ServerConfig, [("server",)], others=["tls", "login_limits", "limits"]
    )
    tls = _tls(reader)
    login_limits, _ = reader.structure(LoginLimits, [("server", "login_limits")])
    limits, _ = reader.structure(Limits, [("server", "limits")])
    log, _ = reader.structure(LogConfig, [("log",)])
    return Config(
        server=ServerConfig(
            **server, tls=tls, login_limits=LoginLimits(**login_limits), limits=Limits(**limits)
        ),
        log=LogConfig(**log),
        plugins=_plugins(reader),
        sources=_sources(reader),
    )


def _tls(reader: Reader) -> TlsConfig:
    place = ("server", "tls")
    values, right = reader.structure(TlsConfig, [place])
    tls = TlsConfig(**values)
    if right:  # otherwise what seems to be missing is only wrong
        for name, problem in _tls_problems(tls):
            reader.problem((*place, name), problem)
    return tls


def _tls_problems(tls: TlsConfig) -> Iterator[tuple[str, str]]:
    if tls.certificate and tls.key:
        yield from check_pair(tls.certificate, tls.key)
    elif tls.certificate or tls.client_ca or tls.require_client_certificate:
        missing = "key" if tls.certificate else "certificate"
        yield missing, "required for TLS, but not set"
    elif tls.key:
        yield "certificate", "required for TLS, but not set"
    if tls.require_client_certificate and not tls.client_ca:
        yield "client_ca", "required with require_client_certificate, but not set"
    if tls.client_ca and not tls.require_client_certificate:
        yield (
            "client_ca",
            "certificates of clients are required or not looked at, for Flight cannot only ask"
            " for them: set require_client_certificate = true, or remove client_ca",
        )
    if tls.client_ca and (problem := check_authorities(tls.client_ca)):
        yield "client_ca", problem


def _plugins(reader: Reader) -> PluginsConfig:
    known = options_of(PluginsConfig)
    raw = reader.settings.get(("plugins",))
    names = [name for name in raw if name not in known] if isinstance(raw, Mapping) else []
    values, _ = reader.structure(PluginsConfig, [("plugins",)], others=names)
    options: dict[str, Mapping[str, Any]] = {}
    for name in names:
        key = ("plugins", name)
        # Nearer than usual: [plugins.auth] is no misspelled paths.
        near = get_close_matches(name.lower(), known, 1, cutoff=0.75)
        if near and not isinstance(reader.settings.get(key), Mapping):
            reader.problem(key, unknown_key(name, near))
        elif (table := reader.table(key)) is not None:
            options[name] = table
    return PluginsConfig(**values, options=options)


def _sources(reader: Reader) -> dict[str, SourceConfig]:
    sources: dict[str, SourceConfig] = {}
    for name in reader.table(("sources",)) or {}:
        key = ("sources", name)
        if problem := check_source_name(name):
            reader.problem(key, f"the name {problem}")
        if reader.table(key) is None:
            continue
        values, _ = reader.structure(SourceConfig, [key], others=["options"])
        options = _source_options(reader, (*key, "options"))
        if "uri" in values and not problem:
            origin = reader.settings.origin((*key, "uri"))
            values["uri"] = resolve_uri(values["uri"], origin.folder)
            reader.show((*key, "uri"), hide_credentials(values["uri"]), str, origin)
            sources[name] = SourceConfig(**values, options=options)
    return sources


def _source_options(reader: Reader, key: Key) -> RawTables:
    tables = {name: reader.table((*key, name)) for name in reader.table(key) or {}}
    return {name: table for name, table in tables.items() if table is not None}
