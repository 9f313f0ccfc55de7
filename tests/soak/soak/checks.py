"""What has to hold in the end: of clients, the log, the metrics and the process."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import define, field
from prometheus_client import Metric

from soak.clients import KINDS
from soak.configuration import FAULT_TEXT
from soak.journal import OK, Outcome, read_journals

_ASKED_FOR = ("faulty", "chaos")
# These say that something failed, though no client was told.
_NEVER = frozenset(
    {
        "call_failed",
        "unexpected_error",
        "observer_failed",
        "metrics_failed",
        "plugin_shutdown_failed",
        "plugin_shutdown_hung",
        "greeting_failed",
        "start_abandoned",
        "server_does_not_answer",
    }
)
Calls = Counter[tuple[str, str]]


@define(eq=False)
class Counted:
    """Calls by client, method and code, and rows of whole streams by client."""

    calls: dict[str, Calls] = field(factory=lambda: defaultdict(Counter))
    rows: Counter[str] = field(factory=Counter)

    def count(self, client: str, method: str, code: str, rows: int) -> None:
        """Count a call."""
        self.calls[client][method, code] += 1
        if method == "DoGet" and code == OK:
            self.rows[client] += rows

    def all_calls(self) -> Calls:
        """Return the calls of all clients."""
        return sum(self.calls.values(), Counter())


@define(eq=False)
class Findings:
    """What clients and the log say, and all that is wrong with it."""

    problems: list[str] = field(factory=list)
    seen: Counted = field(factory=Counted)
    logged: Counted = field(factory=Counted)
    sent_rows: int = 0
    _told: dict[str, Outcome] = field(factory=dict)

    def look_at_journals(self, folder: Path) -> None:
        """Take what clients have noted."""
        for outcome in read_journals(folder):
            if outcome.problem is not None:
                self.problems.append(_in_words(outcome))
            self.seen.count(outcome.client, outcome.method, outcome.code, outcome.rows)
            if outcome.call:
                self._told[outcome.call] = outcome

    def look_at_log(self, path: Path, size: int) -> None:
        """Hold the log against what clients noted; calls count in its first bytes alone."""
        for start, text in _lines(path):
            if not text.startswith("{"):
                self.problems.append(f"the server wrote: {text}")
                continue
            line = json.loads(text)
            if line["event"] == "call_finished":
                self._look_at_call(line, counts=start < size)
            elif not _is_expected(line):
                self.problems.append(f"the log has: {text}")
        for outcome in self._told.values():
            self.problems.append(f"the log does not have this call: {_in_words(outcome)}")

    def compare(self, metrics: Mapping[str, Metric]) -> None:
        """Hold the log against what clients counted, and metrics against the log."""
        for kind in (name for name, kind in KINDS.items() if kind.is_counted):
            self._compare(f"calls of {kind!r}", self.seen.calls[kind], self.logged.calls[kind])
            rows = (self.seen.rows[kind], self.logged.rows[kind])
            if rows[0] != rows[1]:
                self.problems.append(f"{kind!r} got {rows[0]} rows, and the log has {rows[1]}")
        measured: Calls = Counter()
        for sample in _totals(metrics["flightstream_calls"]):
            measured[sample.labels["method"], sample.labels["code"]] += int(sample.value)
        self._compare("calls in metrics", measured, self.logged.all_calls())
        rows = int(sum(sample.value for sample in _totals(metrics["flightstream_sent_rows"])))
        if rows != self.sent_rows:
            self.problems.append(f"metrics have {rows} rows, and the log {self.sent_rows}")

    def _look_at_call(self, line: dict[str, Any], *, counts: bool) -> None:
        told = self._told.pop(line["call"], None)
        if told is not None and told.code != line["code"]:
            self.problems.append(f"the log says {line['code']!r} of {_in_words(told)}")
        if counts:
            client, rows = line.get("subject", ""), line.get("rows", 0)
            self.logged.count(client, line["method"], line["code"], rows)
            self.sent_rows += rows

    def _compare(self, what: str, found: Calls, expected: Calls) -> None:
        if found != expected:
            more, fewer = dict(found - expected), dict(expected - found)
            self.problems.append(f"{what}: {more} are too many, {fewer} are missing")


def _totals(family: Metric) -> Iterator[Any]:
    return (sample for sample in family.samples if sample.name.endswith("_total"))


def _is_expected(line: Mapping[str, Any]) -> bool:
    event, plugin = line["event"], line.get("plugin")
    if event in _NEVER:
        return False
    if "exception" in line and FAULT_TEXT not in line["exception"]:
        return False
    if line["level"] == "error":
        return event == "reload_refused" or plugin in _ASKED_FOR
    return event != "stream_close_failed" or plugin in _ASKED_FOR


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    start = 0
    with path.open("rb") as file:
        for line in file:
            yield start, line.decode(errors="replace").rstrip("\n")
            start += len(line)


def _in_words(outcome: Outcome) -> str:
    facts = [outcome.client, outcome.method, outcome.flight, outcome.command, outcome.code]
    told = " ".join(str(fact) for fact in facts if fact is not None)
    return f"{told}: {outcome.problem}: {outcome.error} (call {outcome.call})"
