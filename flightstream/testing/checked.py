"""The laws, held against data of which nobody said what should be read from it.

What is read first stands in for what is expected, so laws that only say that
again are left out. So are those that need more than a plugin and data.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pyarrow as pa
import pytest

from flightstream.errors import ConfigError, FlightStreamError, Unsupported
from flightstream.plugin import ByteSize
from flightstream.registry import Registry
from flightstream.registry.validate import hook_names
from flightstream.testing.adapter import AdapterConformance
from flightstream.testing.authenticator import AuthenticatorConformance
from flightstream.testing.fixtures import SERVER
from flightstream.testing.observer import ObserverConformance
from flightstream.testing.plugin_laws.base import Laws
from flightstream.testing.sample import Logins, Observed, Sample, StoredFiles
from flightstream.testing.storage import StorageConformance
from flightstream.testing.subject import Subject

MAX_BYTES = ByteSize(64 * 2**20)


class CheckedAdapter(AdapterConformance):
    """An adapter at a source of real data."""

    uri: ClassVar[str | None]
    left_out: ClassVar[frozenset[str]] = frozenset(
        {
            "test_every_expected_flight_is_listed",
            "test_nothing_else_is_listed",
            "test_schema_is_the_expected_one",
            "test_rows_are_the_expected_ones",
        }
    )

    @pytest.fixture(scope="class")
    def sample(self) -> Sample:
        """Return what is read first."""
        return self.found()

    @classmethod
    def found(cls) -> Sample:
        """Read all flights.

        Raises:
            FlightStreamError: There is none, one cannot be read, or they are
                too large to be read many times.
        """
        tables: dict[str, pa.Table] = {}
        uri = _given(cls.uri)
        with _started(cls().built(Sample(uri, {}))) as registry:
            subject = Subject(registry)
            for name in subject.flights():
                try:
                    tables[name] = subject.read(name)
                except FlightStreamError as exc:
                    exc.message = f"the flight {name!r} cannot be read: {exc.message}"
                    raise
                _check_size(sum(table.nbytes for table in tables.values()))
        if not tables:
            raise Unsupported("the adapter lists no flight at this source: nothing can be checked")
        return Sample(uri, tables)


class CheckedStorage(StorageConformance):
    """A storage at a place with files in it."""

    uri: ClassVar[str | None]
    left_out: ClassVar[frozenset[str]] = frozenset(
        {"test_every_file_is_listed", "test_contents_are_right"}
    )

    @pytest.fixture(scope="class")
    def sample(self) -> StoredFiles:
        """Return what is read first."""
        return self.found()

    @classmethod
    def found(cls) -> StoredFiles:
        """Read all files.

        Raises:
            FlightStreamError: There is none, one cannot be read, or they are
                too large to be read many times.
        """
        files: dict[str, bytes] = {}
        uri = _given(cls.uri)
        with _started(cls().built(StoredFiles(uri, {}))) as registry:
            for file in registry.mounts[0].source.files("**/*"):
                _check_size(sum(map(len, files.values())) + file.size)
                with file.open() as opened:
                    files[file.name] = opened.read()
        if not files:
            raise Unsupported("the storage lists no file at this source: nothing can be checked")
        return StoredFiles(uri, files)


class CheckedAuthenticator(AuthenticatorConformance):
    """An authenticator, of which nobody said what it accepts."""

    left_out: ClassVar[frozenset[str]] = frozenset(
        {
            "test_accepted_credentials_tell_who_asks",
            "test_the_same_credentials_tell_the_same",
            "test_wrong_credentials_are_refused",
            "test_tampered_credentials_are_refused",
            "test_another_header_proves_nothing",
            "test_refusals_tell_nothing",
            "test_credentials_are_not_logged",
            "test_identities_are_plain",
            "test_sixteen_threads_authenticate",
            "test_accepted_credentials_read_from_a_server",
        }
    )

    @pytest.fixture
    def sample(self) -> Logins:
        """Return no credentials."""
        return Logins((), ())

    @classmethod
    def found(cls) -> None:
        """Read nothing, but see that the options are right."""
        cls().built(Logins((), ()))


class CheckedObserver(ObserverConformance):
    """An observer, of which nobody said where it writes."""

    left_out: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def found(cls) -> None:
        """Read nothing, but see that the options are right."""
        cls().built(Observed())


def kits_of(plugin: type[Any]) -> Iterator[type[Laws]]:
    """Yield the kits whose hooks a plugin class has."""
    hooks, _ = hook_names(plugin)
    for hook, kit in _KITS.items():
        if hook in hooks:
            yield kit


_KITS: dict[str, type[Laws]] = {
    "stream_batches": CheckedAdapter,
    "open_storage": CheckedStorage,
    "authenticate": CheckedAuthenticator,
    "on_call_finished": CheckedObserver,
}


def _given(uri: str | None) -> str:
    if uri is None:
        raise ConfigError("this kind of plugin is checked on data: give --source URI")
    return uri


@contextmanager
def _started(registry: Registry) -> Iterator[Registry]:
    registry.startup(SERVER)
    try:
        yield registry
    finally:
        registry.shutdown()


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise Unsupported(
            f"the source has more than {MAX_BYTES}, and the laws read it many times: give a"
            " smaller one"
        )
