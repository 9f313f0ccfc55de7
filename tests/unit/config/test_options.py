"""The options of plugins: strict types, every problem at once."""

from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import pytest
from attrs import field, frozen, validators

from flightstream import ByteSize, Secret, Source, adapter, option, service
from flightstream.config import load_config, load_mapping


class Colour(Enum):
    RED = "red"


@frozen
class Policy:
    roles: tuple[str, ...]
    limit: int = option(1, help="rows", minimum=1)
    key: Secret | None = None


@service
class Plugin:
    text: str = option("", help="text", choices=("", "a", "b"))
    number: int = option(1, help="number", minimum=1, maximum=9)
    ratio: float = option(0.5, help="ratio")
    size: ByteSize | None = option(None, help="size")
    header: bool | tuple[str, ...] = option(True, help="header")
    names: tuple[str, ...] = option((), help="names")
    numbers: list[int] = option(factory=list, help="numbers")
    tags: frozenset[str] = option(frozenset(), help="tags")
    types: dict[str, str] = option(factory=dict, help="types")
    mode: Literal["read", 1] = option("read", help="mode")
    colour: Colour = option(Colour.RED, help="colour")
    folder: Path | None = option(None, help="folder")
    day: date | None = option(None, help="day")
    anything: Any = option(None, help="anything")
    policies: tuple[Policy, ...] = option((), help="policies")
    pattern: str = option("x", help="pattern", validator=validators.matches_re("x+"))
    password: Secret | None = option(None, help="password")
    keys: dict[str, Secret] = option(factory=dict, help="keys")
    state: int = field(default=0, init=False)


@service
class Needy:
    url: str = option(help="where the service is")
    token: Secret = option(help="the key to it", env="NEEDY_TOKEN")


@adapter
class Rows:
    source: Source
    delimiter: str = option(",", help="delimiter")
    types: dict[str, str] = option(factory=dict, help="types")


def structure(text, tmp_path, plugin=Plugin):
    (tmp_path / "flightstream.toml").write_text(text)
    loaded = load_config(environ={"SECRET": "s3cret"}, working_folder=tmp_path)
    values = loaded.structure_options(plugin, "p")
    prefix = "flightstream.toml: plugins.p."
    return values, [str(problem).removeprefix(prefix) for problem in loaded.problems]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("text = 'a'", {"text": "a"}),
        ("number = 9", {"number": 9}),
        ("ratio = 2", {"ratio": 2.0}),
        ("ratio = inf", {"ratio": float("inf")}),
        ("size = 5", {"size": ByteSize(5)}),
        ("size = '2 MB'", {"size": ByteSize(2_000_000)}),
        ("header = false", {"header": False}),
        ("header = ['a', 'b']", {"header": ("a", "b")}),
        ("names = []", {"names": ()}),
        ("numbers = [1, 2]", {"numbers": [1, 2]}),
        ("tags = ['a', 'a']", {"tags": frozenset({"a"})}),
        ("types = {a = 'int64'}", {"types": {"a": "int64"}}),
        ("mode = 1", {"mode": 1}),
        ("colour = 'red'", {"colour": Colour.RED}),
        ("folder = '/x'", {"folder": Path("/x")}),
        ("day = 2024-01-02", {"day": date(2024, 1, 2)}),
        ("anything = [{a = 1}]", {"anything": [{"a": 1}]}),
        ("policies = [{roles = ['r'], limit = 2}]", {"policies": (Policy(("r",), 2),)}),
        ("password = 'p'", {"password": Secret("p")}),
        ("password = {env = 'SECRET'}", {"password": Secret("s3cret")}),
        ("keys = {a = {env = 'SECRET'}}", {"keys": {"a": Secret("s3cret")}}),
    ],
)
def test_value_of_each_type_is_taken(tmp_path, text, values):
    assert structure(f"[plugins.p]\n{text}", tmp_path) == (values, [])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("text = 'c'", "text: 'c' is not one of '', 'a', 'b'"),
        ("text = 1", "text: expected text, found 1 (a whole number)"),
        ("number = '5'", "number: expected a whole number, found '5' (text)"),
        ("number = true", "number: expected a whole number, found true (a boolean)"),
        ("number = 10", "number: 10 is more than the maximum 9"),
        ("ratio = true", "ratio: expected a number, found true (a boolean)"),
        ("size = -1", "size: -1 is not a size like 1048576, '3 MiB' or '10 MB'"),
        (
            "size = true",
            "size: expected a size like 1048576 or '3 MiB', found true (a boolean)",
        ),
        (
            "header = 'false'",
            "header: expected true or false or an array of text, found 'false' (text)",
        ),
        ("header = ['a', 1]", "header[1]: expected text, found 1 (a whole number)"),
        ("names = 'abc'", "names: expected an array of text, found 'abc' (text)"),
        ("names = {a = 1}", "names: expected an array of text, found a table"),
        ("numbers = [1, 2.0]", "numbers[1]: expected a whole number, found 2.0 (a number)"),
        ("tags = ['a', false]", "tags[1]: expected text, found false (a boolean)"),
        ("types = ['a']", "types: expected a table of text, found an array"),
        ("types = {a = 1}", "types.a: expected text, found 1 (a whole number)"),
        ("types = {'a b' = 1}", 'types."a b": expected text, found 1 (a whole number)'),
        ("mode = true", "mode: expected 'read' or 1, found true (a boolean)"),
        ("colour = 'blue'", "colour: 'blue' is not a valid Colour"),
        ("folder = 1", "folder: expected a path, found 1 (a whole number)"),
        (
            "day = 2024-01-02T03:04:05",
            "day: expected a date, found 2024-01-02 03:04:05 (a date and time)",
        ),
        ("policies = {}", "policies: expected an array of tables, found a table"),
        ("policies = [1]", "policies[0]: expected a table, found 1 (a whole number)"),
        ("policies = [{}]", "policies[0].roles: required, but not set"),
        (
            "policies = [{roles = ['r']}, {roles = [], limit = 0}]",
            "policies[1].limit: 0 is less than the minimum 1",
        ),
        (
            "policies = [{roles = [], role = 1}]",
            "policies[0].role: unknown key; did you mean 'roles'?",
        ),
        ("pattern = 'y'", "pattern: 'pattern' must match regex 'x+' ('y' doesn't)"),
        (f"text = '{'x' * 99}'", f"text: '{'x' * 99}' is not one of '', 'a', 'b'"),
        (f"number = '{'x' * 99}'", f"number: expected a whole number, found '{'x' * 59}…' (text)"),
        ("nmber = 1", "nmber: unknown key; did you mean 'number'?"),
        ("state = 1", None),
        ("anything" + ".a" * 100 + " = 1", "anything: nested more than 64 levels deep"),
    ],
)
def test_wrong_value_is_a_problem_that_names_key_and_type(tmp_path, text, problem):
    values, problems = structure(f"[plugins.p]\n{text}", tmp_path)

    assert values is None
    assert len(problems) == 1
    assert problem is None or problems == [problem]


