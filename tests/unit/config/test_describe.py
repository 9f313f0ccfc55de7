"""What ``flightstream check`` shows of each value."""

from flightstream import ByteSize, Secret, option, service
from flightstream.config import Problem, Row


@service
class Auth:
    url: str = option("x", help="url")
    token: Secret = option(Secret("default"), help="token")
    keys: tuple[Secret, ...] = option((), help="keys")
    types: dict[str, str] = option(factory=dict, help="types")


def test_each_value_is_shown_with_where_it_came_from(load, tmp_path):
    loaded = load(
        "[server]\nbatch_bytes = '1 MiB'\nlisting_ttl_seconds = 1\n"
        "[sources.a]\nuri = 's3://k:s3cret@a'\nadapters = ['csv']\n",
        {"FLIGHT_PORT": "1", "FLIGHTSTREAM__LOG__FORMAT": "json"},
        overrides={"server.host": "0.0.0.0"},
    )

    assert loaded.describe() == [
        Row("server.host", '"0.0.0.0"', "command line"),
        Row("server.port", "1", "environment FLIGHT_PORT"),
        Row("server.allow_anonymous", "false", "default"),
        Row("server.allow_insecure_auth", "false", "default"),
        Row("server.batch_bytes", '"1 MiB"', "flightstream.toml"),
        Row("server.max_send_message_bytes", '"100 MiB"', "default"),
        Row("server.max_receive_message_bytes", '"100 MiB"', "default"),
        Row("server.listing_ttl_seconds", "1.0", "flightstream.toml"),
        Row("server.drain_timeout_seconds", "30.0", "default"),
        Row("server.switch_interval_seconds", "0.0005", "default"),
        Row("server.advertise", "[]", "default"),
        Row("server.tls.certificate", "(not set)", "default"),
        Row("server.tls.key", "(not set)", "default"),
        Row("server.tls.client_ca", "(not set)", "default"),
        Row("server.tls.require_client_certificate", "false", "default"),
        Row("server.login_limits.failures", "20", "default"),
        Row("server.login_limits.within_seconds", "60.0", "default"),
        Row("server.limits.max_concurrent_scans", "100", "default"),
        Row("server.limits.queue_timeout_seconds", "10.0", "default"),
        Row("server.limits.max_buffered_bytes", '"1 GiB"', "default"),
        Row("server.limits.max_command_bytes", '"64 KiB"', "default"),
        Row("server.limits.request_timeout_seconds", "30.0", "default"),
        Row("server.limits.first_batch_timeout_seconds", "300.0", "default"),
        Row("server.limits.idle_timeout_seconds", "300.0", "default"),
        Row("log.level", '"info"', "default"),
        Row("log.format", '"json"', "environment FLIGHTSTREAM__LOG__FORMAT"),
        Row("plugins.enabled", "(not set)", "default"),
        Row("plugins.disabled", "[]", "default"),
        Row("plugins.paths", "[]", "default"),
        Row("sources.a.uri", '"s3://k:***@a"', "flightstream.toml"),
        Row("sources.a.adapters", '["csv"]', "flightstream.toml"),
        Row("sources.a.flights", "{}", "default"),
    ]


def test_options_are_shown_once_structured_with_secrets_hidden(load):
    loaded = load(
        "[plugins.auth]\nkeys = ['s3cret', {env = 'X'}]\ntypes = {a = 'b', 'c d' = 'e'}\n"
        "[sources.a]\nuri = 'a'\noptions.auth.url = \"it's\"\n",
        {"FLIGHTSTREAM__PLUGINS__AUTH__TOKEN": "s3cret", "X": "s3cret"},
    )
    assert not any(row.key.startswith("plugins.auth") for row in loaded.describe())

    loaded.structure_options(Auth, "auth", "a")

    assert [r for r in loaded.describe() if ".auth." in r.key] == [
        Row("plugins.auth.token", '"***"', "environment FLIGHTSTREAM__PLUGINS__AUTH__TOKEN"),
        Row("plugins.auth.keys", '"***"', "flightstream.toml"),
        Row("plugins.auth.types", '{ a = "b", "c d" = "e" }', "flightstream.toml"),
        Row("sources.a.options.auth.url", '"it\'s"', "flightstream.toml"),
    ]
    assert "s3cret" not in repr(loaded) + repr(loaded.draft)


def test_problem_is_one_printable_line():
    problem = Problem("a\nb", "key", "says \udcff\r\nmore")

    assert str(problem) == "a b: key: says \\udcff more"


def test_default_size_is_shown_with_its_unit(load):
    assert load().config.server.batch_bytes == ByteSize.parse("3 MiB")
