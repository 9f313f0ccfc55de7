"""The audit log of a real server."""

import json
import os
import re
import resource
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyarrow import flight

import flightstream
from flightstream import (
    ConfigError,
    FlightStreamError,
    Identity,
    InvalidCommand,
    LimitExceeded,
    NotFound,
    Unauthenticated,
    Unavailable,
    hookimpl,
    option,
    service,
)
from flightstream.testing import FaultyAdapter

pytest_plugins = ["flightstream.testing"]

THREADS = 16
FORGED = '"}\n{"call": "forged"}\r\n\x85\u2028'


@service
class Names:
    """Takes a bearer token for the name of who asks; one of them has a hostile one."""

    @hookimpl
    def authenticate(self, credentials):
        match credentials.headers.get("authorization", ("",)):
            case ["Bearer s3cret-of-ada"]:
                return Identity("ada", {"analyst", "admin"}, {"email": "hidden@example.org"})
            case ["Bearer s3cret-of-mallory"]:
                return Identity(FORGED + "\ud800", {FORGED})
        raise Unauthenticated("no such token")


@service
class Closed:
    """Refuses calls of a method."""

    method: str = option("DoGet", help="which")

    @hookimpl
    def admit_call(self, call):
        if call.method == self.method:
            raise LimitExceeded("not now")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "audit" / "audit.jsonl"


@pytest.fixture
def audited(serve: Callable[..., Any], file: Path) -> Callable[..., Any]:
    """Return a function that starts a server with an audit log."""
    file.parent.mkdir()

    def start(*plugins: Any, numbers: dict[str, Any] | None = None, **options: Any) -> Any:
        tables = {"audit": {"file": str(file), **options}, "faulty": numbers or {}}
        config = {"plugins": {"enabled": ["audit"], **tables}}
        return serve(*plugins, FaultyAdapter, config=config)

    return start


def refused(error: type[FlightStreamError], call: Callable[[], Any]) -> None:
    with pytest.raises(error):
        call()


def test_a_line_tells_who_asked_for_what_and_how_it_ended(audited, file, read_lines):
    served = audited(Names, numbers={"batches": 2, "batch_rows": 5})
    before = datetime.now(UTC)
    with flightstream.connect(served.uri, token="s3cret-of-ada") as ada:
        assert ada.read("numbers", filter="n >= 4").num_rows == 6
        ada.action("health")
        refused(NotFound, lambda: ada.read("gone"))

    info, read, action, gone = read_lines(file)

    assert list(read) == [
        "time", "call", "subject", "roles", "peer", "method", "flight", "action", "code",
        "rows", "bytes", "seconds",
    ]  # fmt: skip
    assert (read["subject"], read["roles"]) == ("ada", ["admin", "analyst"])
    assert (read["method"], read["flight"], read["code"]) == ("DoGet", "empty/numbers", "ok")
    assert (read["rows"], read["bytes"] > 0, read["action"]) == (6, True, None)
    assert re.fullmatch(r"ipv[46]:.*:\d+", read["peer"])
    time = datetime.fromisoformat(read["time"])
    assert before - timedelta(seconds=1) < time < datetime.now(UTC) + timedelta(seconds=1)
    assert read["seconds"] > 0
    assert (info["method"], info["code"]) == ("GetFlightInfo", "ok")
    assert (action["method"], action["action"]) == ("DoAction", "health")
    assert (gone["flight"], gone["code"]) == ("gone", "not_found")
    calls = {line["call"] for line in served.server.log_lines() if "call" in line}
    assert {line["call"] for line in (info, read, action, gone)} == calls