def test_every_problem_is_found_at_once(tmp_path):
    text = "[plugins.p]\nnmber = 1\nnumber = 0\nheader = [1, 2]\npolicies = [{limit = 0, x = 1}]"

    assert structure(text, tmp_path) == (
        None,
        [
            "nmber: unknown key; did you mean 'number'?",
            "number: 0 is less than the minimum 1",
            "header[0]: expected text, found 1 (a whole number)",
            "header[1]: expected text, found 2 (a whole number)",
            "policies[0].roles: required, but not set",
            "policies[0].limit: 0 is less than the minimum 1",
            "policies[0].x: unknown key; there are key, limit, roles",
        ],
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("5", "password: expected text, { env = … } or { file = … }, found a whole number"),
        (
            "{env = 'NOT_SET'}",
            "password: the environment variable 'NOT_SET' is not set, or empty",
        ),
        (
            "{file = 'none'}",
            "password: the file 'none' cannot be read: no such file or directory",
        ),
        ("{file = '.'}", "password: the file '.' cannot be read: is a directory"),
        ("{file = 'empty'}", "password: the file 'empty' is empty"),
        ("{file = 'binary'}", "password: the file 'binary' is not UTF-8 text"),
        ("{file = 'large'}", "password: the file 'large' is larger than 1 MiB"),
        (
            '{file = "a\\u0000"}',
            "password: the file 'a\\x00' cannot be read: there can be no such path",
        ),
        (
            "{env = 'SECRET', file = 'x'}",
            "password: expected text, { env = … } or { file = … }, found a table",
        ),
        (
            "{envv = 's3cret'}",
            "password: expected text, { env = … } or { file = … }, found a table",
        ),
    ],
)
def test_secret_that_cannot_be_had_is_a_problem_that_shows_nothing(tmp_path, text, problem):
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff")
    (tmp_path / "large").write_bytes(b"x" * (1024 * 1024 + 1))

    values, problems = structure(f"[plugins.p]\npassword = {text}", tmp_path)

    assert (values, problems) == (None, [problem])


