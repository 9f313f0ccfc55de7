"""What the logs look like; structlog is global to a process, so each test has its own."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import logging, sys, warnings
import structlog
from flightstream.config import LogConfig
from flightstream.logs import configure_logs

configure_logs(LogConfig(level=sys.argv[1], format=sys.argv[2]))
log = structlog.get_logger()
log.debug("quiet")
with structlog.contextvars.bound_contextvars(call="c1"):
    log.info("began", flight="a/b", text="x\\x1b[31m")
logging.getLogger("library").info("not heard")
logging.getLogger("library").warning("heard %s", "well")
warnings.warn("mind this")
def fail():
    password = "hu" + "sh"
    raise ValueError("no\\x1b[31m")
try:
    fail()
except ValueError:
    log.error("broke", exc_info=True)
    logging.getLogger("library").exception("broke too")
"""


@pytest.fixture
def logged(tmp_path):
    """Return a function that returns the log of the script above."""

    def run(level, format):
        (tmp_path / "script.py").write_text(SCRIPT)
        command = [sys.executable, tmp_path / "script.py", level, format]
        done = subprocess.run(command, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "")
        return done.stderr

    return run


def test_machines_get_a_json_document_a_line(logged):
    lines = [json.loads(line) for line in logged("info", "auto").splitlines()]
    told = [(line["level"], line["event"]) for line in lines]

    assert told[:2] == [("info", "began"), ("warning", "heard well")]
    assert told[2][0] == "warning"
    assert "UserWarning: mind this" in told[2][1]
    assert told[3:] == [("error", "broke"), ("error", "broke too")]
    assert {k: v for k, v in lines[0].items() if k != "timestamp"} == {
        "level": "info", "event": "began", "call": "c1", "flight": "a/b", "text": "x\x1b[31m",
    }  # fmt: skip
    assert lines[0]["timestamp"].endswith("Z")
    assert lines[1]["logger"] == "library"
    for line in lines[3:]:
        assert line["exception"].endswith("ValueError: no\x1b[31m")


def test_level_is_the_least_that_is_written(logged):
    lines = [json.loads(line)["event"] for line in logged("error", "json").splitlines()]
    assert lines == ["broke", "broke too"]

    lines = [json.loads(line)["event"] for line in logged("debug", "json").splitlines()]
    assert (lines[0], "not heard" in lines) == ("quiet", False)


def test_people_get_text_without_secrets_or_control_characters(logged):
    text = logged("info", "console")

    assert "[info     ] began" in text
    assert ("call=c1" in text, "heard well" in text, "Traceback" in text) == (True, True, True)
    # Lines of code are shown, values of variables are not.
    assert "raise ValueError" in text
    assert ("hush" in text, "\x1b" in text) == (False, False)
    assert "ValueError: no\\x1b[31m" in text


def test_line_logged_while_another_is_written_does_not_wait_for_it():
    code = (
        "import sys, structlog\n"
        "from flightstream.config import LogConfig\n"
        "from flightstream.logs import configure_logs\n"
        "configure_logs(LogConfig(format='json'))\n"
        "log = structlog.get_logger()\n"
        "class Logging:\n"  # as a scan does that is collected at this moment
        "    def write(self, text):\n"
        "        sys.stderr = sys.__stderr__\n"
        "        log.info('inner')\n"
        "        sys.stderr.write(text)\n"
        "    def flush(self): pass\n"
        "log.info('first')\n"
        "sys.stderr = Logging()\n"
        "log.info('outer')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)

    events = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert (done.returncode, events) == (0, ["first", "inner", "outer"])


def test_a_traced_server_tells_each_call_of_a_hook_under_the_call_it_is_for(
    toys, serve_process, cli
):
    server = serve_process(
        "toys", "--plugin", "toy:ToyAdapter", env={"FLIGHTSTREAM_TRACE_HOOKS": "1"}
    )
    done = cli("head", "toys/three", "--uri", server.uri)

    server.process.terminate()
    server.process.wait(timeout=60)

    lines = [line for line in server.log_lines() if line.get("plugin") == "toy"]
    streams = [line for line in lines if line["event"] == "hook_stream_ended"]
    assert (done.returncode, done.stderr) == (0, "")
    assert [
        (line["batches"], line["rows"], "call" in line)
        for line in streams
        if line["hook"] == "stream_batches"
    ] == [(1, 3, True)]
    assert (lines[0]["hook"], lines[-1]["hook"]) == ("on_startup", "on_shutdown")
    assert lines[0]["arguments"]["server"]["sources"] == ["toys"]