def test_refusals_are_there_with_who_was_refused(audited, file, read_lines):
    served = audited(Names, Closed)
    with flightstream.connect(served.uri, token="s3cret-of-ada") as ada:
        refused(LimitExceeded, lambda: ada.read("numbers"))
    with flightstream.connect(served.uri, token="a-guess") as guess:
        refused(Unauthenticated, guess.flights)
    raw = flight.connect(served.uri)
    with pytest.raises(flight.FlightUnauthenticatedError):
        raw.authenticate_basic_token("ada", "a-guess")
    raw.close()

    told = [(one["method"], one["code"], one["subject"], one["roles"]) for one in read_lines(file)]
    assert told == [
        ("GetFlightInfo", "ok", "ada", ["admin", "analyst"]),
        ("DoGet", "limit_exceeded", "ada", ["admin", "analyst"]),
        ("ListFlights", "unauthenticated", None, []),
        ("Handshake", "unauthenticated", None, []),
    ]


def test_no_secret_no_claim_no_header_and_no_filter_is_in_it(audited, file):
    served = audited(Names)
    with flightstream.connect(served.uri, token="s3cret-of-ada") as ada:
        ada.read("numbers", filter="name = 'f1lter-value'")
        unknown = "name = 'f1lter-value' AND other > 1"
        refused(InvalidCommand, lambda: ada.read("numbers", filter=unknown))
    with flightstream.connect(served.uri, token="s3cret-guess") as guess:
        refused(Unauthenticated, guess.flights)

    written = file.read_text()
    assert written.count("\n") == 4
    for hidden in ("s3cret", "Bearer", "authorization", "user-agent", "f1lter", "@example.org"):
        assert hidden not in written


def test_no_name_of_a_subject_a_flight_or_an_action_forges_a_line(audited, file, read_lines):
    served = audited(Names)
    with flightstream.connect(served.uri, token="s3cret-of-mallory") as mallory:
        refused(NotFound, lambda: mallory.read(f"empty/{FORGED}"))
        refused(NotFound, lambda: mallory.action(FORGED))
    raw = flight.connect(served.uri)
    options = flight.FlightCallOptions(headers=[(b"authorization", b"Bearer s3cret-of-mallory")])
    for name in (b'"half \\ud800"', b'"\\u2028{\\"call\\": 1}\\u0000"'):
        with pytest.raises(flight.FlightError):
            raw.do_get(flight.Ticket(b'{"flight": %s}' % name), options).read_all()
    raw.close()

    lines = read_lines(file)

    assert len(lines) == len(file.read_text().splitlines()) == 4
    assert {line["subject"] for line in lines} == {FORGED + "\ud800"}
    assert all(line["roles"] == [FORGED] for line in lines)
    assert lines[0]["flight"] == f"empty/{FORGED}"
    assert lines[1]["action"] == FORGED
    assert "forged" not in {line["call"] for line in lines}


def test_sixteen_threads_lose_and_tear_no_line_while_files_are_rotated(audited, file, read_lines):
    served = audited(max_bytes=4096, keep=1000)

    def ask(thread: int) -> None:
        with flightstream.connect(served.uri) as client:
            for _ in range(20):
                client.action("health")

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(ask, range(THREADS)))

    files = list(file.parent.iterdir())
    calls = [line["call"] for one in files for line in read_lines(one)]
    ended = [one["call"] for one in served.server.log_lines() if one["event"] == "call_finished"]
    assert (len(calls), sorted(calls)) == (THREADS * 20, sorted(ended))
    assert len(files) > 15
    assert all(one.stat().st_size <= 4096 for one in files)
    assert {stat.S_IMODE(one.stat().st_mode) for one in files} == {0o600}


