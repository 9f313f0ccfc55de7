"""A new plugin's distribution: its names, and that it fits the repository it comes from."""

import tomllib
from configparser import ConfigParser
from pathlib import Path

import pytest

from flightstream import ConfigError
from flightstream.registry.discover import own_name
from flightstream.scaffold import KINDS, name_plugin, write_distribution

ROOT = Path(__file__).parents[2]

each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def ini(path: Path) -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.read(path, encoding="utf-8")
    return parser


@pytest.fixture
def written(kind, tmp_path):
    """A distribution of one kind."""
    return write_distribution(name_plugin("my-lake", kind.noun), kind, tmp_path)


@pytest.mark.parametrize(
    "name", ["my-lake", "My_Lake", "my.lake", "my--lake", "flightstream-my-lake"]
)
def test_every_spelling_is_one_name(name):
    names = name_plugin(name, "adapter")

    assert (names.name, names.distribution, names.module, names.plugin, names.class_name) == (
        "my-lake",
        "flightstream-my-lake",
        "flightstream_my_lake",
        "my_lake",
        "MyLakeAdapter",
    )


@pytest.mark.parametrize("name", ["r2", "h2o-lake", "vitamin-c", "storage", "x"])
def test_the_class_alone_tells_the_name(name):
    for kind in KINDS.values():
        names = name_plugin(name, kind.noun)
        assert own_name(names.class_name) == names.plugin


@pytest.mark.parametrize(
    "name", ["", "-", "-lake", "lake-", "my lake", "größe", "../x", "a/b", "x\n"]
)
def test_what_is_no_name_is_refused(name):
    with pytest.raises(ConfigError, match="is no name: write letters and digits"):
        name_plugin(name, "adapter")


@pytest.mark.parametrize("name", ["2nd-lake", "my-2nd-lake", "a-b"])
def test_what_a_class_cannot_be_called_is_refused(name):
    with pytest.raises(ConfigError, match="is no name for a class: each word begins with a letter"):
        name_plugin(name, "adapter")


def test_a_name_that_would_break_lines_is_refused():
    with pytest.raises(ConfigError, match="is longer than 23 letters"):
        name_plugin("a" * 24, "adapter")


@pytest.mark.parametrize("noun", ["adapter", "observer"])
def test_the_name_of_an_installed_plugin_is_taken(noun):
    with pytest.raises(ConfigError, match="the plugin 'csv' is there already, in flightstream-csv"):
        name_plugin("csv", noun)


def test_the_name_of_an_installed_distribution_is_taken():
    with pytest.raises(ConfigError, match=r"flightstream-core [\d.]+ is installed already"):
        name_plugin("core", "adapter")


@pytest.mark.parametrize("name", ["enabled", "disabled", "paths"])
def test_a_key_of_the_configuration_is_no_name(name):
    with pytest.raises(ConfigError, match=rf"'{name}' is a key of \[plugins\] already"):
        name_plugin(name, "adapter")


def test_a_storage_cannot_open_what_the_core_opens():
    with pytest.raises(ConfigError, match="file:// URIs are opened by the core"):
        name_plugin("file", "storage")

    assert name_plugin("file", "adapter").plugin == "file"


@each_kind
def test_nothing_is_overwritten(written, kind, tmp_path):
    (written / "README.md").write_text("mine")

    with pytest.raises(ConfigError, match="is there already, and is left as it is"):
        write_distribution(name_plugin("my-lake", kind.noun), kind, tmp_path)

    assert (written / "README.md").read_text() == "mine"


@each_kind
def test_a_distribution_is_whole(written, kind):
    files = {str(path.relative_to(written)) for path in written.rglob("*") if path.is_file()}

    assert files >= {
        ".github/workflows/tests.yml",
        ".gitignore",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "README.md",
        "pyproject.toml",
        "setup.cfg",
        "src/flightstream_my_lake/__init__.py",
        f"src/flightstream_my_lake/{kind.begins}.py",
        f"src/flightstream_my_lake/{kind.noun}.py",
        "src/flightstream_my_lake/py.typed",
        "tests/test_readme.py",
        f"tests/test_{kind.noun}.py",
        "tox.ini",
    }
    assert (written / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert [
        f for f in sorted(files) if "$" in (written / f).read_text() and ".github" not in f
    ] == []


@each_kind
def test_a_distribution_requires_what_the_core_does(written):
    own = ini(written / "setup.cfg")["options"]["install_requires"].split()
    core = ini(ROOT / "setup.cfg")["options"]["install_requires"].split()
    csv = ini(ROOT / "plugins/flightstream-csv/setup.cfg")["options"]["install_requires"].split()

    for requirement in own:
        if requirement.startswith("flightstream-core"):
            assert requirement in csv
        else:
            assert requirement in {bound.partition(",")[0] for bound in core}


@each_kind
def test_a_distribution_is_linted_as_the_core_is(written):
    own, core = (
        tomllib.loads((folder / "pyproject.toml").read_text("utf-8")) for folder in (written, ROOT)
    )
    for document in (own, core):
        document["tool"]["ruff"]["lint"].pop("per-file-ignores")

    assert own["build-system"] == core["build-system"]
    assert own["tool"]["ruff"] == core["tool"]["ruff"]
    assert len(pins(written)) == 2
    assert pins(written) <= pins(ROOT)


def pins(folder: Path) -> set[str]:
    sections = ini(folder / "tox.ini").values()
    deps = {dep for section in sections for dep in section.get("deps", "").split()}
    return {dep for dep in deps if dep.startswith(("ruff==", "mypy=="))}
