"""What may stand in a configuration file, and what is said of the rest."""

from pathlib import Path

import pytest

from flightstream import ByteSize, ConfigError
from flightstream.config import Config, LogConfig, PluginsConfig, ServerConfig, SourceConfig


def test_whole_file_becomes_a_config(load, tmp_path):
    loaded = load(
        """
        [server]
        host = "0.0.0.0"
        port = 0
        batch_bytes = "1 MiB"
        listing_ttl_seconds = 1

        [log]
        level = "warning"
        format = "json"

        [plugins]
        enabled = ["csv", "s3"]
        disabled = ["metrics"]
        csv = { delimiter = ";" }

        [sources]
        short = "s3://acme/short"

        [sources.sales]
        uri = "sales/"
        adapters = ["csv"]
        options.csv = { encoding = "latin-1" }
        """
    )

    assert loaded.config == Config(
        server=ServerConfig(
            host="0.0.0.0", port=0, batch_bytes=ByteSize(1024 * 1024), listing_ttl_seconds=1.0
        ),
        log=LogConfig(level="warning", format="json"),
        plugins=PluginsConfig(
            enabled=("csv", "s3"), disabled=("metrics",), options={"csv": {"delimiter": ";"}}
        ),
        sources={
            "short": SourceConfig(uri="s3://acme/short"),
            "sales": SourceConfig(
                uri=str(tmp_path / "sales"),
                adapters=("csv",),
                options={"csv": {"encoding": "latin-1"}},
            ),
        },
    )


def test_empty_file_gives_defaults_and_the_data_folder(load, tmp_path):
    assert load("").config == Config(sources={"data": SourceConfig(uri=str(tmp_path / "data"))})


def test_all_problems_are_found_at_once_in_the_order_of_the_file(load):
    loaded = load(
        """
        [sources.sales]
        uri = 3

        [server]
        prot = 8080
        port = "8080"
        host = true

        [plugins]
        enabled = ["csv", 1]
        """
    )

    with pytest.raises(ConfigError) as caught:
        _ = loaded.config

    assert caught.value.message.splitlines() == [
        "flightstream.toml: sources.sales.uri: expected text, found 3 (a whole number)",
        "flightstream.toml: server.prot: unknown key; did you mean 'port'?",
        "flightstream.toml: server.port: expected a whole number, found '8080' (text)",
        "flightstream.toml: server.host: expected text, found true (a boolean)",
        "flightstream.toml: plugins.enabled[1]: expected text, found 1 (a whole number)",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("sever.port = 1", "sever: unknown key; did you mean 'server'?"),
        ("port = 1", "port: unknown key; did you mean 'server.port'?"),
        ("q = 1", "q: unknown key; there are log, plugins, server, sources"),
        ("server = 5", "server: expected a table, found 5 (a whole number)"),
        ("log.colour = 1", "log.colour: unknown key; there are format, level"),
        (
            "log.level = 'loud'",
            "log.level: expected 'debug', 'info', 'warning' or 'error', found 'loud' (text)",
        ),
        ("server.port = 1.0", "server.port: expected a whole number, found 1.0 (a number)"),
        ("server.port = true", "server.port: expected a whole number, found true (a boolean)"),
        ("server.port = -1", "server.port: -1 is less than the minimum 0"),
        ("server.port = 65536", "server.port: 65536 is more than the maximum 65535"),
        (f"server.port = {10**19}", "server.port: the number does not fit in 64 bits"),
        (
            "server.port = 2024-01-02",
            "server.port: expected a whole number, found 2024-01-02 (a date)",
        ),
        ("server.host = ['a']", "server.host: expected text, found an array"),
        ("server.host = {a = 1}", "server.host: expected text, found a table"),
        (
            "server.batch_bytes = '1 KiB'",
            "server.batch_bytes: 1 KiB is less than the minimum 64 KiB",
        ),
        (
            "server.batch_bytes = '3 XB'",
            "server.batch_bytes: '3 XB' is not a size like 1048576, '3 MiB' or '10 MB'",
        ),
        (
            "server.batch_bytes = 1.5",
            "server.batch_bytes: expected a size like 1048576 or '3 MiB', found 1.5 (a number)",
        ),
        ("server.listing_ttl_seconds = nan", "server.listing_ttl_seconds: nan cannot be used"),
        (
            "server.listing_ttl_seconds = inf",
            "server.listing_ttl_seconds: inf is more than the maximum 86400",
        ),
        (
            "server.listing_ttl_seconds = '5'",
            "server.listing_ttl_seconds: expected a number, found '5' (text)",
        ),
        (
            "plugins.enabled = 'csv'",
            "plugins.enabled: expected an array of text, found 'csv' (text)",
        ),
        ("plugins.enabld = ['csv']", "plugins.enabld: unknown key; did you mean 'enabled'?"),
        ("plugins.auth = 's3cret'", "plugins.auth: expected a table, found text"),
        ("sources = 1", "sources: expected a table, found 1 (a whole number)"),
        ("sources.a = 1", "sources.a: expected a table, found a whole number"),
        ("sources.a.uri = ''", "sources.a.uri: the URI is empty"),
        ('sources.a.uri = "x\\u0000"', "sources.a.uri: the URI has a NUL in it"),
        (
            "sources.a = {}",
            "sources.a.uri: required, but not set:"
            " a folder, a file or a URI such as s3://bucket/prefix",
        ),
        (
            "sources.a = {uri = 'x', url = 'y'}",
            "sources.a.url: unknown key; did you mean 'uri'?",
        ),
        (
            "sources.a = {uri = 'x', options = 1}",
            "sources.a.options: expected a table, found a whole number",
        ),
        (
            "sources.a = {uri = 'x', options.s3 = 'key'}",
            "sources.a.options.s3: expected a table, found text",
        ),
        (
            "sources.'a/b' = 'x'",
            'sources."a/b": the name has a character that a flight\'s path cannot have',
        ),
        (
            "sources.'..' = 'x'",
            'sources."..": the name is none that can be part of a flight\'s path',
        ),
        (
            'sources."" = "x"',
            'sources."": the name is none that can be part of a flight\'s path',
        ),
        (
            'sources."a\\nb" = "x"',
            'sources."a\\nb": the name has a character that a flight\'s path cannot have',
        ),
    ],
)
def test_problem_names_file_and_key_and_what_would_be_right(problems, text, problem):
    assert problems(text) == [f"flightstream.toml: {problem}"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[server]\nport 8080", "line 2, column 6: not TOML: expected '=' after a key in a key/value pair"),
        (b"[server", "end of document: not TOML: expected ']' at the end of a table declaration"),
        (b"a = \xff", "the file is not UTF-8 text, at byte 4"),
        (b"a = " + b"[" * 5000, "tables are nested too deeply"),
    ],
)  # fmt: skip
def test_file_that_is_no_toml_says_where(load, tmp_path, content, problem):
    (tmp_path / "flightstream.toml").write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        load()

    assert caught.value.message == f"flightstream.toml: {problem}"


