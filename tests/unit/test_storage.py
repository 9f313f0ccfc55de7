import os
from pathlib import Path

import pyarrow.fs as pafs
import pytest
from attrs import Factory, define, evolve
from structlog.testing import capture_logs

from flightstream import (
    ConfigError,
    File,
    NotFound,
    Source,
    Stale,
    Unavailable,
)
from flightstream.storage import listed_once, open_local
from flightstream.storage.objects import LocalObjects


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture(params=["local", "other filesystem"])
def source(request: pytest.FixtureRequest, folder: Path) -> Source:
    """The same folder twice: as the core knows it, and as any other filesystem."""
    if request.param == "local":
        return Source("s", pafs.LocalFileSystem(), str(folder))
    return Source("s", pafs.SubTreeFileSystem(str(folder), pafs.LocalFileSystem()), "")


def put(folder: Path, *names: str, content: str = "x") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def names(source: Source, *patterns: str, ignore_case: bool = False) -> list[str]:
    return [file.name for file in source.files(*patterns, ignore_case=ignore_case)]


def only(source: Source) -> File:
    [file] = source.files("**")
    return file


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.csv", ["a.csv", "b.csv"]),
        ("**/*.csv", ["a.csv", "b.csv", "x/a.csv", "x/y/a.csv"]),
        ("x/**", ["x/a.csv", "x/a.tsv", "x/y/a.csv"]),
        ("x/**/*.csv", ["x/a.csv", "x/y/a.csv"]),
        ("**/y/*", ["x/y/a.csv"]),
        ("x*", []),
        ("?.csv", ["a.csv", "b.csv"]),
        ("x?a.csv", []),
        ("[ab].csv", ["a.csv", "b.csv"]),
        ("[b-z].csv", ["b.csv"]),
        ("[!a].csv", ["b.csv"]),
        ("x[!q]a.csv", []),
        ("[^a].csv", ["a.csv"]),
        ("a.cs", []),
        ("A.CSV", []),
        ("a+csv", []),
        ("[[].csv", []),
        ("a.csv[", []),
        ("", []),
    ],
)
def test_a_pattern_finds_names_in_order(folder, source, pattern, found):
    put(folder, "b.csv", "a.csv", "x/y/a.csv", "x/a.csv", "x/a.tsv", "README")

    assert names(source, pattern) == found


def test_several_patterns_find_a_file_once(folder, source):
    put(folder, "a.csv", "a.tsv")

    assert names(source, "*.csv", "a.*", "*") == ["a.csv", "a.tsv"]


def test_letter_case_matters_unless_told_otherwise(folder, source):
    put(folder, "A.CSV", "b.csv")

    assert names(source, "*.csv") == ["b.csv"]
    assert names(source, "*.csv", ignore_case=True) == ["A.CSV", "b.csv"]


def test_names_with_signs_of_patterns_are_just_names(folder, source):
    put(folder, "[a].csv", "a*b.csv", "q?.csv", "a b.csv", "größe.csv", "-.csv")

    assert names(source, "*.csv") == [
        "-.csv",
        "[a].csv",
        "a b.csv",
        "a*b.csv",
        "größe.csv",
        "q?.csv",
    ]


def test_order_is_by_parts_and_so_the_same_everywhere(folder, source):
    put(folder, "a-b", "a/c", "a.b", "a0")

    assert names(source, "**") == ["a/c", "a-b", "a.b", "a0"]


def test_hidden_files_and_folders_are_left_out(folder, source):
    put(folder, ".a.csv", ".git/a.csv", "x/.y/a.csv", "x/a.csv")

    assert names(source, "**") == ["x/a.csv"]


def test_names_that_cannot_be_shown_are_left_out_with_a_warning(folder, source):
    put(folder, "a.csv", "new\nline.csv")

    with capture_logs() as logs:
        found = names(source, "**")

    assert found == ["a.csv"]
    assert logs == [
        {
            "event": "file_name_unusable",
            "log_level": "warning",
            "source": "s",
            "file": "'new\\nline.csv'",
        }
    ]


def test_a_name_that_is_not_utf8_is_left_out_with_a_warning(folder):
    source = Source("s", pafs.LocalFileSystem(), str(folder))
    put(folder, "a.csv")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.csv")).write_text("x")

    with capture_logs() as logs:
        found = names(source, "**")

    assert found == ["a.csv"]
    assert [(log["event"], log["file"]) for log in logs] == [
        ("file_name_unusable", "'\\udcff.csv'")
    ]


def test_links_to_files_are_followed_and_to_folders_are_not(folder):
    source = Source("s", pafs.LocalFileSystem(), str(folder))
    put(folder, "x/a.csv")
    (folder / "link.csv").symlink_to(folder / "x/a.csv")
    (folder / "loop").symlink_to(folder)

    assert names(source, "**") == ["link.csv", "x/a.csv"]


