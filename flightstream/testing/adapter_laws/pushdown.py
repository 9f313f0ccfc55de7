"""Laws of pushdown: whatever the adapter does itself, the rows are the same."""

from collections.abc import Collection
from contextlib import closing

import attrs
import pyarrow as pa
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from flightstream.errors import FlightStreamError, InvalidCommand, Unsupported
from flightstream.filters import Filter
from flightstream.testing.adapter_laws.base import AdapterLaws, fullest
from flightstream.testing.compare import difference, plainly
from flightstream.testing.examples import for_all
from flightstream.testing.sample import Sample
from flightstream.testing.strategies import commands
from flightstream.testing.subject import SOURCE, Subject, read_all
from flightstream.testing.told import told
from flightstream.wire import Command


class PushdownLaws(AdapterLaws):
    """What holds for commands that ask for less than everything."""

    def test_columns(self, subject: Subject, sample: Sample) -> None:
        """Any columns, in any order, are those of the expected table."""
        _ask(subject, sample, "columns")

    def test_filter(self, subject: Subject, sample: Sample) -> None:
        """Any filter keeps the rows that it keeps of the expected table."""
        _ask(subject, sample, "filter")

    def test_limit(self, subject: Subject, sample: Sample) -> None:
        """Any limit gives the first rows."""
        _ask(subject, sample, "limit")

    def test_offset(self, subject: Subject, sample: Sample) -> None:
        """Any offset leaves out the first rows."""
        _ask(subject, sample, "offset")

    def test_any_command(self, subject: Subject, sample: Sample) -> None:
        """Columns, filter, limit and offset together give what they give apart."""
        _ask(subject, sample, "columns", "filter", "limit", "offset")

    def test_no_column_keeps_the_rows(self, subject: Subject, sample: Sample) -> None:
        """Asked for no column at all, there are as many rows as ever."""
        for name, table in sample.tables.items():
            scan = subject.scan(name, columns=())
            with closing(iter(scan)) as batches:
                rows = sum(batch.num_rows for batch in batches)
            assert rows == table.num_rows, f"{name!r} without columns has {rows} rows"

    def test_beyond_the_end_is_nothing(self, subject: Subject, sample: Sample) -> None:
        """An offset beyond the last row gives no row, and no error."""
        for name, table in sample.tables.items():
            for past in (0, 1, 2**40):
                found = subject.read(name, offset=table.num_rows + past)
                assert not found.num_rows, (
                    f"offset {table.num_rows + past} of {name!r} gives {found.num_rows} rows"
                )

    def test_a_stream_resumes_at_every_batch(self, subject: Subject, sample: Sample) -> None:
        """With the offset of any batch's end, a stream goes on where another stopped."""
        for name in subject.flights():
            whole, done = subject.read(name), 0
            for batch in subject.stream(name):
                done += batch.num_rows
                problem = difference(subject.read(name, offset=done), whole.slice(done))
                assert not problem, f"{name!r} resumed after {done} rows: {problem}"

    def test_a_filter_nobody_meets_gives_nothing(self, subject: Subject, sample: Sample) -> None:
        """A filter that keeps no row gives an empty stream of the right schema."""
        name = fullest(sample)
        quoted = '"' + subject.schema(name).names[0].replace('"', '""') + '"'
        found = subject.read(name, filter=f"{quoted} IS NULL AND {quoted} IS NOT NULL")
        problem = difference(found, sample.tables[name].slice(0, 0))
        assert not problem, f"{name!r} with a filter that nothing meets: {problem}"

    def test_limit_zero_gives_nothing(self, subject: Subject, sample: Sample) -> None:
        """``limit=0`` gives no row; an adapter never takes it for no limit."""
        if "limit" not in subject.mount.pushdown:
            pytest.skip("the adapter leaves the limit to the core")
        name = fullest(sample)
        rows = sum(batch.num_rows for batch in subject.stream(name, limit=0))
        assert not rows, f"stream_batches of {name!r} with limit=0 yields {rows} rows"


def _ask(subject: Subject, sample: Sample, *kinds: str) -> None:
    asked = {
        name: commands(table, f"{SOURCE}/{name}", kinds) for name, table in sample.tables.items()
    }

    def check(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(asked)), "flight")
        _answer(subject, name, sample.tables[name], data.draw(asked[name]), kinds)

    for_all(check)


def _answer(
    subject: Subject, name: str, table: pa.Table, command: Command, kinds: Collection[str]
) -> None:
    if command.filter is not None:
        try:
            Filter.bind(command.filter, table.schema)
        except (InvalidCommand, Unsupported):
            assume(False)
    expected = plainly(table, command)
    scan = subject.scan(name, **{kind: getattr(command, kind) for kind in kinds})
    if not expected.num_columns:
        return  # rows without columns have a law of their own
    try:
        problem = difference(read_all(scan), expected)
    except FlightStreamError as exc:
        problem = told(exc)
    pushed = attrs.asdict(scan.plan.request, filter=lambda field, _: field.name in kinds)
    assert not problem, f"{command.to_bytes().decode()}: {problem}; the adapter was asked {pushed}"
