"""Laws of partitions, for adapters that declare them."""

from collections.abc import Mapping

import pyarrow as pa
import pytest
from hypothesis import strategies as st

from flightstream.models import ScanRequest
from flightstream.testing.adapter_laws.base import AdapterLaws, fullest
from flightstream.testing.compare import difference
from flightstream.testing.examples import for_all
from flightstream.testing.sample import Sample
from flightstream.testing.strategies import filters
from flightstream.testing.subject import CLIENT, SOURCE, Build, Subject, read_all
from flightstream.wire import Command


class PartitionLaws(AdapterLaws):
    """What holds for ``plan_partitions`` and a request's ``partition``."""

    def test_partitions_are_the_whole(self, subject: Subject, sample: Sample) -> None:
        """The parts in order are the flight, however many are asked for, filtered or not."""
        _check_partitioned(subject)
        row_filters = {
            name: st.none() | filters(table.schema, table) for name, table in sample.tables.items()
        }
        for_all(lambda data: _read_parts(subject, row_filters, data))

    def test_partitions_are_planned_alike(self, build: Build, sample: Sample) -> None:
        """Asked again, and of another server, the plan is the same, for tickets only number it."""
        one, other = build(), build()
        _check_partitioned(one)
        for name in sample.tables:
            plans = [
                subject.mount.plan_partitions(subject.flights()[name], ScanRequest(), 3)
                for subject in (one, one, other)
            ]
            texts = [repr(plan) for plan in plans]
            assert len(set(texts)) == 1, f"three plans for {name!r} differ: {texts}"

    def test_no_more_partitions_than_asked(self, subject: Subject, sample: Sample) -> None:
        """A plan has no more parts than were wanted."""
        _check_partitioned(subject)
        for name, flight in subject.flights().items():
            for target in (1, 2, 5):
                parts = subject.mount.plan_partitions(flight, ScanRequest(), target) or ()
                assert len(parts) <= target, f"{len(parts)} parts of {name!r}, wanted {target}"

    def test_offset_counts_within_a_partition(self, subject: Subject, sample: Sample) -> None:
        """A part resumes by an offset of its own."""
        _check_partitioned(subject)
        name = fullest(sample)
        command = Command((SOURCE, *name.split("/")), partitions=3)
        for ticket in subject.service().get_flight(CLIENT, command.to_bytes()).tickets:
            if ticket.partition is not None:
                whole = subject.read(name, partition=ticket.partition)
                rest = subject.read(name, partition=ticket.partition, offset=1)
                problem = difference(rest, whole.slice(1))
                assert not problem, f"part {ticket.partition} of {name!r} from row 1: {problem}"


def _read_parts(
    subject: Subject,
    row_filters: Mapping[str, st.SearchStrategy[str | None]],
    data: st.DataObject,
) -> None:
    name = data.draw(st.sampled_from(sorted(row_filters)), "flight")
    row_filter = data.draw(row_filters[name], "filter")
    number = data.draw(st.integers(2, 9), "parts")
    service = subject.service()
    command = Command((SOURCE, *name.split("/")), filter=row_filter, partitions=number)
    tickets = service.get_flight(CLIENT, command.to_bytes()).tickets
    parts = [read_all(service.scan(CLIENT, one.to_bytes(), lambda: False)) for one in tickets]
    problem = difference(pa.concat_tables(parts), subject.read(name, filter=row_filter))
    assert not problem, f"the {len(parts)} parts of {name!r}, filter {row_filter}: {problem}"


def _check_partitioned(subject: Subject) -> None:
    if "partitions" not in subject.mount.pushdown:
        pytest.skip('declare pushdown = frozenset({"partitions"}) and give plan_partitions')
