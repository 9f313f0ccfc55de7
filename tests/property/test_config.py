"""Whatever is configured: it comes back the same, or every problem is said in one line."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flightstream import ByteSize, ConfigError, Secret, option, service
from flightstream.config import (
    Config,
    Loaded,
    load_config,
    load_mapping,
)
from flightstream.config.words import toml_text
from flightstream.testing.strategies import configs, texts


@service
class Plugin:
    text: str = option("", help="text", env="CSV_DELIMITER")
    number: int = option(1, help="number", minimum=1, env="CSV_BATCH_SIZE")
    ratio: float = option(1.0, help="ratio")
    size: ByteSize | None = option(None, help="size")
    header: bool | tuple[str, ...] = option(True, help="header", env="CSV_HEADERS")
    types: dict[str, str] = option(factory=dict, help="types")
    secret: Secret | None = option(None, help="secret")
    anything: Any = option(None, help="anything")


scalars = (
    texts()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.dates()
    | st.times()
    | st.datetimes()
)

# Real names among any others, so that the deeper rules are reached too.
keys = (
    st.sampled_from([
        "server", "host", "port", "batch_bytes", "listing_ttl_seconds", "log", "level",
        "plugins", "enabled", "disabled", "paths", "p", "text", "number", "ratio", "size", "header",
        "types", "secret", "anything", "env", "file", "sources", "s", "uri", "adapters", "options",
    ])
    | texts()
)  # fmt: skip
documents = st.recursive(
    scalars | st.floats() | st.sampled_from(["1 MiB", "debug", ".", "HOME"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=15,
)
trees = st.dictionaries(keys, documents, max_size=5)
variables = st.dictionaries(
    st.sampled_from([
        "FLIGHT_HOST", "FLIGHT_PORT", "DATA_DIRECTORY", "MAX_SEND_MESSAGE_LENGTH", "LOG_LEVEL",
        "DEBUG", "CSV_DELIMITER", "CSV_BATCH_SIZE", "CSV_HEADERS",
        "FLIGHTSTREAM__SERVER__PORT", "FLIGHTSTREAM__SERVER", "FLIGHTSTREAM__PLUGINS__P__NUMBER",
        "FLIGHTSTREAM__PLUGINS__P__TYPES__A", "FLIGHTSTREAM__PLUGINS__P__SECRET__ENV",
        "FLIGHTSTREAM__PLUGINS__ENABLED__X", "FLIGHTSTREAM__SOURCES", "FLIGHTSTREAM__SOURCES__S",
        "FLIGHTSTREAM__SOURCES__S__URI", "FLIGHTSTREAM__SOURCES__S__OPTIONS__P__TEXT",
    ])
    | st.text(max_size=10).map(lambda text: f"FLIGHTSTREAM__{text}"),
    st.text(max_size=20) | documents.map(toml_text) | st.sampled_from(["1", "tcp://x", "{", "[1]"]),
    max_size=6,
)  # fmt: skip


def examine(loaded: Loaded) -> None:
    """Use everything, as the registry and ``flightstream check`` do."""
    options = [loaded.structure_options(Plugin, "p", s) for s in (None, *loaded.draft.sources)]
    lines = [str(problem) for problem in (*loaded.problems, *loaded.warnings)]
    lines += [f"{row.key} = {row.shown}" for row in loaded.describe()]
    for line in lines:
        assert line.splitlines() == [line]
        line.encode(errors="surrogateescape")
    if loaded.problems:
        with pytest.raises(ConfigError):
            loaded.check()
    else:
        assert loaded.config is loaded.draft
        assert None not in options


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("config")


@given(config=configs())
def test_any_configuration_written_as_toml_is_loaded_equal(folder: Path, config: Config):
    lines = [f"{name} = {toml_text(table)}" for name, table in config.to_mapping().items()]
    (folder / "round.toml").write_text("\n".join(lines), encoding="utf-8")

    assert load_config("round.toml", environ={}, working_folder=folder).config == config


@given(config=configs())
def test_any_configuration_given_in_python_is_loaded_equal(config: Config):
    assert load_mapping(config.to_mapping()).config == config


@given(content=st.binary() | st.text().map(lambda text: text.encode(errors="replace")))
@example(b"a" + b".a" * 3000 + b" = 1")
@example(b"plugins.p.anything" + b".a" * 3000 + b" = 1")
@example(b"server.port = 0x" + b"f" * 20000)
@example(b"server.port = " + b"9" * 20000)
@example(b"plugins.p.size = '" + b"9" * 5000 + b"'")
@example(b"plugins.p.ratio = 0x" + b"f" * 5000)
@example(b"plugins.p = " + b"{a = " * 3000)
def test_any_bytes_as_file_are_loaded_or_refused(folder: Path, content: bytes):
    (folder / "any.toml").write_bytes(content)

    refused = ""
    try:
        examine(load_config("any.toml", environ={}, working_folder=folder))
    except ConfigError as exc:
        refused = str(exc)

    assert refused.splitlines() == [refused] * bool(refused)
    assert refused == "" or refused.startswith("any.toml: ")


@given(tree=trees, environ=variables)
def test_any_tables_and_variables_are_loaded_or_refused(folder: Path, tree: Any, environ: Any):
    lines = [f"{toml_text(key)} = {toml_text(value)}" for key, value in tree.items()]
    (folder / "tree.toml").write_text("\n".join(lines), encoding="utf-8")

    examine(load_config("tree.toml", environ=environ, working_folder=folder))


@given(
    tree=st.dictionaries(
        keys | st.integers() | st.none(),
        documents | st.none() | st.binary() | st.complex_numbers() | st.just(Secret("x")),
    )
)
@example({"server": {"port": 10**5000, "listing_ttl_seconds": math.nan}})
@example({"plugins": {"p": {"secret": 10**5000, "ratio": 10**400}}})
def test_any_python_mapping_is_loaded_or_refused(tree: dict[Any, Any]):
    examine(load_mapping(tree))


@given(uris=st.lists(texts() | st.text(), max_size=5))
def test_any_uris_become_sources_with_distinct_safe_names(folder: Path, uris: list[str]):
    loaded = load_config(uris=uris, environ={}, working_folder=folder)

    examine(loaded)
    usable = [uri for uri in uris if uri and "\0" not in uri]
    assert len(loaded.draft.sources) == (len(usable) if uris else 1)
