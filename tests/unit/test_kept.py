"""What of a registry goes on in the one that follows it."""

from typing import Any

import pyarrow.fs as pafs
import pytest
from attrs import define, field

from flightstream import (
    ConfigError,
    Secret,
    ServerInfo,
    Storage,
    adapter,
    hookimpl,
    option,
    service,
)
from flightstream.config import load_mapping
from flightstream.registry import Registry, build_registry

SERVER = ServerInfo(host="h", port=1, version="1", sources=("s",))


@pytest.fixture
def lake(memory):
    @adapter
    class LakeAdapter(memory({})):
        rows: int = option(10, help="rows", minimum=1)
        token: Secret | None = option(None, help="token")

    return LakeAdapter


@service
class Bucket:
    region: str = option("eu", help="region")

    @hookimpl
    def open_storage(self, uri):
        if uri.startswith("bucket://"):
            return Storage(pafs.LocalFileSystem(), f"/{uri.removeprefix('bucket://')}")
        return None


@service
class Watch:
    names: tuple[str, ...] = option((), help="names")


@define(eq=False)
class Built:
    """The registries of one configuration after the other."""

    classes: tuple[type[Any], ...]
    tables: dict[str, Any]
    last: Registry | None = field(default=None, init=False)

    def next(self, **tables: Any) -> Registry:
        """Build with what is changed, from what is kept of the last one."""
        self.tables |= tables
        plugins = {"enabled": [], **self.tables.get("plugins", {})}
        loaded = load_mapping({**self.tables, "plugins": plugins})
        kept = None if self.last is None else self.last.kept
        self.last = build_registry(loaded, self.classes, kept)
        return self.last

    def changed(self, **tables: Any) -> list[str]:
        """Return which plugins are another instance after a change."""
        assert self.last is not None
        before = [plugin.instance for plugin in self.last.plugins]
        after = self.next(**tables).plugins
        return [one.name for one in after if one.instance not in before]


@pytest.fixture
def built(lake, tmp_path) -> Built:
    (tmp_path / "other").mkdir()
    sources = {"s": str(tmp_path), "far": "bucket://b"}
    one = Built((lake, Bucket, Watch), {"sources": sources})
    one.next()
    return one


def test_what_has_not_changed_is_the_same_instance_at_the_same_source(built):
    before = built.last
    after = built.next()

    assert [plugin.name for plugin in after.plugins] == ["bucket", "watch", "lake", "lake"]
    assert after.plugins == before.plugins  # they compare by identity
    assert [mount.source for mount in after.mounts] == [mount.source for mount in before.mounts]
    assert after.services.manager is not before.services.manager


def test_a_service_with_other_options_is_another(built):
    assert built.changed(plugins={"watch": {"names": ["a"]}}) == ["watch"]
    assert built.changed(plugins={"watch": {"names": ["a"]}}) == []
    assert built.changed(plugins={}) == ["watch"]


def test_an_option_that_says_the_default_changes_nothing(built):
    assert built.changed(plugins={"watch": {"names": []}, "lake": {"rows": 10}}) == []


def test_options_of_one_source_change_its_adapter_alone(built):
    sources = built.tables["sources"]
    changed = {**sources, "s": {"uri": sources["s"], "options": {"lake": {"rows": 3}}}}

    assert built.changed(sources=changed) == ["lake"]
    assert built.changed(plugins={"lake": {"rows": 3}}) == ["lake"]  # that of the other source


def test_another_secret_in_the_same_file_is_another_option(built, tmp_path):
    file = tmp_path / "token"
    file.write_text("one")
    plugins = {"lake": {"token": {"file": str(file)}}}
    assert built.changed(plugins=plugins) == ["lake", "lake"]
    assert built.changed() == []
    file.write_text("two")

    assert built.changed() == ["lake", "lake"]


def test_a_source_elsewhere_or_with_other_flights_has_another_adapter(built, tmp_path):
    sources = built.tables["sources"]

    assert built.changed(sources={**sources, "s": str(tmp_path / "other")}) == ["lake"]
    whole = {"uri": str(tmp_path / "other"), "flights": {"all": "**/*.x"}}
    assert built.changed(sources={**sources, "s": whole}) == ["lake"]
    assert built.changed(sources={**sources, "s": whole, "t": str(tmp_path)}) == ["lake"]
    assert built.changed(sources={"far": "bucket://b"}) == []


def test_storages_open_all_again_where_one_source_of_theirs_has_changed(built):
    sources = built.tables["sources"]

    assert built.changed(sources={**sources, "near": "bucket://c"}) == ["bucket", "lake", "lake"]
    elsewhere = {"uri": "bucket://b", "options": {"bucket": {"region": "us"}}}
    assert built.changed(sources={**sources, "far": elsewhere}) == ["bucket", "lake"]


def test_a_folder_that_is_gone_is_a_problem_although_nothing_has_changed(built, tmp_path):
    built.next(sources={"s": str(tmp_path / "other")})
    (tmp_path / "other").rmdir()

    with pytest.raises(ConfigError, match="there is no folder or file"):
        built.next()


class TestLife:
    """A plugin is started by the first registry and stopped by the last."""

    @pytest.fixture
    def book(self) -> list[str]:
        return []

    @pytest.fixture
    def built(self, book) -> Built:
        @service
        class Told:
            name: str = option("one", help="its name")

            @hookimpl
            def on_startup(self):
                if self.name == "bad":
                    raise RuntimeError("s3cr3t")
                book.append(f"{self.name} starts")

            @hookimpl
            def on_shutdown(self):
                book.append(f"{self.name} stops")

        @service
        class Other(Told):
            pass

        plugins = {"told": {"name": "told"}, "other": {"name": "other"}}
        one = Built((Told, Other), {"plugins": plugins})
        one.classes = (*one.classes, Bucket)
        return one

    @pytest.fixture(autouse=True)
    def _without_sources(self, built, lake, tmp_path):
        built.classes = (*built.classes, lake)
        built.tables["sources"] = {"s": str(tmp_path)}

    def test_whatever_order_they_end_in_the_last_stops_it(self, built, book):
        first = built.next()
        first.startup(SERVER)
        plugins = {"told": {"name": "told"}, "other": {"name": "another"}}
        second = built.next(plugins=plugins)
        second.startup(SERVER)
        assert book == ["told starts", "other starts", "another starts"]
        book.clear()

        second.shutdown()
        assert book == ["another stops"]
        first.shutdown()
        first.shutdown()
        assert book == ["another stops", "other stops", "told stops"]

    def test_a_start_that_fails_leaves_what_runs_running(self, built, book):
        first = built.next()
        first.startup(SERVER)
        plugins = {"told": {"name": "new"}, "other": {"name": "bad"}}
        second = built.next(plugins=plugins)

        with pytest.raises(Exception, match="failed in on_startup"):
            second.startup(SERVER)

        assert book == ["told starts", "other starts", "new starts", "new stops"]
        first.shutdown()
        assert book[4:] == ["other stops", "told stops"]
