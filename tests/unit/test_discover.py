"""Plugins that are installed, as real distributions on the path of another process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from flightstream.registry.discover import own_name

# What is installed here for other tests.
OTHERS = [entry.name for entry in entry_points(group="flightstream")]
ADAPTER = """
    from flightstream import Flight, Source, adapter, hookimpl

    print("imported", __name__)

    @adapter
    class LakeAdapter:
        source: Source

        @hookimpl
        def list_flights(self):
            return [Flight("a")]

        @hookimpl
        def get_schema(self, flight): ...

        @hookimpl
        def stream_batches(self, flight): ...
"""
SERVICE = """
    from flightstream import hookimpl, option, service

    print("imported", __name__)

    @service
    class Auth:
        realm: str = option("x", help="the realm")
"""
STORE = """
    from flightstream import hookimpl, service

    print("imported", __name__)

    @service
    class Store:
        @hookimpl
        def open_storage(self, uri): ...
"""
MAIN = """
    import json, sys
    from flightstream.config import load_mapping
    from flightstream.errors import ConfigError
    from flightstream.registry import build_registry

    try:
        registry = build_registry(load_mapping(json.loads(sys.argv[1])))
    except ConfigError as exc:
        print(exc)
    else:
        print(*(f"{plugin.name} {plugin.version} {plugin.kind}" for plugin in registry.plugins))
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "site"


@pytest.fixture
def install(site: Path) -> Callable[..., None]:
    """Return a function that installs a distribution of one module, without pip."""

    def install(
        name: str, version: str, source: str, group: str = "flightstream", **plugins: str
    ) -> None:
        info = site / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        lines = [f"{plugin} = {name}:{value}" for plugin, value in plugins.items()]
        (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]))
        (site / f"{name}.py").write_text(dedent(source))

    return install


