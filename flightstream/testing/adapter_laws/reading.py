"""Laws of reading: all rows, in one order, every time."""

from contextlib import closing
from itertools import zip_longest
from typing import ClassVar

import pyarrow as pa
import pytest

from flightstream.testing.adapter_laws.base import AdapterLaws, fullest
from flightstream.testing.compare import difference
from flightstream.testing.sample import Sample
from flightstream.testing.subject import Build, Subject


class ReadingLaws(AdapterLaws):
    """What holds for ``stream_batches`` when all is asked for."""

    batch_limit_bytes: ClassVar[int] = 64 * 2**20

    def test_rows_are_the_expected_ones(self, subject: Subject, sample: Sample) -> None:
        """A flight read whole equals the expected table."""
        for name, table in sample.tables.items():
            problem = difference(subject.read(name), table)
            assert not problem, f"{name!r}: {problem}"

    def test_reading_again_gives_the_same(self, subject: Subject) -> None:
        """A second stream has the rows of the first, in the same order."""
        for name in subject.flights():
            problem = difference(subject.read(name), subject.read(name))
            assert not problem, f"{name!r} read twice: {problem}; the order may never change"

    def test_another_instance_reads_the_same(self, build: Build) -> None:
        """Another server gives the same rows in the same order."""
        one, other = build(), build()
        for name in one.flights():
            problem = difference(one.read(name), other.read(name))
            assert not problem, f"{name!r} read by another instance: {problem}"

    def test_an_empty_flight_has_its_schema(self, subject: Subject, sample: Sample) -> None:
        """A flight without rows has a schema, and streams no row."""
        empty = [name for name, table in sample.tables.items() if not table.num_rows]
        if not empty:
            pytest.skip("give the sample a flight without rows")
        for name in empty:
            rows = sum(batch.num_rows for batch in subject.stream(name))
            assert not rows, f"{name!r} should be empty and has {rows} rows"

    def test_a_batch_stays_as_it_was(self, subject: Subject) -> None:
        """A batch does not change when the next one is made."""
        for name in subject.flights():
            batches, copies = [], []
            for batch in subject.stream(name):
                batches.append(batch)
                copies.append(_copy(batch))
            for number, (batch, copy) in enumerate(zip(batches, copies, strict=True)):
                problem = difference(*(pa.Table.from_batches([one]) for one in (batch, copy)))
                assert not problem, (
                    f"batch {number} of {name!r} changed after it was given out: {problem};"
                    " make each batch of memory of its own"
                )

    def test_batches_are_of_bounded_size(self, subject: Subject) -> None:
        """No batch of several rows is larger than ``batch_limit_bytes``."""
        for name in subject.flights():
            for batch in subject.stream(name):
                size = batch.get_total_buffer_size()
                assert batch.num_rows < 2 or size <= self.batch_limit_bytes, (
                    f"a batch of {name!r} takes {size} bytes, of {batch.num_rows} rows: yield"
                    f" smaller ones, of up to {self.batch_limit_bytes} bytes"
                )

    def test_rows_survive_being_cut_apart(self, subject: Subject) -> None:
        """Cut to a row a message, as wide rows are, a flight is still the same."""
        service = subject.service(batch_bytes=1)
        for name in subject.flights():
            rows = [batch.slice(n, 1) for batch in subject.stream(name) for n in range(len(batch))]
            whole = pa.Table.from_batches(rows, subject.schema(name))
            problem = difference(subject.read(name, service), whole)
            assert not problem, f"{name!r} row by row: {problem}"

    def test_a_stream_can_be_closed_early(self, subject: Subject, sample: Sample) -> None:
        """After a stream that was closed early, the next one is whole."""
        name = fullest(sample)
        before = subject.read(name)
        with closing(subject.stream(name)) as stream:
            next(stream)
        problem = difference(subject.read(name), before)
        assert not problem, f"{name!r} after a stream that was closed early: {problem}"

    def test_two_streams_do_not_disturb_each_other(self, subject: Subject, sample: Sample) -> None:
        """Two streams of a flight, read in turns, have all rows each."""
        name = fullest(sample)
        schema = subject.schema(name)
        alone = list(subject.stream(name))
        with closing(subject.stream(name)) as one, closing(subject.stream(name)) as other:
            pairs = list(zip_longest(one, other))
        for side in (0, 1):
            found = [pair[side] for pair in pairs if pair[side] is not None]
            problem = difference(
                pa.Table.from_batches(found, schema), pa.Table.from_batches(alone, schema)
            )
            assert not problem, (
                f"{name!r} read by two in turns: {problem}; keep the state of a stream out of self"
            )


def _copy(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch in memory of its own, dictionaries too."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return pa.ipc.open_stream(sink.getvalue()).read_next_batch()
