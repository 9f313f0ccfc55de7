"""From a configuration and classes to mounts and services."""

from typing import Any

import pyarrow.fs as pafs
import pytest

from flightstream import (
    ConfigError,
    Secret,
    Source,
    Storage,
    Unavailable,
    adapter,
    hookimpl,
    option,
    service,
)
from flightstream.config import load_mapping
from flightstream.registry import Registry, build_registry


@pytest.fixture
def built(tmp_path):
    """Return a function that builds a registry of the given classes."""

    def build(*classes: type[Any], **tables: Any) -> Registry:
        tables.setdefault("sources", {"s": str(tmp_path)})
        tables["plugins"] = {"enabled": [], **tables.get("plugins", {})}
        return build_registry(load_mapping(tables), classes)

    return build


def problems(build: Any, *classes: type[Any], **tables: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        build(*classes, **tables)
    return caught.value.message.splitlines()


@pytest.fixture
def lake(memory):
    @adapter
    class LakeAdapter(memory({})):
        rows: int = option(10, help="rows", minimum=1)
        token: Secret | None = option(None, help="token")
        kinds: frozenset[str] = option(frozenset(), help="kinds")

    return LakeAdapter


@pytest.mark.parametrize(
    ("class_name", "plugin"),
    [
        ("CsvAdapter", "csv"),
        ("MyLakeAdapter", "my_lake"),
        ("AuthPlugin", "auth"),
        ("AuthService", "auth"),
        ("S3Storage", "s3"),
        ("Adapter", "adapter"),
        ("Lake2Go", "lake2_go"),
    ],
)
def test_a_class_is_named_after_itself(built, memory, class_name, plugin):
    cls = memory({})
    cls.__qualname__ = f"somewhere.<locals>.{class_name}"

    [mounted] = built(cls).mounts

    assert (mounted.plugin.name, mounted.plugin.version) == (plugin, "unversioned")


def test_two_classes_of_one_name_are_refused(built, memory):
    first, second = memory({}), memory({})

    assert problems(built, first, second) == [
        f"keywords: plugins: {first!r} and {second!r} are both the plugin 'memory': rename one"
        " of them"
    ]


def test_a_class_that_is_no_plugin_is_refused(built):
    assert problems(built, int) == [
        "keywords: plugins: the plugin 'int' is <class 'int'>, not a class declared by @adapter"
        " or @service"
    ]


def test_a_server_without_an_adapter_says_what_to_install(built):
    assert problems(built) == [
        "keywords: plugins: no adapter is installed and enabled: pip install flightstream-csv"
    ]


def test_there_is_one_instance_for_each_source(built, lake, tmp_path):
    sources = {
        "a": {"uri": str(tmp_path), "options": {"lake": {"rows": 3}}},
        "b": {"uri": str(tmp_path)},
        "c": {"uri": str(tmp_path), "adapters": []},
    }

    registry = built(lake, sources=sources, plugins={"lake": {"rows": 5}})

    assert [(m.source.name, m.plugin.instance.rows) for m in registry.mounts] == [
        ("a", 3),
        ("b", 5),
    ]


def test_hooks_that_are_wrong_are_told_once_however_many_sources(built, tmp_path):
    @adapter
    class Lake:
        source: Source

        @hookimpl
        def list_flights(self): ...

        @hookimpl
        def stream_batches(self): ...

    assert problems(built, Lake, sources={"a": str(tmp_path), "b": str(tmp_path)}) == [
        "keywords: plugins.lake: an adapter needs get_schema: mark the method with @hookimpl"
    ]


def test_a_plugin_that_refuses_its_options_is_named(built, memory, tmp_path):
    @adapter
    class Lake(memory({})):
        size: int = option(1, help="size")

        def __attrs_post_init__(self) -> None:
            raise ValueError("the moon is full")

    assert problems(built, Lake) == [
        "keywords: sources.s: the plugin 'lake' refuses its options: the moon is full"
    ]


def test_options_that_shape_data_are_text_without_secrets_in_a_fixed_order(built, lake):
    options = {"rows": 3, "token": "s3cr3t", "kinds": ["d", "c", "b", "a", "f", "e"]}

    [mounted] = built(lake, plugins={"lake": options}).mounts

    assert mounted.plugin.options == "{'rows': 3, 'kinds': ['a', 'b', 'c', 'd', 'e', 'f']}"


def store(answer: Any) -> type[Any]:
    @service
    class Store:
        region: str = option("", help="region")

        @hookimpl
        def open_storage(self, uri, options):
            if isinstance(answer, Exception):
                raise answer
            return answer(uri, options)

    return Store


def test_a_service_opens_what_is_not_local_with_the_sources_own_options(built, lake):
    def opened(uri: str, options: Any) -> Storage:
        return Storage(pafs.LocalFileSystem(), f"{uri} {options['region']}")

    sources = {"s": {"uri": "lake://x", "options": {"store": {"region": "north"}}}}

    [mounted] = built(lake, store(opened), sources=sources).mounts

    assert mounted.source.path == "lake://x north"


def test_a_storage_is_given_every_option_also_those_that_no_source_sets(built, lake):
    def opened(uri: str, options: Any) -> Storage:
        return Storage(pafs.LocalFileSystem(), f"{uri} {options}")

    sources = {"s": "lake://x", "t": {"uri": "lake://y", "options": {"store": {"region": "b"}}}}
    plugins = {"store": {"region": "a"}}

    mounts = built(lake, store(opened), sources=sources, plugins=plugins).mounts

    assert [mount.source.path for mount in mounts] == [
        "lake://x {'region': 'a'}",
        "lake://y {'region': 'b'}",
    ]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (lambda uri, options: None, "no plugin opens lake:// URIs: pip install flightstream-lake"),
        (ConfigError("the bucket has no name"), "the bucket has no name"),
        (Unavailable("the store does not answer"), "the store does not answer"),
        (RuntimeError("s3cr3t"), "the plugin 'store' failed in open_storage"),
    ],
)
def test_a_storage_that_does_not_open_is_a_problem_of_the_uri(built, lake, answer, problem):
    assert problems(built, lake, store(answer), sources={"s": "lake://x"}) == [
        f"keywords: sources.s.uri: {problem}"
    ]


@pytest.mark.parametrize(("scheme", "name"), [("gs", "gcs"), ("abfs", "azure"), ("abfss", "azure")])
def test_a_storage_that_is_not_installed_is_named(built, lake, scheme, name):
    assert problems(built, lake, sources={"s": f"{scheme}://bucket"}) == [
        f"keywords: sources.s.uri: no plugin opens {scheme}:// URIs:"
        f" pip install flightstream-{name}"
    ]
