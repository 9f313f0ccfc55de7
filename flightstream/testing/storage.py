"""The conformance kit for plugins that open storages."""

import gc
from collections.abc import Callable, Mapping

import pytest
from attrs import evolve
from hypothesis import strategies as st

from flightstream.errors import FlightStreamError, NotFound
from flightstream.registry import Registry
from flightstream.storage import File, Source
from flightstream.testing.examples import for_all
from flightstream.testing.files import FilesAdapter
from flightstream.testing.handles import held_at_first, still_held
from flightstream.testing.plugin_laws import ServiceLaws
from flightstream.testing.plugin_laws.service import SOURCE
from flightstream.testing.sample import StoredFiles
from flightstream.testing.serve import Served
from flightstream.testing.threads import at_once

_PASSWORD = "zz-passw0rd"


class StorageConformance(ServiceLaws):
    """The laws that every plugin with ``open_storage`` keeps.

    ::

        class TestZip(StorageConformance):
            plugin = ZipStorage

            @pytest.fixture
            def sample(self, tmp_path):
                with ZipFile(tmp_path / "a.zip", "w") as archive:
                    archive.writestr("2024/orders.csv", "id\\n1\\n")
                uri = f"zip://{tmp_path}/a.zip"
                return StoredFiles(uri, {"2024/orders.csv": b"id\\n1\\n"})

    A sample that shows most has an empty file, one of a few kilobytes, and one
    in a folder. Laws that need more are skipped, and say what to give:
    ``change`` and ``remove``.

    Attributes:
        plugin: The class under test.
        options: Its options, as in ``[plugins.NAME]``.
        services: Service plugins that it needs.

    .. versionadded:: 0.1
    """

    @pytest.fixture
    def sample(self) -> StoredFiles:
        """Return a URI and the files that are there."""
        pytest.fail("give a fixture `sample` that returns StoredFiles(uri, {name: content})")

    def change(self, sample: StoredFiles) -> Mapping[str, bytes]:
        """Change the content of a file, and return all files as they are from then on."""
        pytest.skip("override `change(self, sample)`: change a file, return all contents anew")

    def remove(self, sample: StoredFiles, name: str) -> None:
        """Remove a file."""
        pytest.skip("override `remove(self, sample, name)`: remove one file")

    @pytest.fixture
    def source(self, start: Callable[..., Registry]) -> Source:
        """Return the place as an adapter gets it."""
        return start().mounts[0].source

    def use(self, registry: Registry, sample: StoredFiles) -> None:
        """List and read all files."""
        for file in registry.mounts[0].source.files("**/*"):
            _read(file)

    def _live(self, sample: StoredFiles) -> None:
        super()._live(sample)
        # Arrow's filesystems have no close(): they are closed once nobody holds them.
        gc.collect()

    def uri_of(self, sample: StoredFiles) -> str:
        """Return the place that the plugin opens."""
        return sample.uri

    def test_every_file_is_listed(self, source: Source, sample: StoredFiles) -> None:
        """Every file is listed once, in order, under its path in the place."""
        found = [file.name for file in source.files("**/*")]
        expected = sorted(sample.files, key=lambda name: name.split("/"))
        assert found == expected, f"listed are {found}, expected {expected}"

    def test_sizes_are_right(self, source: Source, sample: StoredFiles) -> None:
        """Each file is listed with its size."""
        for file in source.files("**/*"):
            size = len(sample.files[file.name])
            assert file.size == size, f"{file.name!r} has {size} bytes, listed with {file.size}"

    def test_contents_are_right(self, source: Source, sample: StoredFiles) -> None:
        """Each file read whole has its content."""
        for file in source.files("**/*"):
            assert _read(file) == sample.files[file.name], f"{file.name!r} has another content"

    def test_any_part_is_read(self, source: Source, sample: StoredFiles) -> None:
        """From any position any number of bytes is read; beyond the end, none."""
        files = list(source.files("**/*"))

        def check(data: st.DataObject) -> None:
            file = data.draw(st.sampled_from(files), "file")
            start = data.draw(st.integers(0, file.size + 2), "start")
            number = data.draw(st.integers(0, file.size + 2), "number")
            with file.open() as opened:
                opened.seek(min(start, file.size))
                found = opened.read(number)
            expected = sample.files[file.name][start : start + number]
            assert found == expected, (
                f"{number} bytes of {file.name!r} from {start} are {found!r}, not {expected!r}"
            )

        for_all(check)

    def test_a_pattern_chooses(self, source: Source, sample: StoredFiles) -> None:
        """The pattern of a folder finds what is in it, and nothing else."""
        for folder in {name.rpartition("/")[0] for name in sample.files if "/" in name}:
            found = [file.name for file in source.files(f"{folder}/**")]
            expected = [name for name in sample.files if name.startswith(f"{folder}/")]
            assert sorted(found) == sorted(expected), f"{folder}/** finds {found}, not {expected}"

    def test_listing_is_repeatable(self, start: Callable[..., Registry]) -> None:
        """Listed again, and by another server, files have the same versions."""
        one, other = (start().mounts[0].source for _ in range(2))
        versions = [[(f.name, f.version) for f in s.files("**/*")] for s in (one, one, other)]
        assert versions[0] == versions[1], "listed again, files have other versions"
        assert versions[0] == versions[2], "another server gives files other versions"

    def test_a_file_can_be_a_source(
        self, start: Callable[..., Registry], sample: StoredFiles
    ) -> None:
        """The URI of a file is a source with that file."""
        for name, content in sample.files.items():
            registry = self.built(evolve(sample, uri=f"{sample.uri.rstrip('/')}/{name}"))
            found = list(registry.mounts[0].source.files("*"))
            assert [file.name for file in found] == [name.rpartition("/")[2]], (
                f"the URI of {name!r} gives the files {found}"
            )
            assert _read(found[0]) == content, f"the URI of {name!r} gives another content"

    def test_files_stay_unchanged(self, source: Source) -> None:
        """A file that nobody touched is not taken for another, so no scan breaks off."""
        for file in source.files("**/*"):
            _read(file)
            assert file.is_unchanged(), f"{file.name!r} is said to have changed, and has not"

    def test_changed_files_are_noticed(self, source: Source, sample: StoredFiles) -> None:
        """A file that changed has another version, and scans of the old one end."""
        before = {file.name: file for file in source.files("**/*")}
        after = self.change(sample)
        for file in source.files("**/*"):
            if after[file.name] == sample.files.get(file.name):
                continue
            old = before[file.name]
            assert not old.is_unchanged(), f"{file.name!r} changed, and is_unchanged() says no"
            assert file.version != old.version, f"{file.name!r} changed, its version did not"
            assert _read(file) == after[file.name], f"{file.name!r} changed, and reads as before"

    def test_a_file_that_is_gone_is_not_found(self, source: Source, sample: StoredFiles) -> None:
        """A file that went after it was listed is ``NotFound`` when it is opened."""
        for file in list(source.files("**/*")):
            self.remove(sample, file.name)
            try:
                _read(file)
            except NotFound:
                continue
            except FlightStreamError as exc:
                raise AssertionError(f"{file.name!r} is gone, and gives {exc!r}") from exc
            raise AssertionError(f"{file.name!r} is gone, and is read all the same")

    def test_a_path_that_is_not_there_is_not_found(self, source: Source) -> None:
        """The filesystem says ``FileNotFoundError`` for what is not there."""
        for path in ("zz-missing", "zz-missing/deeper"):
            whole = f"{source.path.rstrip('/')}/{path}"
            try:
                source.filesystem.open_input_file(whole).close()
            except FileNotFoundError:
                continue
            except Exception as exc:
                raise AssertionError(
                    f"what is not there gives {exc!r}: FileNotFoundError becomes NotFound"
                ) from exc
            raise AssertionError(f"{path!r} is not there, and can be opened")

    def test_other_schemes_are_left_to_others(self, sample: StoredFiles) -> None:
        """A URI of another scheme gives ``None``, for another plugin may know it."""
        told = self._refusal(sample, "zz-unknown://place")
        assert "no plugin opens zz-unknown://" in told, (
            f"for zz-unknown://place it is said {told!r}: return None"
        )

    def test_malformed_uris_are_refused(self, sample: StoredFiles) -> None:
        """A URI with nothing or nonsense behind its scheme is no failure of the plugin."""
        scheme = sample.uri.partition("://")[0]
        for rest in ("", "/", "%", "[", "a b", "größe", "?x", "#x", "x" * 5000, "..", "\0"):
            told = self._refusal(sample, f"{scheme}://{rest}")
            assert "failed in open_storage" not in told, (
                f"open_storage breaks at {scheme}://{rest[:20]}: raise ConfigError ({told[:300]})"
            )

    def test_passwords_in_uris_are_not_told(self, sample: StoredFiles) -> None:
        """What is said of a URI that cannot be opened leaves out the password in it."""
        scheme, _, rest = sample.uri.partition("://")
        told = self._refusal(sample, f"{scheme}://user:{_PASSWORD}@{rest}")
        assert _PASSWORD not in told, f"a password is told: {told}"

    def test_sixteen_threads_read(self, source: Source, sample: StoredFiles) -> None:
        """Sixteen threads that read one file at once all get its content."""
        file = max(source.files("**/*"), key=lambda file: file.size)
        for content in at_once(lambda: _read(file)):
            assert content == sample.files[file.name], f"{file.name!r} is mixed up by threads"

    def test_reading_closes_everything(self, source: Source) -> None:
        """Files that were read, to the end or not, leave nothing open."""
        files = list(source.files("**/*"))
        for file in files:
            _read(file)
        before = held_at_first()
        for file in files:
            _read(file)
            with file.open() as opened:
                opened.read(1)
        left = still_held(before)
        assert not left, f"after reading, still open: {left}"

    def test_files_are_served(
        self, start_server: Callable[..., Served], sample: StoredFiles
    ) -> None:
        """A client of a real server reads every file."""
        config = self.configured(sample)
        config["sources"][SOURCE]["adapters"] = ["files"]
        served = start_server(*self.services, self.plugin, FilesAdapter, config=config)
        for name, content in sample.files.items():
            found = served.client.read(f"{SOURCE}/{name}")["content"].to_pylist()
            assert b"".join(found) == content, f"{name!r} over the wire has another content"

    def _refusal(self, sample: StoredFiles, uri: str) -> str:
        """Return what an operator is told of another URI; nothing, if it can be listed.

        One level of it: it may be a whole disk.
        """
        try:
            source = self.built(evolve(sample, uri=uri)).mounts[0].source
            list(source.files("*"))
        except FlightStreamError as exc:
            return exc.message
        return ""


def _read(file: File) -> bytes:
    with file.open() as opened:
        content: bytes = opened.read()
    return content