def test_byte_order_mark_is_read_over(load, tmp_path):
    (tmp_path / "flightstream.toml").write_bytes(b"\xef\xbb\xbf[server]\nport = 1\n")

    assert load().config.server.port == 1


def test_missing_file_is_an_error_only_if_it_was_asked_for(load):
    with pytest.raises(ConfigError) as caught:
        load(path="other.toml")

    assert str(caught.value) == ("other.toml: the file cannot be read: no such file or directory")
    assert load().config.server == ServerConfig()


def test_paths_in_a_file_are_relative_to_its_folder(load, tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/fs.toml").write_text(
        "[sources]\na = '../a'\nb = '/b'\nc = '~/c'\nd = 's3://d/'\n"
    )

    sources = load(path=Path("etc/fs.toml"), overrides={"sources.e": "e"}).config.sources

    assert {name: source.uri for name, source in sources.items()} == {
        "a": str(tmp_path / "a"),
        "b": "/b",
        "c": "~/c",
        "d": "s3://d/",
        "e": str(tmp_path / "e"),
    }


def test_problems_name_the_file_as_it_was_given(problems, tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/fs.toml").write_text("server.port = -1")

    assert problems(path="etc/fs.toml") == [
        "etc/fs.toml: server.port: -1 is less than the minimum 0"
    ]


def test_problem_of_a_caller_is_in_the_same_report_where_it_belongs(load):
    loaded = load("[plugins]\nenabled = ['csv']\n[server]\nprt = 1")

    loaded.add_problem(("plugins", "enabled"), "the plugin 'csv' is not installed")
    loaded.add_problem(("plugins", "enabled"), "the plugin 'csv' is not installed")

    with pytest.raises(ConfigError) as caught:
        loaded.check()
    assert str(caught.value).splitlines() == [
        "flightstream.toml: plugins.enabled: the plugin 'csv' is not installed",
        "flightstream.toml: server.prt: unknown key; did you mean 'port'?",
    ]


def test_draft_has_defaults_where_a_value_is_wrong(load):
    draft = load("server = {port = 'x', host = 'h'}\nsources = {a = {}, b = 's3://b'}").draft

    assert (draft.server, list(draft.sources)) == (ServerConfig(host="h"), ["b"])
