"""Laws of threads: hooks are called on any thread, and on many at once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import cycle

import pyarrow as pa

from flightstream.errors import FlightStreamError
from flightstream.testing.adapter_laws.base import AdapterLaws, fullest
from flightstream.testing.compare import difference
from flightstream.testing.sample import Sample
from flightstream.testing.subject import Subject
from flightstream.testing.threads import THREADS, at_once
from flightstream.testing.told import told


class ThreadLaws(AdapterLaws):
    """What holds when a server is busy."""

    def test_sixteen_threads_read(self, subject: Subject, sample: Sample) -> None:
        """Sixteen threads that read one flight at once all get its rows."""
        name = fullest(sample)
        for found in at_once(lambda: subject.read(name)):
            problem = difference(found, sample.tables[name])
            assert not problem, f"{name!r} read by {THREADS} threads at once: {problem}"

    def test_sixteen_threads_list(self, subject: Subject) -> None:
        """Sixteen threads that list at once get the same."""
        expected = sorted(subject.flights())
        for found in at_once(lambda: sorted(subject.flights())):
            assert found == expected, f"listed by {THREADS} threads at once: {found}"

    def test_sixteen_threads_ask_for_a_new_schema(self, subject: Subject, sample: Sample) -> None:
        """Sixteen threads that ask first for a schema, at once, get the same."""
        name = fullest(sample)
        flight = subject.flights()[name]
        schemas = at_once(lambda: subject.mount.get_schema(flight))
        assert all(schema.equals(schemas[0], check_metadata=True) for schema in schemas), (
            f"get_schema of {name!r} gives {THREADS} threads at once different schemas"
        )

    def test_a_stream_moves_between_threads(self, subject: Subject, sample: Sample) -> None:
        """Each batch of a stream may be asked for on another thread."""
        name = fullest(sample)
        batches: list[pa.RecordBatch] = []
        # Both live to the end: a new thread may get the identity of one that has ended.
        with (
            ThreadPoolExecutor(1) as one,
            ThreadPoolExecutor(1) as other,
            closing(subject.stream(name)) as stream,
        ):
            for pool in cycle((one, other)):
                try:
                    batch = pool.submit(next, stream, None).result()
                except FlightStreamError as exc:
                    raise AssertionError(
                        f"batch {len(batches)} of {name!r}, asked for on another thread, gives"
                        f" {told(exc)}"
                    ) from exc
                if batch is None:
                    break
                batches.append(batch)
        found = pa.Table.from_batches(batches, subject.schema(name))
        problem = difference(found, sample.tables[name])
        assert not problem, f"{name!r} read by a thread for each batch: {problem}"
