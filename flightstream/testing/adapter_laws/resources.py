"""Laws of resources: what a listing or a stream opens is closed."""

from collections import Counter
from contextlib import closing, suppress

from flightstream.errors import FlightStreamError
from flightstream.testing.adapter_laws.base import AdapterLaws, fullest
from flightstream.testing.handles import PATIENCE_SECONDS, held_at_first, still_held
from flightstream.testing.sample import Sample
from flightstream.testing.subject import Subject


class ResourceLaws(AdapterLaws):
    """What holds for files, sockets and threads, while a server runs."""

    def test_listing_closes_everything(self, subject: Subject) -> None:
        """Listing, and asking for schemas, leaves nothing open."""
        for name in subject.flights():
            subject.schema(name)
        before = held_at_first()
        for name in subject.flights():
            subject.schema(name)
        left = still_held(before)
        assert not left, f"after listing and get_schema, still open: {left}"

    def test_reading_closes_everything(self, subject: Subject, sample: Sample) -> None:
        """A stream that was read to its end leaves nothing open."""
        before = _used(subject, sample)
        for name in subject.flights():
            stream = subject.stream(name)
            for _ in stream:
                pass
            left = still_held(before)
            assert not left, f"after all of {name!r} was read, still open: {left}"

    def test_early_close_frees_everything(self, subject: Subject, sample: Sample) -> None:
        """A stream that is closed early frees all it holds within a second."""
        before = _used(subject, sample)
        with closing(subject.stream(fullest(sample))) as stream:
            next(stream)
        left = still_held(before)
        assert not left, (
            f"{PATIENCE_SECONDS:g} s after a stream was closed, still open: {left}; yield inside"
            " `with`, or close in `finally`"
        )

    def test_a_stream_never_read_holds_nothing(self, subject: Subject, sample: Sample) -> None:
        """A stream that is closed before its first batch frees all it holds."""
        before = _used(subject, sample)
        name = fullest(sample)
        flight = subject.flights()[name]
        hook = subject.mount.manager.hook.stream_batches
        stream = hook(flight=flight, request=subject.scan(name).plan.request)
        if close := getattr(stream, "close", None):
            close()
        left = still_held(before)
        assert not left, f"a stream that nobody read holds {left}: open inside the generator"

    def test_a_failing_stream_frees_everything(self, subject: Subject, sample: Sample) -> None:
        """A stream that ends with an error leaves nothing open."""
        before = _used(subject, sample)
        name = self.spoil(sample)
        with suppress(FlightStreamError):
            list(subject.stream(name))
        left = still_held(before)
        assert not left, f"after a stream of {name!r} that failed, still open: {left}"


def _used(subject: Subject, sample: Sample) -> Counter[str]:
    """Return what is held once pools and caches are filled."""
    for name in sample.tables:
        list(subject.stream(name))
    return held_at_first()
