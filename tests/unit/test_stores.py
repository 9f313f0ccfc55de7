"""What storages of object stores look at when a server starts."""

import pytest
from attrs import define, frozen
from structlog.testing import capture_logs

from flightstream import ConfigError, OpenedStores, StoreFailure, is_endpoint, option, service
from flightstream.config import load_mapping
from flightstream.registry import build_registry
from flightstream.testing import FaultyAdapter

DENIED = StoreFailure("the key is wrong", "check key", is_certain=True)


@define(eq=False)
class Place:
    failure: StoreFailure | None = None
    closed: int = 0

    def problem(self):
        return self.failure

    def close(self):
        self.closed += 1


def opened(**failures: StoreFailure | None) -> OpenedStores:
    stores = OpenedStores()
    for name, failure in failures.items():
        stores.add(f"my://{name}", Place(failure))
    return stores


def test_places_that_can_be_listed_are_not_spoken_of():
    with capture_logs() as logs:
        opened(a=None, b=None).check()

    assert logs == []


def test_every_place_that_never_can_be_is_told_at_once():
    with pytest.raises(ConfigError) as caught:
        opened(a=DENIED, b=None, c=StoreFailure.NO_BUCKET).check()

    assert caught.value.message.splitlines() == [
        "my://a cannot be read: the key is wrong: check key",
        "my://c cannot be read: there is no such bucket: check the URI and endpoint",
    ]


def test_place_that_may_recover_is_a_warning():
    with capture_logs() as logs:
        opened(a=StoreFailure.SILENT).check()

    [logged] = logs
    assert (logged["event"], logged["log_level"]) == ("storage_unavailable", "warning")
    assert logged["uri"] == "my://a"
    assert logged["problem"].startswith("the store does not answer in time")


def test_every_place_is_closed():
    stores, places = OpenedStores(), [Place(), Place()]
    for place in places:
        stores.add("my://a", place)

    stores.close()

    assert [place.closed for place in places] == [1, 1]


@service
class Store:
    endpoint: str | None = option(None, help="Where it is.", validator=is_endpoint)


@frozen
class Case:
    url: str | None
    says: str | None


@pytest.mark.parametrize(
    "case",
    [
        Case("http://localhost:9000", None),
        Case("https://store.example.com/", None),
        Case("http://[::1]:9000", None),
        Case("store.example.com", "is not a URL like"),
        Case("ftp://store.example.com", "is not a URL like"),
        Case("http://", "is not a URL like"),
        Case("http://store:port", "is not a URL like"),
        Case("http://[::1", "is not a URL like"),
        Case("http://ada:zz-s3cr3t@store", "has a login in it"),
        Case("http://store/bucket", "has something behind the host"),
        Case("http://store?x", "has something behind the host"),
    ],
    ids=lambda case: case.url,
)
def test_endpoint_is_the_url_of_a_host(case, tmp_path):
    config = {
        "plugins": {"enabled": [], "store": {"endpoint": case.url}},
        "sources": {"a": {"uri": str(tmp_path)}},
    }
    if case.says is None:
        build_registry(load_mapping(config), [Store, FaultyAdapter])
        return
    with pytest.raises(ConfigError, match=case.says) as caught:
        build_registry(load_mapping(config), [Store])
    assert "zz-s3cr3t" not in caught.value.message