@pytest.mark.parametrize("content", ["s3cret", "s3cret\n", "s3cret\r\n"])
def test_secret_file_is_relative_to_the_configuration_file(tmp_path, content):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/key").write_bytes(content.encode())
    (tmp_path / "etc/fs.toml").write_text("plugins.p.password = {file = 'key'}")

    loaded = load_config("etc/fs.toml", environ={}, working_folder=tmp_path)

    assert loaded.structure_options(Plugin, "p") == {"password": Secret("s3cret")}


def test_wrong_secret_is_never_shown(tmp_path):
    text = (
        "[plugins.p]\npassword = [ 's3cret' ]\nkeys = 's3cret'\npolicies = [{roles=[], key=7231}]"
    )

    _, problems = structure(text, tmp_path)

    assert problems == [
        "password: expected text, { env = … } or { file = … }, found an array",
        "keys: expected a table of secrets, found text",
        "policies[0].key: expected text, { env = … } or { file = … }, found a whole number",
    ]


def test_required_options_are_missed_with_their_help():
    loaded = load_mapping({})

    assert loaded.structure_options(Needy, "needy") is None
    assert [str(problem) for problem in loaded.problems] == [
        "plugins.needy.url: required, but not set: where the service is",
        "plugins.needy.token: required, but not set: the key to it",
    ]


def test_required_option_can_come_from_its_variable(tmp_path):
    loaded = load_config(
        environ={"NEEDY_TOKEN": "12345"}, overrides={"plugins.needy.url": "x"},
        working_folder=tmp_path,
    )  # fmt: skip

    assert loaded.structure_options(Needy, "needy") == {"url": "x", "token": Secret("12345")}


def test_options_of_a_source_overlay_those_of_the_plugin_key_by_key(tmp_path):
    (tmp_path / "flightstream.toml").write_text(
        """
        [plugins.rows]
        delimiter = ";"
        types = { a = "int64" }
        [sources.a]
        uri = "a"
        options.rows = { types = { b = "string" } }
        [sources.b]
        uri = "b"
        """
    )
    loaded = load_config(environ={}, working_folder=tmp_path)

    assert loaded.structure_options(Rows, "rows", "a") == {
        "delimiter": ";",
        "types": {"b": "string"},
    }
    assert loaded.structure_options(Rows, "rows", "b") == {
        "delimiter": ";",
        "types": {"a": "int64"},
    }


def test_value_that_another_one_overrides_is_checked_too(tmp_path):
    (tmp_path / "flightstream.toml").write_text(
        "plugins.rows = {delimiter = 1}\n"
        "sources.a = {uri = 'a', options.rows = {delimiter = ';', x = 1}}\n"
        "sources.b = {uri = 'b', options.rows = {delimiter = ';'}}\n"
    )
    loaded = load_config(environ={}, working_folder=tmp_path)

    assert loaded.structure_options(Rows, "rows", "a") is None
    assert loaded.structure_options(Rows, "rows", "b") is None
    assert [str(problem) for problem in loaded.problems] == [
        "flightstream.toml: plugins.rows.delimiter: expected text, found 1 (a whole number)",
        "flightstream.toml: sources.a.options.rows.x: unknown key; there are delimiter, types",
    ]


def test_variable_sets_one_key_inside_a_table_option(tmp_path):
    (tmp_path / "flightstream.toml").write_text("plugins.p.types = {a = 'x', b = 'y'}")
    environ = {"FLIGHTSTREAM__PLUGINS__P__TYPES__A": "3"}

    loaded = load_config(environ=environ, working_folder=tmp_path)

    assert loaded.structure_options(Plugin, "p") == {"types": {"a": "3", "b": "y"}}


def test_validator_that_needs_the_instance_is_left_to_the_class(tmp_path):
    @service
    class Range:
        high: int = option(5, help="high")
        low: int = option(1, help="low")

        def __attrs_post_init__(self) -> None:
            assert self.low <= self.high

    @service
    class Asking:
        high: int = option(5, help="high")
        low: int = option(1, help="low", validator=lambda self, _attribute, value: self.high)

    for plugin in (Range, Asking):
        assert structure("plugins.p.low = 3", tmp_path, plugin) == ({"low": 3}, [])


def test_type_that_cannot_be_configured_is_a_problem_not_a_crash(tmp_path):
    class Odd:
        pass

    @service
    class Wrong:
        odd: Odd | None = option(None, help="odd")

    assert structure("plugins.p.odd = 3", tmp_path, Wrong) == (
        None,
        ["odd: a 'Odd' cannot be configured"],
    )