@pytest.fixture
def build(site: Path, tmp_path: Path) -> Callable[..., list[str]]:
    """Return a function that builds a registry in another process and returns what it says."""

    def build(**tables: Any) -> list[str]:
        tables.setdefault("sources", {"s": str(tmp_path)})
        done = subprocess.run(
            [sys.executable, "-c", dedent(MAIN), json.dumps(tables)],
            env={**os.environ, "PYTHONPATH": str(site)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        return done.stdout.splitlines()

    return build


@pytest.fixture
def three(install: Callable[..., None]) -> None:
    install("acme_lake", "1.2", ADAPTER, lake="LakeAdapter")
    install("acme_login", "3.4", SERVICE, "flightstream.services", login="Auth")
    install("acme_store", "5.6", STORE, store="Store")


@pytest.mark.usefixtures("three")
def test_without_a_selection_services_that_have_no_section_are_not_even_imported(build):
    assert build(plugins={"disabled": OTHERS}) == [
        "imported acme_lake",
        "imported acme_store",
        "store 5.6 service lake 1.2 adapter",
    ]


@pytest.mark.usefixtures("three")
def test_a_service_with_a_section_is_used(build):
    said = build(plugins={"disabled": OTHERS, "login": {"realm": "y"}})

    assert said[-1] == "login 3.4 service store 5.6 service lake 1.2 adapter"


@pytest.mark.usefixtures("three")
def test_what_is_not_enabled_is_not_imported(build):
    assert build(plugins={"enabled": ["lake"]}) == ["imported acme_lake", "lake 1.2 adapter"]


@pytest.mark.usefixtures("three")
def test_what_is_disabled_is_not_imported_whoever_enables_it(build):
    plugins = {"enabled": ["login", "lake"], "disabled": ["login"], "login": {"realm": "y"}}

    assert build(plugins=plugins) == ["imported acme_lake", "lake 1.2 adapter"]


@pytest.mark.usefixtures("three")
def test_the_order_of_the_configuration_is_kept(build):
    said = build(plugins={"enabled": ["store", "login", "lake"]})

    assert said[-1] == "store 5.6 service login 3.4 service lake 1.2 adapter"


@pytest.mark.usefixtures("three")
def test_everything_that_is_wrong_is_told_at_once(build, install, tmp_path):
    install("acme_broken", "0.1", "import no_such_module", broken="Plugin")
    install("acme_exits", "0.1", "raise SystemExit('goodbye')", exits="Plugin")
    install("acme_plain", "0.1", "class Plain: ...", plain="Plain")
    install("acme_lost", "0.1", "", lost="Nothing")
    install("acme_odd", "0.1", SERVICE.replace("realm: str =", "realm ="), odd="Auth")

    said = build(
        server={"port": 70_000},
        plugins={
            "enabled": ["lake", "gone", "broken", "exits", "plain", "lost", "odd"],
            "login": {"realm": "y"},
            "never": {"x": 1},
        },
        sources={
            "a": {"uri": str(tmp_path), "adapters": ["lake", "nowhere"]},
            "b": {"uri": "ftp://bucket/x", "options": {"ftp": {"region": "x"}}},
            "c": str(tmp_path / "missing"),
        },
    )

    assert [line for line in said if not line.startswith("imported")] == [
        "keywords: server.port: 70000 is more than the maximum 65535",
        "keywords: plugins.enabled: the plugin 'gone' is not installed: pip install"
        " flightstream-gone",
        "keywords: plugins.enabled: the plugin 'broken' of acme_broken 0.1 cannot be imported:"
        " ModuleNotFoundError: No module named 'no_such_module'",
        "keywords: plugins.enabled: the plugin 'exits' of acme_exits 0.1 cannot be imported:"
        " SystemExit: goodbye",
        "keywords: plugins.enabled: the plugin 'plain' of acme_plain 0.1 is"
        " <class 'acme_plain.Plain'>, not a class declared by @adapter or @service",
        "keywords: plugins.enabled: the plugin 'lost' of acme_lost 0.1 cannot be imported:"
        " AttributeError: module 'acme_lost' has no attribute 'Nothing'",
        "keywords: plugins.enabled: the plugin 'odd' of acme_odd 0.1 cannot be used: Auth.realm"
        " has no type: annotate it",
        "keywords: plugins.login: add 'login' to plugins.enabled",
        "keywords: plugins.never: the plugin 'never' is not installed: pip install"
        " flightstream-never",
        "keywords: sources.a.adapters: the plugin 'nowhere' is not installed: pip install"
        " flightstream-nowhere",
        "keywords: sources.b.uri: no plugin opens ftp:// URIs: pip install flightstream-ftp",
        "keywords: sources.b.options.ftp: the plugin 'ftp' is not installed: pip install"
        " flightstream-ftp",
        f"keywords: sources.c.uri: there is no folder or file '{tmp_path}/missing'",
    ]


@pytest.mark.parametrize("selection", [{}, {"enabled": ["lake"]}])
def test_two_distributions_of_one_plugin_stop_the_start(build, install, selection):
    install("acme_lake", "1.2", ADAPTER, lake="LakeAdapter")
    install("other_lake", "0.1", ADAPTER, lake="LakeAdapter")

    assert build(plugins={**selection, "disabled": OTHERS, "lake": {"x": 1}})[0] == (
        f"keywords: plugins{'.enabled' if selection else ''}: the plugin 'lake' is brought by"
        " acme_lake 1.2 and by other_lake 0.1: uninstall one of them, or put 'acme_lake:lake'"
        " or 'other_lake:lake' in plugins.disabled"
    )


def test_one_of_two_distributions_is_chosen_by_disabling_the_other(build, install):
    install("acme_lake", "1.2", ADAPTER, lake="LakeAdapter")
    install("other_lake", "0.1", ADAPTER, lake="LakeAdapter")

    said = build(plugins={"enabled": ["lake"], "disabled": ["acme_lake:lake"]})

    assert said == ["imported other_lake", "lake 0.1 adapter"]


def test_two_distributions_of_a_plugin_that_nobody_wants_do_not_matter(build, install):
    install("acme_lake", "1.2", ADAPTER, lake="LakeAdapter")
    install("acme_pond", "1.2", ADAPTER, pond="LakeAdapter")
    install("other_lake", "0.1", ADAPTER, lake="LakeAdapter")

    assert build(plugins={"enabled": ["pond"]})[-1] == "pond 1.2 adapter"


def test_what_is_enabled_but_disabled_under_its_full_name_stops_the_start(build, install):
    install("acme_lake", "1.2", ADAPTER, lake="LakeAdapter")
    install("acme_login", "3.4", SERVICE, "flightstream.services", login="Auth")

    plugins = {"enabled": ["login", "lake"], "disabled": ["acme_login:login"]}

    assert build(plugins=plugins) == [
        "imported acme_lake",
        "keywords: plugins.enabled: the plugin 'login' is in plugins.disabled under its full name",
    ]


def test_an_entry_point_in_the_other_group_is_told_where_it_belongs(build, install):
    install("acme_lake", "1.2", ADAPTER, "flightstream.services", lake="LakeAdapter")
    install("acme_login", "3.4", SERVICE, login="Auth")

    said = build(plugins={"enabled": ["lake", "login"]})

    assert [line for line in said if not line.startswith("imported")] == [
        "keywords: plugins.enabled: the plugin 'lake' of acme_lake 1.2 has its entry point in"
        " flightstream.services: adapters and storages go to flightstream",
        "keywords: plugins.enabled: the plugin 'login' of acme_login 3.4 has its entry point in"
        " flightstream: other services go to flightstream.services",
    ]


def test_a_plugin_of_another_hook_contract_is_refused_with_both_versions(build, install):
    old = ADAPTER.replace("source: Source", "source: Source\n        hooks_version = '0.9'")
    install("acme_lake", "1.2", old, lake="LakeAdapter")

    assert build(plugins={"enabled": ["lake"]}) == [
        "imported acme_lake",
        "keywords: plugins.enabled: the plugin 'lake' of acme_lake 1.2 cannot be used:"
        " LakeAdapter is built for version 0.9 of the hooks, and this is version 1.0:"
        " upgrade the plugin",
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of single-file plugins: lake, login, and a file that is none."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "lake.py").write_text(dedent(ADAPTER))
    (folder / "login.py").write_text(dedent(SERVICE))
    (folder / "_notes.py").write_text("raise SystemExit('imported')")
    (folder / "README.txt").write_text("not a plugin")
    return folder


def test_the_files_of_a_folder_are_plugins_named_after_them(build, folder):
    assert build(plugins={"paths": ["mine"], "disabled": OTHERS}) == [
        f"imported {folder}/lake.py",
        f"imported {folder}/login.py",
        "login unversioned service lake unversioned adapter",
    ]


def test_a_file_that_is_not_enabled_is_not_imported(build, folder):
    assert build(plugins={"paths": ["mine"], "enabled": ["lake"]}) == [
        f"imported {folder}/lake.py",
        "lake unversioned adapter",
    ]


def test_a_file_may_import_other_plugins_and_postpone_its_types(build, folder):
    (folder / "lake.py").write_text(
        "from __future__ import annotations\nfrom flightstream_csv import CsvAdapter\n"
        + dedent(ADAPTER)
        + "\nPlugin = LakeAdapter\n"
    )

    assert build(plugins={"paths": ["mine"], "enabled": ["lake"]})[-1] == "lake unversioned adapter"


def test_a_file_that_is_broken_is_named(build, folder):
    (folder / "bad.py").write_text("def")
    (folder / "none.py").write_text("from flightstream import adapter")
    (folder / "two.py").write_text(dedent(SERVICE) + "\n@service\nclass Other: ...\n")

    said = build(plugins={"paths": ["mine"], "enabled": ["lake", "bad", "none", "two"]})

    assert [line for line in said if not line.startswith("imported")] == [
        f"keywords: plugins.enabled: the plugin 'bad' of {folder}/bad.py cannot be imported:"
        " SyntaxError: invalid syntax (bad.py, line 1)",
        f"keywords: plugins.enabled: the plugin 'none' of {folder}/none.py cannot be used:"
        " it declares no class by @adapter or @service: a file is one plugin",
        f"keywords: plugins.enabled: the plugin 'two' of {folder}/two.py cannot be used:"
        " it declares Auth and Other by @adapter or @service: a file is one plugin",
    ]


def test_a_folder_that_is_not_there_is_named(build, folder, tmp_path):
    assert build(plugins={"paths": ["mine", "yours"], "enabled": ["lake"]}) == [
        f"imported {folder}/lake.py",
        f"keywords: plugins.paths[1]: the folder '{tmp_path}/yours' cannot be read:"
        " no such file or directory",
    ]


def test_a_file_does_not_hide_an_installed_plugin(build, install, folder):
    install("acme_lake", "1.2", ADAPTER, lake="LakeAdapter")
    plugins = {"paths": ["mine"], "enabled": ["lake"]}

    assert build(plugins=plugins) == [
        "keywords: plugins.enabled: the plugin 'lake' is brought by acme_lake 1.2 and by"
        f" {folder}/lake.py: rename a file, or put 'acme_lake:lake' in plugins.disabled"
    ]
    assert build(plugins={**plugins, "disabled": ["acme_lake:lake"]}) == [
        f"imported {folder}/lake.py",
        "lake unversioned adapter",
    ]


def test_two_folders_with_one_file_name_are_told_apart(build, folder, tmp_path):
    other = tmp_path / "yours"
    other.mkdir()
    (other / "lake.py").write_text(dedent(ADAPTER))

    assert build(plugins={"paths": ["mine", "yours"], "enabled": ["lake"]}) == [
        f"keywords: plugins.enabled: the plugin 'lake' is brought by {folder}/lake.py and by"
        f" {other}/lake.py: rename a file"
    ]


def test_a_misspelled_plugin_is_told_the_one_that_is_near(build, install, tmp_path):
    install("acme_lake", "1.2", ADAPTER, lake="LakeAdapter")

    said = build(
        plugins={"enabled": ["lake", "lkae"]},
        sources={"a": {"uri": str(tmp_path), "adapters": ["lakes"]}},
    )

    assert said == [
        "imported acme_lake",
        "keywords: plugins.enabled: the plugin 'lkae' is not installed:"
        " did you mean 'lake'? if not, pip install flightstream-lkae",
        "keywords: sources.a.adapters: the plugin 'lakes' is not installed:"
        " did you mean 'lake'? if not, pip install flightstream-lakes",
    ]


def test_a_source_is_not_told_to_install_what_is_installed(build, install, tmp_path):
    install("acme_lake", "1.2", ADAPTER, lake="LakeAdapter")
    install("acme_pond", "1.2", ADAPTER, pond="LakeAdapter")
    install("acme_broken", "0.1", "import no_such_module", broken="Plugin")

    said = build(
        plugins={"enabled": ["lake", "broken"], "disabled": ["lake"]},
        sources={"a": {"uri": str(tmp_path), "adapters": ["lake", "pond", "broken"]}},
    )

    assert said == [
        "keywords: plugins.enabled: the plugin 'broken' of acme_broken 0.1 cannot be imported:"
        " ModuleNotFoundError: No module named 'no_such_module'",
        "keywords: sources.a.adapters: the plugin 'lake' is in plugins.disabled",
        "keywords: sources.a.adapters: add 'pond' to plugins.enabled",
        "keywords: sources.a.adapters: the plugin 'broken' is not in use",
    ]


@pytest.mark.parametrize(
    ("class_name", "name"),
    [
        ("CsvAdapter", "csv"),
        ("MyLakeAdapter", "my_lake"),
        ("S3Storage", "s3"),
        ("TokenAuthenticator", "token"),
        ("AuditObserver", "audit"),
        ("Observer", "observer"),
    ],
)
def test_a_class_without_an_entry_point_is_named_after_itself(class_name, name):
    assert own_name(class_name) == name
