"""Laws of change: nobody reads a mixture of two states."""

from contextlib import closing

import pyarrow as pa
import pytest

from flightstream.errors import NotFound, Stale, Unavailable
from flightstream.testing.adapter_laws.base import AdapterLaws
from flightstream.testing.compare import difference
from flightstream.testing.sample import Sample
from flightstream.testing.subject import CLIENT, SOURCE, Subject, read_all
from flightstream.wire import Command


class VersionLaws(AdapterLaws):
    """What holds when the data changes; needs ``change``."""

    def test_version_changes_with_the_data(self, subject: Subject, sample: Sample) -> None:
        """The version of a flight changes when its rows do."""
        before = subject.flights()
        for name in self._changed(sample):
            assert subject.flights()[name].version != before[name].version, (
                f"the data of {name!r} changed and its version did not"
            )

    def test_changed_data_is_read(self, subject: Subject, sample: Sample) -> None:
        """After a change the new rows are read, by an instance that knew the old ones."""
        for name in subject.flights():
            subject.read(name)
        for name, table in self.change(sample).items():
            problem = difference(subject.read(name), table)
            assert not problem, f"{name!r} after a change: {problem}"

    def test_a_stale_ticket_says_so(self, subject: Subject, sample: Sample) -> None:
        """A ticket from before a change is refused as stale, not answered with other rows."""
        service = subject.service()
        tickets = {
            name: service.get_flight(CLIENT, Command((SOURCE, *name.split("/"))).to_bytes())
            for name in sample.tables
        }
        for name in self._changed(sample):
            ticket = tickets[name].tickets[0].to_bytes()
            try:
                read_all(service.scan(CLIENT, ticket, lambda: False))
            except Stale:
                continue
            raise AssertionError(
                f"the ticket for {name!r} from before a change is still answered: its version"
                " has to change"
            )

    def test_a_running_stream_never_mixes(self, subject: Subject, sample: Sample) -> None:
        """A stream during a change ends with ``Stale``, or has the old rows to the end."""
        old = {name: subject.read(name) for name in sample.tables}
        streams = {name: subject.stream(name) for name in sample.tables}
        batches = {name: [b for b in [next(stream, None)] if b] for name, stream in streams.items()}
        for name in self._changed(sample):
            with closing(streams[name]) as stream:
                try:
                    batches[name] += list(stream)
                except (Stale, NotFound, Unavailable):
                    continue
            problem = difference(pa.Table.from_batches(batches[name], old[name].schema), old[name])
            assert not problem, (
                f"{name!r} changed while it was read, and the stream went on with other rows:"
                f" {problem}; raise Stale, as File.check_unchanged() does"
            )
        for stream in streams.values():
            stream.close()

    def _changed(self, sample: Sample) -> list[str]:
        after = self.change(sample)
        changed = [
            name
            for name in sample.tables
            if name in after and difference(after[name], sample.tables[name])
        ]
        if not changed:
            pytest.fail("change() changed no table of the sample: change the rows of one")
        return changed