def test_a_file_may_be_moved_away_while_the_server_runs(audited, file, read_lines):
    served = audited()
    served.client.action("health")
    os.rename(file, file.with_name("yesterday"))
    served.client.flights()

    assert [one["method"] for one in read_lines(file.with_name("yesterday"))] == ["DoAction"]
    assert [one["method"] for one in read_lines(file)] == ["ListFlights"]


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs prlimit: run it on Linux")
class TestFull:
    """A file that cannot grow, as on a full disk: the server's process may write no more."""

    @pytest.fixture
    def fill(self, file):
        def limit(served: Any, size: int) -> None:
            most = (size, resource.RLIM_INFINITY)
            resource.prlimit(served.server.pid, resource.RLIMIT_FSIZE, most)

        return limit

    @pytest.fixture
    def large(self, file):
        """An audit file that is larger than the server's log, which is limited too."""
        file.parent.mkdir(exist_ok=True)
        line = json.dumps({"call": "x" * 98}).encode() + b"\n"
        file.write_bytes(line * 10_000)
        return file.stat().st_size

    @pytest.fixture
    def audited(self, serve, file, large):
        def start(**options: Any) -> Any:
            tables = {"audit": {"file": str(file), **options}}
            config = {"plugins": {"enabled": ["audit"], **tables}}
            return serve(FaultyAdapter, config=config)

        return start

    def test_calls_are_answered_and_the_log_says_so_once(
        self, audited, fill, file, large, read_lines
    ):
        served = audited()
        fill(served, large + 20)

        for _ in range(3):
            assert served.client.flights()

        assert file.stat().st_size == large  # and no half of a line
        failed = [one for one in served.server.log_lines() if one["event"] == "audit_failed"]
        assert [(one["level"], one["error"]) for one in failed] == [("error", "File too large")]

        fill(served, resource.RLIM_INFINITY)
        for _ in range(2):
            served.client.action("health")
        assert served.server.wait_for("audit_works_again")["lost"] == 3
        after = read_lines(file)[10_000:]
        assert [(one["method"], one.get("lost")) for one in after] == [
            ("DoAction", 3),
            ("DoAction", None),
        ]

    def test_no_call_is_answered_where_each_has_to_be_written_down(
        self, audited, fill, file, large, read_lines
    ):
        served = audited(on_failure="refuse")
        assert served.client.flights()
        fill(served, file.stat().st_size + 20)
        assert served.client.flights()  # nobody knew yet

        for call in (served.client.flights, served.client.actions):
            with pytest.raises(Unavailable) as caught:
                call()
            assert caught.value.message.startswith("calls cannot be written down at the moment")
            assert caught.value.retry_after_seconds == 5.0

        fill(served, resource.RLIM_INFINITY)
        with pytest.raises(Unavailable):  # and is written down
            served.client.flights()
        assert served.client.flights()
        after = read_lines(file)[10_000:]
        assert [(one["code"], one.get("lost")) for one in after] == [
            ("ok", None),
            ("unavailable", 3),
            ("ok", None),
        ]


class TestStart:
    def refused(self, serve, **options):
        config = {"plugins": {"enabled": ["audit"], "audit": options}}
        with pytest.raises(ConfigError) as caught:
            serve(FaultyAdapter, config=config)
        return caught.value.message

    def test_a_file_that_cannot_be_written_stops_it(self, serve, tmp_path):
        gone, pipe = tmp_path / "gone" / "audit.jsonl", tmp_path / "pipe"
        os.mkfifo(pipe)

        told = self.refused(serve, file=str(gone))
        assert told == f"the audit file '{gone}' cannot be written: no such file or directory"
        told = self.refused(serve, file=str(tmp_path))
        assert told == f"the audit file '{tmp_path}' cannot be written: is a directory"
        assert "cannot be written: " in self.refused(serve, file=str(pipe))
        told = self.refused(serve, file="/dev/null")
        assert told == "the audit file '/dev/null' cannot be written: it is no regular file"

    def test_options_that_make_no_sense_stop_it(self, serve):
        told = self.refused(serve, max_bytes="1 KiB", keep=0, on_failure="ignore")

        assert "plugins.audit.file: required, but not set" in told
        assert "plugins.audit.max_bytes: 1 KiB is less than the minimum 4096" in told
        assert "plugins.audit.keep: 0 is less than the minimum 1" in told
        assert "plugins.audit.on_failure: expected 'log' or 'refuse'" in told
