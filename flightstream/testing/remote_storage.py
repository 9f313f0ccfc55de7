"""The conformance kit for storages that are reached over HTTP, which fails at times."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Timer
from typing import Any, ClassVar
from urllib.parse import quote

import pytest
from attrs import evolve

from flightstream.config import load_mapping
from flightstream.errors import FlightStreamError, NotFound, Stale, Unavailable
from flightstream.models import ScanRequest
from flightstream.registry import build_registry
from flightstream.testing.files import FilesAdapter
from flightstream.testing.fixtures import SERVER
from flightstream.testing.plugin_laws.service import SOURCE
from flightstream.testing.sample import StoredFiles
from flightstream.testing.storage import StorageConformance
from flightstream.testing.store_proxy import StoreProxy, StoreRequest

_NAME = "scanned.bin"
_CONTENT = os.urandom(12 * 2**20)
_TOLD = b"<Error><Message>zz-t0ld</Message></Error>"
_FAULTS: Mapping[str, Callable[[StoreRequest], bool]] = {
    "a 503": lambda request: request.answer(503, _TOLD),
    "a 500": lambda request: request.answer(500, _TOLD),
    "half a body": lambda request: request.pass_on(share=0.5),
    "no body": lambda request: request.pass_on(share=0),
    "a connection that breaks off": lambda request: request.break_off(),
}


class RemoteStorageConformance(StorageConformance):
    """The laws of every storage, and those of one whose store fails.

    It reads through a :class:`StoreProxy` that refuses, stays silent, breaks
    off and comes back::

        class TestBucket(RemoteStorageConformance):
            plugin = BucketStorage
            impatient = {"retries": 0, "request_timeout_seconds": 1.0}
            patient = {"retries": 8}

            @pytest.fixture
            def sample(self, store):
                self.store = store
                store.put("lake/a.csv", b"id\\n1\\n")
                return StoredFiles("my://lake", {"a.csv": b"id\\n1\\n"}, {"endpoint": store.url})

            def put(self, sample, name, content):
                self.store.put(f"lake/{name}", content)

            def remove(self, sample, name):
                self.store.remove(f"lake/{name}")

    Attributes:
        impatient: Options that make it give up within a few seconds.
        patient: Options that make it try again for a few seconds.
        endpoint: The option that says where the store is, as an HTTP URL.
        patience_seconds: How long it may take to give up.

    .. versionadded:: 0.1
    """

    impatient: ClassVar[Mapping[str, Any]] = {}
    patient: ClassVar[Mapping[str, Any]] = {}
    endpoint: ClassVar[str] = "endpoint"
    patience_seconds: ClassVar[float] = 30.0

    def put(self, sample: StoredFiles, name: str, content: bytes) -> None:
        """Write a file, as another program does."""
        raise NotImplementedError("override `put(self, sample, name, content)`: write one file")

    def change(self, sample: StoredFiles) -> Mapping[str, bytes]:
        """Write other bytes to the largest file, as many as it had."""
        name = max(sample.files, key=lambda name: len(sample.files[name]))
        changed = bytes(255 - byte for byte in sample.files[name])
        self.put(sample, name, changed)
        return {**sample.files, name: changed}

    @pytest.fixture
    def proxy(self, sample: StoredFiles) -> Iterator[StoreProxy]:
        """Return a proxy before the store of the sample."""
        with StoreProxy.before(sample.options[self.endpoint]) as proxy:
            yield proxy

    @pytest.fixture
    def scan(self, sample: StoredFiles, proxy: StoreProxy) -> Iterator[Callable[..., "Scan"]]:
        """Return a function that begins to read a large file through the proxy."""
        self.put(sample, _NAME, _CONTENT)
        whole = evolve(sample, uri=f"{sample.uri.rstrip('/')}/{_NAME}")
        started = []

        def begin(**options: Any) -> Scan:
            config = self.configured(whole, **{self.endpoint: proxy.url, **options})
            config["sources"][SOURCE]["adapters"] = ["files"]
            plugins = [*self.services, self.plugin, FilesAdapter]
            registry = build_registry(load_mapping(config), plugins)
            registry.startup(SERVER)
            started.append(registry)
            return Scan(registry, self.patience_seconds)

        yield begin
        proxy.fault = None
        for registry in started:
            registry.shutdown()

    @pytest.mark.parametrize("size", [0, 10, len(_CONTENT), 2 * len(_CONTENT)])
    def test_a_file_replaced_while_it_is_read_is_stale(
        self, scan: Callable[..., "Scan"], sample: StoredFiles, size: int
    ) -> None:
        """No scan mixes two states of a file, whatever the sizes."""
        reading = scan(**self.patient)
        reading.block()
        self.put(sample, _NAME, bytes(size))
        reading.fails(Stale, f"a file of {len(_CONTENT)} bytes became one of {size}")

    def test_a_file_removed_while_it_is_read_is_stale(
        self, scan: Callable[..., "Scan"], sample: StoredFiles
    ) -> None:
        """A scan of a file that goes away ends with an error, not early."""
        reading = scan(**self.patient)
        reading.block()
        self.remove(sample, _NAME)
        reading.fails((Stale, NotFound), "a file was removed")

    @pytest.mark.parametrize("fault", _FAULTS)
    def test_a_fault_that_passes_is_not_noticed(
        self, scan: Callable[..., "Scan"], proxy: StoreProxy, fault: str
    ) -> None:
        """What fails once is asked for again."""
        reading, left, spoil = scan(**self.patient), [1], _FAULTS[fault]

        def once(request: StoreRequest) -> bool:
            return _reads_the_file(request) and bool(left and left.pop()) and spoil(request)

        proxy.fault = once
        reading.goes_on(f"after {fault}")
        assert not left, "the file was not asked for by a GET with its name in the path"

    @pytest.mark.parametrize("fault", _FAULTS)
    def test_a_fault_that_stays_ends_the_scan(
        self, scan: Callable[..., "Scan"], proxy: StoreProxy, fault: str
    ) -> None:
        """A store that goes on failing is ``Unavailable``, and never a short file."""
        reading = scan(**self.impatient)
        reading.block()
        spoil = _FAULTS[fault]
        proxy.fault = lambda request: _reads_the_file(request) and spoil(request)
        reading.fails(Unavailable, f"the store answers with {fault}")

    def test_a_silent_store_ends_the_scan_in_time(
        self, scan: Callable[..., "Scan"], proxy: StoreProxy
    ) -> None:
        """A store that takes requests and does not answer holds no scan for ever."""
        reading = scan(**self.impatient)
        reading.block()
        proxy.fault = lambda request: request.stay_silent()
        reading.fails(Unavailable, "the store stays silent")

    def test_a_store_that_is_away_ends_the_scan(
        self, scan: Callable[..., "Scan"], proxy: StoreProxy
    ) -> None:
        """A store that refuses connections is ``Unavailable``."""
        reading = scan(**self.impatient)
        reading.block()
        proxy.stop()
        reading.fails(Unavailable, "the store is away")
        proxy.start()

    def test_a_scan_goes_on_when_the_store_comes_back(
        self, scan: Callable[..., "Scan"], proxy: StoreProxy
    ) -> None:
        """A store that is started again in time is not noticed."""
        reading = scan(**self.patient)
        reading.block()
        proxy.stop()
        timer = Timer(0.5, proxy.start)
        timer.start()
        try:
            reading.goes_on("the store was away for half a second")
        finally:
            timer.join()

    @pytest.mark.parametrize(
        "fault",
        [
            lambda request: request.answer(503, _TOLD),
            lambda request: request.stay_silent(),
            lambda request: request.break_off(),
        ],
        ids=["503", "silence", "broken connections"],
    )
    def test_a_store_that_may_recover_stops_no_start(
        self,
        sample: StoredFiles,
        proxy: StoreProxy,
        fault: Callable[[StoreRequest], bool],
    ) -> None:
        """A server starts before its store; what is there is ``Unavailable`` until then."""
        proxy.fault = fault
        registry = self.built(sample, **{self.endpoint: proxy.url, **self.impatient})
        error = _error(self.patience_seconds, lambda: registry.startup(SERVER))
        assert error is None, f"the server does not start: {error!r}"
        try:
            error = _error(self.patience_seconds, lambda: list(_files(registry)))
        finally:
            registry.shutdown()
        assert isinstance(error, Unavailable), f"a listing ends with {error!r}"
        assert "zz-t0ld" not in str(error), f"what the store said is told: {error}"


class Scan:
    """The stream of one file, read as far as it is asked for."""

    def __init__(self, registry: Any, patience_seconds: float) -> None:
        mount = registry.mounts[0]
        [flight] = mount.list_flights()
        self._batches = mount.stream_batches(flight, ScanRequest())
        self._patience_seconds = patience_seconds
        self._content = b""

    def block(self) -> None:
        """Read the next block."""
        self._content += next(self._batches)["content"][0].as_py()

    def goes_on(self, when: str) -> None:
        """Read to the end: all of the file has come, and nothing else."""
        error = self._end()
        assert error is None, f"{when}, the scan ends with {error!r}"
        assert self._content == _CONTENT, f"{when}, other bytes come"

    def fails(self, error: type[Exception] | tuple[type[Exception], ...], when: str) -> None:
        """Read on until the error comes that has to."""
        found = self._end()
        assert isinstance(found, error), f"{when}, and the scan ends with {found!r}"
        assert "zz-t0ld" not in str(found), f"what the store said is told: {found}"

    def _end(self) -> FlightStreamError | None:
        def read() -> None:
            while True:
                try:
                    self.block()
                except StopIteration:
                    return

        return _error(self._patience_seconds, read)


def _files(registry: Any) -> Iterator[Any]:
    yield from registry.mounts[0].source.files("**/*")


def _reads_the_file(request: StoreRequest) -> bool:
    return request.command == "GET" and quote(_NAME) in request.path.partition("?")[0]


def _error(seconds: float, function: Callable[[], Any]) -> FlightStreamError | None:
    """Return what a function ends with; it goes on without anybody if it takes too long."""
    pool = ThreadPoolExecutor(1)
    try:
        pool.submit(function).result(seconds)
    except TimeoutError:
        raise AssertionError(f"the storage still waits after {seconds:g} seconds") from None
    except FlightStreamError as exc:
        return exc
    finally:
        pool.shutdown(wait=False)
    return None
