"""What a balancer is told, from the start of a real server to its end."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
from flightstream_metrics import Metrics
from pyarrow import flight

from flightstream import ConfigError, Flight, Server, Source, Unavailable, adapter, hookimpl, option
from flightstream.testing import FaultyAdapter

pytest_plugins = ["flightstream.testing"]


@adapter
class Moody:
    """Lists a source as the files ``broken``, ``hanging`` and ``held`` beside it say."""

    source: Source
    signs: Path = option(Path(), help="where they are")

    @hookimpl
    def on_startup(self):
        while (self.signs / "held").exists():
            time.sleep(0.01)

    @hookimpl
    def list_flights(self):
        while (self.signs / "hanging").exists():
            time.sleep(0.01)
        if (self.signs / "broken").exists():
            raise Unavailable("the store is gone")
        (self.signs / "listed").touch()
        yield Flight("a", version="1")

    @hookimpl
    def get_schema(self):
        return pa.schema([("n", pa.int64())])

    @hookimpl
    def stream_batches(self):
        yield pa.record_batch({"n": [1]})


@pytest.fixture
def moody(watched, tmp_path):
    def start(**options):
        return watched(Moody, options=options, plugins={"moody": {"signs": str(tmp_path)}})

    return start


READY = (200, [])


def unready(reason, source="empty"):
    return 503, [{"reason": reason, "source": source}]


def test_a_server_is_ready_once_every_source_was_listed_though_nobody_called(moody, site, tmp_path):
    moody()

    assert site.get("/healthz") == (200, "ok\n")
    site.becomes(READY, lambda site: site.ready())
    assert (tmp_path / "listed").exists()


def test_a_server_that_starts_lives_and_is_not_ready_and_nothing_is_listed(moody, site, tmp_path):
    (tmp_path / "held").touch()
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(moody)
        reasons = [{"reason": "starting"}, {"reason": "not_listed", "source": "empty"}]
        site.becomes((503, reasons), lambda site: site.ready())

        assert site.get("/healthz") == (200, "ok\n")
        assert site.samples()["flightstream_ready",] == 0
        assert not (tmp_path / "listed").exists()

        (tmp_path / "held").unlink()
        starting.result()
    site.becomes(READY, lambda site: site.ready())


def test_a_source_that_fails_and_comes_back_is_noticed_though_nobody_calls(moody, site, tmp_path):
    (tmp_path / "broken").touch()
    moody()
    site.becomes(unready("listing_failed"), lambda site: site.ready())
    assert site.of("flightstream_source_listing_failed") == {("empty",): 1}
    assert site.get("/healthz") == (200, "ok\n")

    (tmp_path / "broken").unlink()

    site.becomes(READY, lambda site: site.ready())
    assert site.of("flightstream_source_listing_failed") == {("empty",): 0}


def test_a_listing_that_hangs_is_noticed_and_probes_do_not_wait_for_it(moody, site, tmp_path):
    (tmp_path / "hanging").touch()
    moody(listing_timeout_seconds=0.2)

    site.becomes(unready("listing_hangs"), lambda site: site.ready())
    threads = [site.ready() for _ in range(20)]
    assert threads == [unready("listing_hangs")] * 20
    assert site.of("flightstream_source_listing_running_seconds")["empty",] > 0.2

    (tmp_path / "hanging").unlink()
    site.becomes(READY, lambda site: site.ready())


def test_a_server_is_ready_at_its_first_probe_and_at_the_first_after_a_reload(site, tmp_path):
    given = {"options": {"metrics": {"port": site.port}}, "port": 0}
    with Server(
        plugins=[Metrics, FaultyAdapter], sources={"one": str(tmp_path)}, **given
    ) as server:
        assert site.ready() == READY
        server.reload(sources={"one": str(tmp_path), "two": str(tmp_path)})
        assert site.ready() == READY
        assert set(site.of("flightstream_source_flights")) == {("one",), ("two",)}


def test_a_reload_that_wants_the_port_of_before_for_other_options_is_refused(site, tmp_path):
    given = {"sources": {"one": str(tmp_path)}, "port": 0}
    options = {"port": site.port}
    with Server(plugins=[Metrics, FaultyAdapter], options={"metrics": options}, **given) as server:
        with pytest.raises(ConfigError, match=r"set plugins\.metrics\.host and"):
            server.reload(options={"metrics": {**options, "flight_label": True}})
        assert site.ready() == READY


def test_a_server_that_drains_is_not_ready_and_then_gone(watched, site):
    served = watched(FaultyAdapter, plugins={"faulty": {"fault": "stall"}})
    served.client.flights()
    assert site.ready() == READY
    reader = flight.connect(served.uri).do_get(flight.Ticket(b"empty/numbers"))
    reader.read_chunk()

    served.server.process.send_signal(signal.SIGTERM)

    site.becomes((503, [{"reason": "draining"}]), lambda site: site.ready())
    assert site.samples()["flightstream_draining",] == 1
    assert served.server.process.wait(20) == 0
    with pytest.raises(OSError, match="refused"):
        site.get("/healthz")
