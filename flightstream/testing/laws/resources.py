"""Laws of resources: what is opened is closed, and nothing is opened too soon."""

import json
import subprocess
import sys
from collections import Counter
from contextlib import closing, suppress

from flightstream.errors import FlightStreamError
from flightstream.testing.fixtures import SERVER
from flightstream.testing.handles import PATIENCE_SECONDS, held, still_held
from flightstream.testing.laws.base import AdapterLaws, fullest
from flightstream.testing.process import clean_environment
from flightstream.testing.sample import Sample
from flightstream.testing.subject import Subject

_IMPORT = """
import json, sys
import flightstream
from flightstream.testing.child import _load
from flightstream.testing.handles import held, still_held
before = held()
_load(**json.loads(sys.argv[1]))
print(json.dumps(still_held(before, 0.2)))
"""


class ResourceLaws(AdapterLaws):
    """What holds for files, sockets and threads."""

    def test_importing_opens_nothing(self) -> None:
        """Importing the plugin's module opens no file or socket and starts no thread."""
        module = self.adapter.__module__
        plugin = {
            "module": module,
            "file": getattr(sys.modules[module], "__file__", None),
            "name": self.adapter.__qualname__,
        }
        done = subprocess.run(
            [sys.executable, "-P", "-c", _IMPORT, json.dumps(plugin)],
            env=clean_environment({"PYTHONPATH": ":".join(path or "." for path in sys.path)}),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{module} cannot be imported alone: {done.stderr}"
        opened = json.loads(done.stdout.splitlines()[-1])
        assert not opened, f"importing {module} opens {opened}: do it in on_startup"

    def test_building_opens_nothing(self, sample: Sample) -> None:
        """An instance opens nothing before ``on_startup``: ``flightstream check`` builds it too."""
        self.built(sample)  # what is loaded on first use
        before = held()
        built = self.built(sample)
        opened = sorted(held() - before)
        del built
        assert not opened, f"building the adapter opens {opened}: do it in on_startup"

    def test_shutdown_closes_everything(self, sample: Sample) -> None:
        """After ``on_shutdown`` nothing is open that was not before ``on_startup``."""
        before = held()
        registry = self.built(sample)
        registry.startup(SERVER)
        subject = Subject(registry)
        for name in subject.flights():
            list(subject.stream(name))
        registry.shutdown()
        left = still_held(before)
        assert not left, f"after on_shutdown, still open: {left}"

    def test_listing_closes_everything(self, subject: Subject) -> None:
        """Listing, and asking for schemas, leaves nothing open."""
        for name in subject.flights():
            subject.schema(name)
        before = held()
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
    return held()
