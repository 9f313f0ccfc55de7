"""Lines of calls, held against the laws of observers."""

import json

import pytest
from call_lines import CallLines

from flightstream import ConfigError
from flightstream.testing import FaultyAdapter, Observed, ObserverConformance

pytest_plugins = ["flightstream.testing"]


class TestCallLines(ObserverConformance):
    plugin = CallLines

    @pytest.fixture
    def sample(self, tmp_path):
        file = tmp_path / "calls.jsonl"
        return Observed({"file": str(file)}, written=file.read_text)


def test_a_line_says_who_asked_for_what(serve, tmp_path):
    file = tmp_path / "calls.jsonl"
    config = {"plugins": {"enabled": [], "call_lines": {"file": str(file)}}}
    served = serve(CallLines, FaultyAdapter, tmp_path, config=config)

    served.client.read("numbers", limit=3)

    first = json.loads(file.read_text().splitlines()[0])
    told = {name: first[name] for name in ("method", "code", "flight", "subject")}
    assert list(told.values()) == ["GetFlightInfo", "ok", f"{tmp_path.name}/numbers", "anonymous"]


def test_without_a_file_lines_go_to_the_log(serve, tmp_path):
    served = serve(CallLines, FaultyAdapter, tmp_path)

    served.client.info("numbers")

    [line] = [line for line in served.server.log_lines() if line["event"] == "call"]
    assert json.loads(line["record"])["method"] == "GetFlightInfo"


def test_a_file_that_cannot_be_written_stops_the_start(serve, tmp_path):
    config = {"plugins": {"enabled": [], "call_lines": {"file": str(tmp_path)}}}

    with pytest.raises(ConfigError, match="cannot be written: Is a directory"):
        serve(CallLines, FaultyAdapter, tmp_path, config=config)
