"""Adapters that each break one law of errors, options, resources or threads."""

import threading
import time
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pyarrow as pa
import structlog
from arrow_adapter import ArrowAdapter

from flightstream import InvalidData, NotFound, Secret, adapter, hookimpl, option

log = structlog.get_logger()


@adapter
class RaisesKeyErrors(ArrowAdapter):
    @hookimpl
    def find_flight(self, name):
        raise KeyError(name) if name[-1].isalnum() else NotFound("no such flight")


@adapter
class AsksTheSystem(ArrowAdapter):
    """Gives any name to the file system."""

    @hookimpl
    def find_flight(self, name):
        Path("/".join(name)).stat() if len(name[-1]) > 255 else None


@adapter
class TellsPaths(ArrowAdapter):
    @hookimpl
    def find_flight(self, name):
        raise NotFound(f"nothing at {self.source.path}/{name[-1]}")


@adapter
class FailsWithoutData(ArrowAdapter):
    @hookimpl
    def get_schema(self, flight):
        with open(flight.origin.path, "rb") as file:
            return self.opened(file).schema


@adapter
class TellsWhatVanished(ArrowAdapter):
    @hookimpl
    def get_schema(self, flight):
        try:
            return ArrowAdapter.get_schema(self, flight)
        except NotFound as exc:
            raise NotFound(f"{flight.origin.path} is gone") from exc


@adapter
class FailsOnFaults(ArrowAdapter):
    def opened(self, file):
        return pa.ipc.open_file(file)


@adapter
class ListsByOpening(ArrowAdapter):
    """One file that cannot be opened hides all others."""

    @hookimpl
    def list_flights(self):
        flights = list(ArrowAdapter.list_flights(self))
        for flight in flights:
            if not ArrowAdapter.get_schema(self, flight):
                return []
        return flights


@adapter
class Silent(ArrowAdapter):
    extra: int = option(1, help=" ")


@adapter
class TakesAnything(ArrowAdapter):
    extra: Any = option(1, help="anything")


@adapter
class Unbounded(ArrowAdapter):
    extra: int = attrs.field(
        default=5,
        metadata={
            "flightstream.option": option(1, help="x", minimum=1).metadata["flightstream.option"]
        },
    )


@adapter
class WrongDefault(ArrowAdapter):
    extra: int = option("five", help="a number")  # type: ignore[assignment]


class Thing(dict[str, str]):
    def __repr__(self) -> str:
        return f"<Thing at {id(self)}>"


@adapter
class Unreadable(ArrowAdapter):
    extra: dict[str, str] = option(factory=Thing, help="without a repr of its own")


@adapter
class PlainPassword(ArrowAdapter):
    password: str = option("", help="to log in")


@adapter
class ShowsSecret(ArrowAdapter):
    key: Secret | None = option(None, help="to log in")

    def __repr__(self) -> str:
        return f"ShowsSecret({self.key.reveal() if self.key else None})"


@adapter
class LogsSecret(ArrowAdapter):
    key: Secret | None = option(None, help="to log in")

    @hookimpl
    def on_startup(self):
        if self.key:
            log.info("logging_in", key=self.key.reveal())


@adapter
class OpensEarly(ArrowAdapter):
    def __attrs_post_init__(self) -> None:
        self._kept = open("/dev/null")  # noqa: SIM115

    _kept: Any = attrs.field(default=None, init=False)

    @hookimpl
    def on_shutdown(self):
        self._kept.close()


@adapter
class LeavesAThread(ArrowAdapter):
    @hookimpl
    def on_startup(self):
        threading.Thread(target=time.sleep, args=(20,), daemon=True, name="left").start()


KEPT: list[Any] = []


@adapter
class LeaksSchemas(ArrowAdapter):
    @hookimpl
    def get_schema(self, flight):
        KEPT.append(flight.origin.open())
        return pa.ipc.open_file(KEPT[-1]).schema

    @hookimpl
    def on_shutdown(self):
        while KEPT:
            KEPT.pop().close()


class Leaky(ArrowAdapter):
    """Closes only what it knows of, and that at the end."""

    @hookimpl
    def on_shutdown(self):
        while KEPT:
            KEPT.pop().close()


@adapter
class LeaksAtTheEnd(Leaky):
    @hookimpl
    def stream_batches(self, flight):
        file = flight.origin.open()
        try:
            yield from self.batches(flight, file)
        except BaseException:
            file.close()
            raise
        KEPT.append(file)


@adapter
class LeaksWhenClosed(Leaky):
    @hookimpl
    def stream_batches(self, flight):
        file = flight.origin.open()
        KEPT.append(file)
        try:
            yield from self.batches(flight, file)
        except Exception:
            file.close()
            raise
        file.close()


@adapter
class LeaksWhenFailing(Leaky):
    @hookimpl
    def stream_batches(self, flight):
        file = flight.origin.open()
        try:
            yield from self.batches(flight, file)
        except Exception:
            KEPT.append(file)
            raise
        finally:
            if file not in KEPT:
                file.close()


@adapter
class OpensWhenCalled(Leaky):
    @hookimpl
    def stream_batches(self, flight):
        file = flight.origin.open()
        KEPT.append(file)

        def read():
            with file:
                yield from self.batches(flight, file)

        return read()


@adapter
class NeedsItsThread(ArrowAdapter):
    """As sqlite3 does, which refuses to be used on another thread."""

    @hookimpl
    def stream_batches(self, flight):
        own = threading.get_ident()
        for batch in ArrowAdapter.stream_batches(self, flight, None):
            if threading.get_ident() != own:
                raise RuntimeError("another thread")
            yield batch


@adapter
class Crowded(ArrowAdapter):
    """Counts who is inside."""

    _inside: int = attrs.field(default=0, init=False)
    hook: ClassVar[str] = ""

    def enter(self, hook):
        if hook != self.hook:
            return
        self._inside += 1
        time.sleep(0.02)
        inside, self._inside = self._inside, self._inside - 1
        if inside > 8:
            raise RuntimeError("too many")

    @hookimpl
    def list_flights(self):
        self.enter("list_flights")
        return list(ArrowAdapter.list_flights(self))

    @hookimpl
    def get_schema(self, flight):
        self.enter("get_schema")
        return ArrowAdapter.get_schema(self, flight)

    @hookimpl
    def stream_batches(self, flight):
        self.enter("stream_batches")
        yield from ArrowAdapter.stream_batches(self, flight, None)


@adapter
class CrowdedLists(Crowded):
    hook: ClassVar[str] = "list_flights"


@adapter
class CrowdedSchemas(Crowded):
    hook: ClassVar[str] = "get_schema"


@adapter
class CrowdedStreams(Crowded):
    hook: ClassVar[str] = "stream_batches"


@adapter
class TellsWhereFaulty(ArrowAdapter):
    @hookimpl
    def get_schema(self, flight):
        try:
            return ArrowAdapter.get_schema(self, flight)
        except InvalidData as exc:
            raise InvalidData(f"{flight.origin.path} is no Arrow file") from exc
