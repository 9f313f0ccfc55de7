"""Variables and the command line override the file."""

import pytest

from flightstream import ByteSize, Source, adapter, option
from flightstream.config import LogConfig, ServerConfig

FILE = """
[server]
host = "file"
port = 1
[sources.Sales-EU]
uri = "s3://file/"
adapters = ["csv"]
"""


def test_named_variables_override_the_file(load):
    config = load(
        FILE,
        {
            "FLIGHT_HOST": "0.0.0.0",
            "FLIGHT_PORT": "2",
            "MAX_RECEIVE_MESSAGE_LENGTH": "1048576",
            "MAX_SEND_MESSAGE_LENGTH": "1 MiB",
            "LOG_LEVEL": "ERROR",
        },
    ).config

    assert (config.server, config.log) == (
        ServerConfig(
            host="0.0.0.0",
            port=2,
            max_receive_message_bytes=ByteSize(1048576),
            max_send_message_bytes=ByteSize(1048576),
        ),
        LogConfig(level="error"),
    )


def test_layers_override_each_other_in_order(load):
    environ = {"FLIGHT_HOST": "variable", "FLIGHTSTREAM__SERVER__HOST": "general"}

    def host(*args, **given):
        return load(*args, **given).config.server.host

    assert [
        host(""),
        host(FILE),
        host(FILE, {"FLIGHT_HOST": "variable"}),
        host(FILE, environ),
        host(FILE, environ, overrides={"server.host": "command line"}),
    ] == ["localhost", "file", "variable", "general", "command line"]


def test_section_and_source_names_are_matched_letter_case_and_dashes_aside(load):
    loaded = load(FILE, {"FLIGHTSTREAM__SOURCES__SALES_EU__URI": "s3://variable/"})

    source = loaded.config.sources["Sales-EU"]
    assert (source.uri, source.adapters) == ("s3://variable/", ("csv",))


def test_variable_with_the_name_of_a_source_sets_its_uri(load):
    loaded = load(FILE, {"FLIGHTSTREAM__SOURCES__SALES_EU": "s3://variable/"})

    source = loaded.config.sources["Sales-EU"]
    assert (source.uri, source.adapters) == ("s3://variable/", ("csv",))


def test_variable_makes_a_source_relative_to_the_working_folder(load, tmp_path):
    loaded = load(environ={"FLIGHTSTREAM__SOURCES__NEW__URI": "new"})

    assert {n: s.uri for n, s in loaded.config.sources.items()} == {"new": str(tmp_path / "new")}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("localhost", "localhost"),
        ("10.0.0.1", "10.0.0.1"),
        ("1234", "1234"),
        ("true", "true"),
        ("2024-01-02", "2024-01-02"),
        ('"quoted"', "quoted"),
        ("[::1]", "[::1]"),
        ("'", "'"),
        ("1\nb = 2", "1\nb = 2"),
        ("", ""),
    ],
)
def test_text_option_takes_any_text_from_the_environment(load, text, value):
    assert load(environ={"FLIGHTSTREAM__SERVER__HOST": text}).config.server.host == value


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("SERVER__PORT", "http", "server.port: expected a whole number, found 'http' (text)"),
        ("SERVER__PORT", "1.5", "server.port: expected a whole number, found 1.5 (a number)"),
        ("SERVER__PORT", "70000", "server.port: 70000 is more than the maximum 65535"),
        ("SERVER__PROT", "1", "server.prot: unknown key; did you mean 'port'?"),
        ("SERVER", "1", "server: expected a table, found 1 (a whole number)"),
        ("SEVER__PORT", "1", "sever: unknown key; did you mean 'server'?"),
        ("PLUGINS__ENABLED", "csv", "plugins.enabled: expected an array of text, found 'csv' (text)"),
        ("SERVER__PORT__X", "1", "server.port: expected a whole number, found a table"),
        ("SERVER__", "1", "a part of the name is empty; write FLIGHTSTREAM__SECTION__KEY"),
    ],
)  # fmt: skip
def test_wrong_general_variable_is_an_error_that_names_it(problems, name, text, problem):
    variable = f"FLIGHTSTREAM__{name}"

    assert problems(environ={variable: text}) == [f"environment {variable}: {problem}"]


