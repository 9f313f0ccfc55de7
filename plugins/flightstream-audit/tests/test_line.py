"""A line says what a record says, whatever is in its names."""

import json
from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest
from flightstream_audit.line import line_of
from hypothesis import example, given
from hypothesis import strategies as st

from flightstream import CallRecord
from flightstream.testing.strategies import records

NAMES = st.text(st.characters(), max_size=40)  # unpaired surrogates among them
FORGED = '","code":"ok"}\n{"call":"forged"}\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\x1b[2J\x00'
MOMENTS = st.datetimes(timezones=st.just(UTC))
MOMENT = datetime(2026, 11, 25, 2, 34, 41, 552_388, UTC)


@given(records(), NAMES, NAMES, st.lists(NAMES, max_size=3).map(tuple), NAMES, MOMENTS)
@example(
    CallRecord(call="1", method="DoGet", code="ok"), FORGED, FORGED, (FORGED,), "\ud800", MOMENT
)
def test_no_name_breaks_a_line_or_gets_lost(record, flight, subject, roles, action, time):
    record = attrs.evolve(record, flight=flight, subject=subject, roles=roles, action=action)

    line = line_of(record, time)

    assert line.endswith(b"}\n")
    assert all(0x20 <= byte < 0x7F for byte in line[:-1])
    assert line.decode().splitlines() == [line.decode()[:-1]]
    told = json.loads(line)
    assert (told["flight"], told["subject"], told["action"]) == (flight, subject, action)
    assert told["roles"] == list(roles)
    assert (told["rows"], told["bytes"], told["code"]) == (record.rows, record.bytes, record.code)
    assert (told["call"], told["method"], told["peer"]) == (
        record.call,
        record.method,
        record.peer,
    )


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=9))])
def test_times_are_utc(zone):
    record = CallRecord(call="1", method="DoGet", code="ok")

    told = json.loads(line_of(record, MOMENT.astimezone(zone)))

    assert told["time"] == "2026-11-25T02:34:41.552388Z"


def test_only_what_is_missing_is_told_to_be():
    record = CallRecord(call="1", method="DoGet", code="ok")

    assert "lost" not in json.loads(line_of(record, MOMENT))
    assert json.loads(line_of(record, MOMENT, lost=3))["lost"] == 3


def test_what_a_plugin_put_among_the_roles_is_told_all_the_same():
    record = CallRecord(call="1", method="DoGet", code="ok", roles=(None, 5, b"x"))

    assert json.loads(line_of(record, MOMENT))["roles"] == [None, 5, "b'x'"]