def test_links_that_lead_nowhere_do_not_hide_the_rest(folder):
    source = Source("s", pafs.LocalFileSystem(), str(folder))
    put(folder, "a.csv")
    (folder / "dangling.csv").symlink_to(folder / "gone")
    (folder / "itself.csv").symlink_to(folder / "itself.csv")

    assert names(source, "**") == ["a.csv"]


def test_pipes_are_not_files(folder):
    source = Source("s", pafs.LocalFileSystem(), str(folder))
    put(folder, "a.csv")
    os.mkfifo(folder / "pipe.csv")

    assert names(source, "**") == ["a.csv"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything: run as another user")
def test_a_folder_that_may_not_be_read_does_not_hide_the_rest(folder):
    source = Source("s", pafs.LocalFileSystem(), str(folder))
    put(folder, "a.csv", "lost+found/b.csv")
    (folder / "lost+found").chmod(0)
    try:
        with capture_logs() as logs:
            found = names(source, "**")
    finally:
        (folder / "lost+found").chmod(0o755)

    assert found == ["a.csv"]
    assert [(log["event"], log["file"]) for log in logs] == [("file_unreadable", "lost+found")]


def test_a_source_that_is_gone_cannot_be_listed(folder, source):
    folder.rmdir()

    with pytest.raises(Unavailable) as caught:
        names(source, "**")

    assert caught.value.message == "the source 's' cannot be listed"


@pytest.mark.parametrize("pattern", ["*.csv", "**/*.csv", "deep/*.csv", "**"])
def test_a_source_may_be_one_file(folder, pattern):
    put(folder, "one.csv", "two.csv")
    source = Source("s", pafs.LocalFileSystem(), str(folder / "one.csv"))

    assert names(source, pattern) == ["one.csv"]
    assert names(source, "*.tsv") == []


def test_a_source_may_be_one_file_of_another_filesystem(folder):
    put(folder, "x/one.csv")
    filesystem = pafs.SubTreeFileSystem(str(folder), pafs.LocalFileSystem())

    assert names(Source("s", filesystem, "x/one.csv"), "**/*.csv") == ["one.csv"]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a.csv", "a"),
        ("x/a.csv.gz", "x/a"),
        ("a.CSV.ZST", "a"),
        ("a.b.csv", "a.b"),
        ("a.gz", "a"),
        ("a", "a"),
        ("x.y/a", "x.y/a"),
    ],
)
def test_a_stem_is_the_name_without_its_suffixes(folder, source, name, stem):
    put(folder, name)

    assert only(source).stem == stem


def test_a_file_is_read_at_any_position(folder, source):
    put(folder, "a.csv", content="hello")
    file = only(source)

    with file.open() as opened:
        opened.seek(1)
        assert opened.read() == b"ello"
    assert file.size == 5
    assert str(folder) not in repr(file)


def test_a_file_that_is_gone_is_not_found(folder, source):
    put(folder, "a.csv")
    file = only(source)
    (folder / "a.csv").unlink()

    with pytest.raises(NotFound) as caught:
        file.open()

    assert caught.value.message == "the file 'a.csv' is gone"


def test_a_file_that_became_a_folder_cannot_be_opened(folder, source):
    put(folder, "a.csv")
    file = only(source)
    (folder / "a.csv").unlink()
    (folder / "a.csv").mkdir()

    with pytest.raises(Unavailable) as caught:
        file.open()

    assert caught.value.message == "the file 'a.csv' cannot be opened"


def append(path: Path) -> None:
    with path.open("a") as file:
        file.write("more")


def replace_with_same_size_and_time(path: Path) -> None:
    status = path.stat()
    other = path.with_name("other")
    other.write_text("y" * status.st_size)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


def rewrite_and_set_the_time_back(path: Path) -> None:
    status = path.stat()
    path.write_text("y" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    "change", [append, Path.unlink, replace_with_same_size_and_time, rewrite_and_set_the_time_back]
)
def test_a_local_file_that_changes_is_stale(folder, change):
    put(folder, "a.csv")
    file = only(Source("s", pafs.LocalFileSystem(), str(folder)))
    file.check_unchanged()

    change(folder / "a.csv")

    assert not file.is_unchanged()
    with pytest.raises(Stale) as caught:
        file.check_unchanged()
    assert caught.value.message == "the file 'a.csv' changed: ask for the flight again"


@pytest.mark.parametrize("change", [append, Path.unlink])
def test_a_file_of_another_filesystem_that_changes_is_stale(folder, change):
    put(folder, "a.csv")
    filesystem = pafs.SubTreeFileSystem(str(folder), pafs.LocalFileSystem())
    file = only(Source("s", filesystem, ""))
    file.check_unchanged()

    change(folder / "a.csv")

    assert not file.is_unchanged()


