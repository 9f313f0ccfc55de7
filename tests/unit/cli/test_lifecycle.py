"""What a start tells, whichever way it goes."""

import pytest
from structlog.testing import capture_logs

from flightstream import Server, Source, adapter, hookimpl
from flightstream.cli.greeting import greet
from flightstream.cli.lifecycle import _Running
from flightstream.cli.service_manager import ServiceManager


@adapter
class Nothing:
    source: Source

    @hookimpl
    def list_flights(self):
        return []

    @hookimpl
    def get_schema(self, flight): ...

    @hookimpl
    def stream_batches(self, flight): ...


@pytest.mark.parametrize(("stopped", "missed"), [(True, []), (False, ["greeting_failed"])])
def test_only_a_server_that_runs_misses_its_greeting(tmp_path, stopped, missed):
    server = Server(sources={"s": tmp_path}, plugins=[Nothing], port=0)

    def greet_late(server):
        if stopped:
            server.stop()
            greet(server)
        raise BrokenPipeError

    with server, capture_logs() as logs:
        _Running(server, ServiceManager(None)).greet(greet_late)

    assert [line["event"] for line in logs if line["log_level"] == "warning"] == missed
