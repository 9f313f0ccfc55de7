"""Laws of failure: the right code, and nothing of the server in the message."""

import os
from collections.abc import Callable
from typing import Any

from flightstream.errors import (
    FlightStreamError,
    InvalidCommand,
    InvalidData,
    NotFound,
    Stale,
    Unavailable,
)
from flightstream.models import ScanRequest
from flightstream.testing.adapter_laws.base import AdapterLaws
from flightstream.testing.sample import Sample
from flightstream.testing.subject import CLIENT, SOURCE, Subject
from flightstream.testing.told import told

HOSTILE = (
    "..", "../../etc/passwd", "a/../../b", "/", "//", ".", "a//b", "%2e%2e/x", "..\\..\\x",
    "\0", "a\0b", "a\nb", "x" * 300, "x/" * 500 + "x", "*", "**/*", "[a-", "{", "'; DROP TABLE x",
    "$(id)", "~root", "C:\\x", "\u202ereversed", "\ud7ff", "nul", "-rf",
)  # fmt: skip


class ErrorLaws(AdapterLaws):
    """What holds when something is not there, or not right."""

    def test_unknown_names_are_not_found(self, subject: Subject) -> None:
        """A name near to that of a flight is not found."""
        service = subject.service()
        for name in subject.flights():
            nears = {f"{name}x", f"x{name}", name.swapcase(), f"{name}/x"}
            for near in sorted(nears - _served(subject)):
                error = _error(service.get_flight, CLIENT, _path(near))
                assert isinstance(error, NotFound), (
                    f"the unknown flight {near!r} gives {_shown(error)}, not NotFound"
                )

    def test_hostile_names_are_refused(self, subject: Subject) -> None:
        """A name made to do harm is not found or no command, and nothing worse."""
        service = subject.service()
        for name in HOSTILE:
            error = _error(service.get_flight, CLIENT, _path(name))
            assert isinstance(error, NotFound | InvalidCommand), (
                f"the name {name[:40]!r} gives {_shown(error)}, not NotFound"
            )

    def test_errors_of_names_leak_nothing(self, subject: Subject, sample: Sample) -> None:
        """What a client is told of an unknown name holds no path of the server."""
        service = subject.service()
        for name in (*HOSTILE, "unknown", "deep/unknown"):
            error = _error(service.get_flight, CLIENT, _path(name))
            _check_secret(error, sample)

    def test_vanished_data_is_told(self, subject: Subject, sample: Sample) -> None:
        """Data that went after it was listed is ``NotFound``, ``Stale`` or ``Unavailable``."""
        for name, flight in subject.flights().items():
            self.remove(sample, name)
            for hook in ("get_schema", "stream_batches"):
                error = _error(_use, subject, flight, hook)
                assert error is None or isinstance(error, NotFound | Stale | Unavailable), (
                    f"{hook} of {name!r}, whose data is gone, gives {_shown(error)}"
                )

    def test_errors_of_vanished_data_leak_nothing(self, subject: Subject, sample: Sample) -> None:
        """What a client is told of data that went holds no path of the server."""
        for name, flight in subject.flights().items():
            self.remove(sample, name)
            for hook in ("get_schema", "stream_batches"):
                error = _error(_use, subject, flight, hook)
                _check_secret(error, sample)

    def test_faulty_data_is_invalid_data(self, subject: Subject, sample: Sample) -> None:
        """Data that does not fit is ``InvalidData``, not a failure of the plugin."""
        name = self.spoil(sample)
        error = _error(subject.read, name)
        assert isinstance(error, InvalidData), f"{name!r} gives {_shown(error)}, not InvalidData"

    def test_errors_of_faulty_data_leak_nothing(self, subject: Subject, sample: Sample) -> None:
        """What a client is told of data that does not fit holds no path of the server."""
        name = self.spoil(sample)
        _check_secret(_error(subject.read, name), sample)

    def test_a_faulty_flight_disturbs_no_other(self, subject: Subject, sample: Sample) -> None:
        """Beside data that does not fit, the other flights are listed and read."""
        self.spoil(sample)
        missing = sample.tables.keys() - subject.flights().keys()
        assert not missing, f"beside a faulty flight, {sorted(missing)} are not listed any more"
        for name in sample.tables:
            error = _error(subject.read, name)
            assert error is None, f"beside a faulty flight, {name!r} gives {_shown(error)}"


def _served(subject: Subject) -> set[str]:
    return {"/".join(entry.path[1:]) for entry in subject.service().list_flights(CLIENT, b"")}


def _path(name: str) -> list[bytes]:
    return [SOURCE.encode(), *(part.encode() for part in name.split("/"))]


def _use(subject: Subject, flight: Any, hook: str) -> None:
    if hook == "get_schema":
        subject.mount.get_schema(flight)
    else:
        list(subject.mount.stream_batches(flight, ScanRequest()))


def _error(call: Callable[..., object], *arguments: Any) -> FlightStreamError | None:
    try:
        call(*arguments)
    except FlightStreamError as exc:
        return exc
    return None


def _shown(error: FlightStreamError | None) -> str:
    return "no error" if error is None else told(error)


def _check_secret(error: FlightStreamError | None, sample: Sample) -> None:
    if error is None:
        return
    told = f"{error.message} {error.details()}"
    place = str(sample.uri)
    whole = os.path.isabs(place) or "://" in place
    assert not whole or place not in told, (
        f"a client is told where the source is, {told!r}: name the flight instead"
    )