def test_reading_a_file_leaves_it_unchanged(folder, source):
    put(folder, "a.csv")
    file = only(source)

    with file.open() as opened:
        opened.read()

    assert file.is_unchanged()


def test_version_is_the_same_wherever_the_same_file_lies(folder):
    put(folder, "here/a.csv", "there/a.csv")
    for place in ("here", "there"):
        os.utime(folder / place / "a.csv", ns=(10**18, 10**18))
    versions = [
        only(Source("s", pafs.LocalFileSystem(), str(folder / place))).version
        for place in ("here", "there")
    ]
    other = pafs.SubTreeFileSystem(str(folder / "here"), pafs.LocalFileSystem())

    assert versions == [only(Source("s", other, "")).version] * 2 == ["1-de0b6b3a7640000"] * 2


def test_a_local_uri_is_a_path_or_a_file_uri(folder, monkeypatch):
    put(folder, "a b.csv")
    monkeypatch.chdir(folder)
    whole = str(folder / "a b.csv")

    paths = [open_local(uri) for uri in (whole, "a b.csv", f"file://{folder}/a%20b.csv")]

    assert [storage.path for storage in paths if storage] == [whole] * 3


def test_a_uri_of_another_scheme_is_not_local():
    assert open_local("s3://bucket/prefix") is None


@pytest.mark.parametrize("uri", ["gone", "file:///gone"])
def test_a_folder_that_is_missing_is_named(uri, monkeypatch, folder):
    monkeypatch.chdir(folder)

    with pytest.raises(ConfigError, match=r"^there is no folder or file '.*gone'$"):
        open_local(uri)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything: run as another user")
def test_a_folder_that_may_not_be_read_is_named(folder):
    folder.chmod(0)
    try:
        with pytest.raises(ConfigError, match="may not be read by this process"):
            open_local(str(folder))
    finally:
        folder.chmod(0o755)


@define
class Counting:
    """Notes which folders were listed."""

    below: LocalObjects = Factory(LocalObjects)
    listed: list[tuple[str, bool]] = Factory(list)

    def find(self, path):
        return self.below.find(path)

    def list_below(self, folder, *, deep):
        self.listed.append((folder, deep))
        return self.below.list_below(folder, deep=deep)


@pytest.mark.parametrize(
    ("patterns", "places"),
    [
        (["*.csv"], [("", False)]),
        (["**/*.csv", "a/*.csv"], [("", True)]),
        (["2024/01/*.csv"], [("/2024/01", False)]),
        (["2024/**/*.csv", "2024/01/*.csv", "2025/*.csv"], [("/2024", True), ("/2025", False)]),
        (["20*/*.csv"], [("", True)]),
    ],
)
def test_no_more_is_listed_than_a_pattern_needs(folder, patterns, places):
    for name in ("2024/01/a.csv", "2025/b.csv", "c.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    objects = Counting()
    source = Source("s", pafs.LocalFileSystem(), str(folder), objects)

    found = names(source, *patterns)

    assert objects.listed == [(f"{folder}{place}", deep) for place, deep in places]
    assert found == names(Source("s", pafs.LocalFileSystem(), str(folder)), *patterns)


def test_a_named_folder_that_is_missing_is_empty_and_a_missing_source_is_not(folder, source):
    assert names(source, "nowhere/*.csv") == []
    with pytest.raises(Unavailable):
        names(evolve(source, path=os.path.join(source.path, "gone")), "nowhere/*.csv")


def test_a_storage_may_know_versions_better(folder):
    class Tagged(LocalObjects):
        def find(self, path):
            found = super().find(path)
            return found and evolve(found, version="etag", fingerprint=None)

        def list_below(self, folder, *, deep):
            for one in super().list_below(folder, deep=deep):
                yield evolve(one, version="etag", fingerprint=None)

    (folder / "a.csv").write_text("a")
    file = only(Source("s", pafs.LocalFileSystem(), str(folder), Tagged()))
    (folder / "a.csv").write_text("another")

    assert (file.version, file.is_unchanged()) == ("etag", True)


def test_adapters_that_ask_one_after_another_share_a_listing(folder):
    put(folder, "a.csv", "b.tsv")
    objects = Counting()
    csv, tsv = (Source("s", pafs.LocalFileSystem(), str(folder), objects) for _ in range(2))

    with listed_once():
        found = names(csv, "**/*.csv") + names(tsv, "**/*.tsv")
        put(folder, "c.csv")
        assert names(csv, "**/*.csv") == ["a.csv"]

    assert (found, len(objects.listed)) == (["a.csv", "b.tsv"], 1)
    assert names(csv, "**/*.csv") == ["a.csv", "c.csv"]
