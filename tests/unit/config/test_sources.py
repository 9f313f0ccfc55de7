"""Sources from a file, from the command line, and where nothing says any."""

import pytest

from flightstream.config import Config, FlightConfig, SourceConfig, load_mapping
from flightstream.config.sources import hide_credentials


def uris(loaded):
    return {name: source.uri for name, source in loaded.config.sources.items()}


def test_uris_are_named_after_their_last_part(load, tmp_path):
    (tmp_path / "v1.2").mkdir()
    (tmp_path / "dup/data").mkdir(parents=True)
    given = [
        "data/", "s3://acme/lake/", "s3://acme", "orders.csv.gz", "v1.2", "dup/data", ".",
        "/", "s3://key:secret@bucket", "file:///srv/x.parquet", "a\nb",
    ]  # fmt: skip

    assert uris(load(uris=given)) == {
        "data": f"{tmp_path}/data",
        "lake": "s3://acme/lake/",
        "acme": "s3://acme",
        "orders": f"{tmp_path}/orders.csv.gz",
        "v1.2": f"{tmp_path}/v1.2",
        "data-2": f"{tmp_path}/dup/data",
        tmp_path.name: f"{tmp_path}",
        "data-3": "/",
        "bucket": "s3://key:secret@bucket",
        "x": "file:///srv/x.parquet",
        "a_b": f"{tmp_path}/a\nb",
    }


def test_uris_stand_in_place_of_all_other_sources(load, tmp_path):
    environ = {"FLIGHTSTREAM__SOURCES__B": "s3://b", "DATA_DIRECTORY": "x"}

    loaded = load("sources.a = 's3://a'\nserver.port = 1", environ, uris=["c"])

    assert (uris(loaded), loaded.config.server.port) == ({"c": f"{tmp_path}/c"}, 1)


@pytest.mark.parametrize("text", [None, "server.port = 1", "[sources]"])
def test_without_sources_the_data_directory_is_served(load, tmp_path, text):
    loaded = load(text, {"DATA_DIRECTORY": "/srv/flights"})

    assert (uris(loaded), loaded.warnings) == ({"flights": "/srv/flights"}, ())
    assert uris(load(text)) == {"data": f"{tmp_path}/data"}


def test_data_directory_is_ignored_with_a_warning_where_there_are_sources(load):
    loaded = load("sources.a = 's3://a'", {"DATA_DIRECTORY": "/srv/flights"})

    assert uris(loaded) == {"a": "s3://a"}
    assert [str(warning) for warning in loaded.warnings] == [
        "environment DATA_DIRECTORY: sources: ignored: sources are configured"
    ]


def test_keywords_are_read_by_the_same_rules(tmp_path):
    loaded = load_mapping(
        {"server": {"port": 0}, "sources": {"a": tmp_path, "b": {"uri": "b"}}},
        working_folder=tmp_path,
    )

    assert loaded.config == Config(
        server=loaded.config.server,
        sources={"a": SourceConfig(uri=str(tmp_path)), "b": SourceConfig(uri=f"{tmp_path}/b")},
    )
    assert loaded.config.server.port == 0


def test_keywords_are_refused_by_the_same_rules():
    loaded = load_mapping({"server": {"port": "0", "hst": "x"}, "sources": {"a": 1}})

    assert [str(problem) for problem in loaded.problems] == [
        "keywords: server.port: expected a whole number, found '0' (text)",
        "keywords: server.hst: unknown key; did you mean 'host'?",
        "keywords: sources.a: expected a table, found a whole number",
    ]


def test_keywords_read_no_variable_and_no_file(tmp_path, monkeypatch):
    (tmp_path / "flightstream.toml").write_text("server.port = 1")
    monkeypatch.setenv("FLIGHT_HOST", "elsewhere")

    assert load_mapping({}, working_folder=tmp_path).config == Config()


def test_what_was_given_is_not_changed(load):
    given = {"plugins": {"csv": {"types": {"a": "x"}}}}

    load(overrides=given | {"plugins.csv.types.a": "y"})

    assert given == {"plugins": {"csv": {"types": {"a": "x"}}}}


def test_config_made_in_python_refuses_a_name_that_is_no_path():
    with pytest.raises(ValueError, match=r"the source name 'a/b' has a character that a flight's"):
        Config(sources={"a/b": SourceConfig(uri="x")})


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("data/", "data/"),
        ("s3://bucket/prefix", "s3://bucket/prefix"),
        ("postgresql://me:s3cret@host:5432/db", "postgresql://me:***@host:5432/db"),
        ("postgresql://me:s3/cr@et@host/db", "postgresql://me:***@host/db"),
        ("postgresql://:s3cret@host", "postgresql://:***@host"),
        ("http://[me:s3cret@host", "http://[me:***@host"),
        (
            "s3://b/x?region=eu&secret_key=s3cret&access_key=s3cret",
            "s3://b/x?region=eu&secret_key=***&access_key=***",
        ),
        ("abfs://x?sig=s3cret#f", "abfs://x?sig=***#f"),
    ],
)
def test_credentials_in_a_uri_are_hidden(uri, shown):
    assert hide_credentials(uri) == shown
    assert "s3cret" not in repr(SourceConfig(uri=uri))


def test_flights_of_many_files_are_a_pattern_or_a_table(load):
    loaded = load(
        "[sources.a]\nuri = 's3://a'\n[sources.a.flights]\nclicks = 'clicks/'\n"
        "'2024/rides' = { files = 'r/*.csv', unify = 'widen', columns = { id = 'int64' } }\n"
    )

    assert loaded.config.sources["a"].flights == {
        "clicks": "clicks/",
        "2024/rides": FlightConfig(files="r/*.csv", unify="widen", columns={"id": "int64"}),
    }


def test_what_is_wrong_with_flights_of_many_files_is_told_at_once(load, problems):
    assert problems(
        "[sources.a]\nuri = 's3://a'\n[sources.a.flights]\n"
        "b = 1\nc = { file = 'x' }\nd = { files = 'x', unify = 'loose' }\n"
        "e = { files = 'x', columns = { n = 'int' } }\n"
    ) == [
        "flightstream.toml: sources.a.flights.b: expected text or a table, found 1 (a whole number)",
        "flightstream.toml: sources.a.flights.c.files: required, but not set",
        "flightstream.toml: sources.a.flights.c.file: unknown key; did you mean 'files'?",
        "flightstream.toml: sources.a.flights.d.unify: expected 'strict', 'widen' or"
        " 'null-missing', found 'loose' (text)",
        "flightstream.toml: sources.a.flights.e.columns: 'int' is no type like int64, double,"
        " string, bool, date32, timestamp[us], timestamp[us, UTC], time64[us] or"
        " decimal128(18, 2)",
    ]


def test_a_flight_of_many_files_has_a_name_that_a_flight_can_have(load, problems):
    assert problems("[sources.a]\nuri = 's3://a'\nflights = { '../x' = '*.csv' }\n") == [
        "flightstream.toml: sources.a.flights: '../x' is no name of a flight, like 'orders' or"
        " '2024/orders'"
    ]
