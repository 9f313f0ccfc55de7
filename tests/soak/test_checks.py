"""The soak sees what it is there to see."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter
from soak import rows
from soak.checks import Counted, Findings
from soak.files import FILES, ServedFile
from soak.journal import Journal, Outcome
from soak.selection import WHOLE, Selection, wrong
from soak.server import MEMORY_BYTES, Held

REPLACED = ServedFile("replaced/a.parquet", "replaced", 100, 100)
TORN = ServedFile("torn/a.csv", "torn", 100, 100)
APPENDED = next(file for file in FILES if file.change == "appended")


def whole(version: int = 3) -> pa.Table:
    return rows.table(REPLACED.flight, version, 100)


def told(table: pa.Table, file: ServedFile = REPLACED, selection: Selection = WHOLE) -> str | None:
    return wrong(table, file, selection, (3, 1))


def test_right_rows_are_right() -> None:
    assert told(whole(3)) is None
    assert told(whole(4)) is None


@given(row=st.integers(0, 99), column=st.sampled_from(rows.SCHEMA.names))
def test_one_changed_value_is_told(row: int, column: str) -> None:
    table = whole()
    values = table[column].to_pylist()
    values[row] = f"{values[row]}0" if isinstance(values[row], str) else values[row] + 1
    number = table.schema.get_field_index(column)

    assert told(table.set_column(number, column, pa.array(values))) is not None


@given(start=st.integers(0, 100), length=st.integers(1, 100))
def test_missing_rows_are_told(start: int, length: int) -> None:
    table = whole()
    left = pa.concat_tables([table.slice(0, start), table.slice(start + length)])

    assert (told(left) is None) == (left.num_rows == 100)


def test_rows_of_two_versions_are_told() -> None:
    assert told(pa.concat_tables([whole(3).slice(0, 50), whole(4).slice(50)])) is not None


def test_a_version_that_was_replaced_before_is_told() -> None:
    assert told(whole(2)) == "it is version 2, after 3 was whole"


@given(columns=st.permutations(rows.SCHEMA.names), below=st.integers(20, 99))
def test_a_selection_gives_what_it_says(columns: list[str], below: int) -> None:
    selection = Selection(tuple(columns), below, limit=10, offset=2)
    expected = [one for one in whole().to_pylist() if one["bucket"] < below][2:12]

    assert selection.of(whole()).to_pylist() == expected
    assert told(selection.of(whole()), selection=selection) is None
    assert told(whole().select(columns), selection=selection) is not None


def test_of_a_file_that_is_being_written_only_the_last_record_may_be_cut() -> None:
    table = rows.table(TORN.flight, 3, 100).slice(0, 60)
    text = pa.array([*table["text"].to_pylist()[:-1], "1"])
    cut = table.set_column(6, "text", text)

    assert told(cut, TORN) is None
    assert told(pa.concat_tables([cut, cut.slice(0, 1)]), TORN) is not None


def test_what_was_appended_before_has_to_be_there() -> None:
    table = rows.table(APPENDED.flight, 3, APPENDED.most_rows)

    assert wrong(table.slice(0, 500), APPENDED, WHOLE, (3, 500)) is None
    assert wrong(table.slice(0, 499), APPENDED, WHOLE, (3, 500)) is not None


@pytest.mark.parametrize(
    "line",
    [
        "Traceback (most recent call last):",
        {"event": "call_failed", "level": "error", "exception": "…"},
        {"event": "plugin_failed", "level": "error", "plugin": "csv", "exception": "…"},
        {"event": "plugin_failed", "level": "error", "plugin": "chaos", "exception": "KeyError"},
        {"event": "stream_close_failed", "level": "warning", "plugin": "parquet"},
        {"event": "observer_failed", "level": "warning", "plugin": "metrics"},
    ],
)
def test_a_failure_in_the_log_that_nobody_asked_for_is_a_problem(
    tmp_path: Path, line: str | dict[str, str]
) -> None:
    findings = looked_at(tmp_path, [], [line])

    assert len(findings.problems) == 1


def test_calls_have_to_be_the_same_for_clients_log_and_metrics(tmp_path: Path) -> None:
    outcomes = [
        Outcome(client="whole", method="DoGet", rows=7),
        Outcome(client="whole", method="DoGet", code="stale", call="a", error="it changed"),
    ]
    finished = {"event": "call_finished", "level": "info", "method": "DoGet", "subject": "whole"}
    lines = [{**finished, "call": "b", "code": "ok", "rows": 7}]
    stale = {**finished, "call": "a", "code": "stale", "rows": 0}

    right = looked_at(tmp_path / "right", outcomes, [*lines, stale])
    lost = looked_at(tmp_path / "lost", outcomes, lines)
    other = looked_at(tmp_path / "other", outcomes, [*lines, {**stale, "code": "cancelled"}])
    fewer = looked_at(tmp_path / "fewer", outcomes, [{**lines[0], "rows": 6}, stale])

    assert right.problems == []
    assert "the log does not have this call" in lost.problems[0]
    assert "the log says 'cancelled'" in other.problems[0]
    assert "'whole' got 7 rows, and the log has 6" in fewer.problems


def test_more_than_was_held_before_is_a_problem() -> None:
    before = Held(memory_bytes=0, arrow_bytes=0, threads=9, files=9)

    assert list(before.problems(before)) == []
    assert len(list(Held(MEMORY_BYTES + 1, 2**30, 99, 10).problems(before))) == 4


def looked_at(folder: Path, outcomes: list[Outcome], lines: list[str | dict]) -> Findings:
    """Return what is found where clients noted some outcomes and the server logged some lines.

    The metrics are those of the log.
    """
    (folder / "journals").mkdir(parents=True)
    journal = Journal.at(folder / "journals" / "whole-1.jsonl")
    for outcome in outcomes:
        journal.note(outcome)
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    log = folder / "server.log"
    log.write_text("\n".join([*texts, ""]))
    findings = Findings()
    findings.look_at_journals(folder / "journals")
    findings.look_at_log(log, log.stat().st_size)
    findings.compare(metrics_of(findings.logged, findings.sent_rows))
    journal.close()
    return findings


def metrics_of(logged: Counted, sent_rows: int) -> dict:
    registry = CollectorRegistry()
    calls = Counter("flightstream_calls", "calls", ["method", "code"], registry=registry)
    for (method, code), number in logged.all_calls().items():
        calls.labels(method, code).inc(number)
    Counter("flightstream_sent_rows", "rows", registry=registry).inc(sent_rows)
    return {family.name: family for family in registry.collect()}