def test_variable_can_hold_a_table_that_is_merged(load):
    loaded = load(FILE, {"FLIGHTSTREAM__SERVER": "{ port = 5 }"})

    assert loaded.config.server == ServerConfig(host="file", port=5)


def test_array_from_a_variable_is_a_toml_literal(load):
    loaded = load(environ={"FLIGHTSTREAM__PLUGINS__ENABLED": '["csv", "s3"]'})

    assert loaded.config.plugins.enabled == ("csv", "s3")


@pytest.mark.parametrize(
    ("name", "text", "warning"),
    [
        (
            "FLIGHT_PORT",
            "tcp://10.0.0.1:8080",
            "server.port: ignored: expected a whole number, found 'tcp://10.0.0.1:8080' (text)",
        ),
        (
            "MAX_SEND_MESSAGE_LENGTH",
            "12",
            "server.max_send_message_bytes: ignored: 12 is less than the minimum 64 KiB",
        ),
        (
            "LOG_LEVEL",
            "Loud",
            "log.level: ignored: expected 'debug', 'info', 'warning' or 'error',"
            " found 'loud' (text)",
        ),
        (
            "DEBUG",
            "express:*",
            "log.level: ignored: expected 'debug', 'info', 'warning' or 'error',"
            " found 'express:*' (text)",
        ),
    ],
)
def test_named_variable_that_cannot_be_one_is_ignored_with_a_warning(load, name, text, warning):
    loaded = load(FILE, {name: text})

    assert [str(w) for w in loaded.warnings] == [f"environment {name}: {warning}"]
    assert (loaded.config.server, loaded.config.log) == (
        ServerConfig(host="file", port=1),
        LogConfig(),
    )


@pytest.mark.parametrize(
    ("environ", "level"),
    [
        ({"DEBUG": "true"}, "debug"),
        ({"DEBUG": "1"}, "debug"),
        ({"DEBUG": "False"}, "info"),
        ({"DEBUG": ""}, "info"),
        ({"DEBUG": "true", "LOG_LEVEL": "warn"}, "warning"),
        ({"DEBUG": "true", "FLIGHTSTREAM__LOG__LEVEL": "error"}, "error"),
    ],
)
def test_debug_means_log_level_debug_unless_a_level_is_set(load, environ, level):
    loaded = load(environ=environ)

    assert (loaded.config.log.level, loaded.warnings) == (level, ())


def test_empty_named_variable_is_not_set(load):
    loaded = load(FILE, {"FLIGHT_PORT": "", "DATA_DIRECTORY": ""})

    assert (loaded.config.server.port, loaded.warnings) == (1, ())


@adapter
class Rows:
    source: Source
    batch_rows: int = option(10, help="rows", minimum=1, env="CSV_BATCH_SIZE")


def test_variable_of_an_option_overrides_file_and_source_but_not_a_general_one(load):
    text = "plugins.rows.batch_rows = 1\nsources.a = {uri = 'a', options.rows.batch_rows = 2}"
    general = {"FLIGHTSTREAM__PLUGINS__ROWS__BATCH_ROWS": "4"}

    def rows(environ, source="a", **given):
        return load(text, environ, **given).structure_options(Rows, "rows", source)["batch_rows"]

    assert [
        rows({}, None),
        rows({}),
        rows({"CSV_BATCH_SIZE": "3"}),
        rows({"CSV_BATCH_SIZE": "tcp://x"}),
        rows({"CSV_BATCH_SIZE": "3", **general}),
        rows(general, overrides={"plugins.rows": {"batch_rows": 5}}),
    ] == [1, 2, 3, 2, 4, 5]


def test_wrong_override_names_the_command_line(problems):
    assert problems(overrides={"server.port": 70000, "server": {"hots": "x"}}) == [
        "command line: server.port: 70000 is more than the maximum 65535",
        "command line: server.hots: unknown key; did you mean 'host'?",
    ]
