"""Whatever is read of an object by ranges is what is in it."""

import io

import pyarrow as pa
import pyarrow.fs as pafs
import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from flightstream import Stale, StoredObject, ranged_filesystem

CONTENT = bytes(range(256)) * 40


@define(eq=False)
class Objects:
    """One object, ``bucket/a``, and the ranges that were asked for."""

    content: bytes = CONTENT
    ranges: list[tuple[int, int]] = field(factory=list)

    def find(self, path):
        return StoredObject(path, len(CONTENT), "1") if path == "bucket/a" else None

    def list_below(self, folder, *, deep):
        return [StoredObject(f"{folder}/a", len(CONTENT), "1")]

    def read(self, stored, start, length):
        assert 0 <= start < start + length <= stored.size
        self.ranges.append((start, length))
        return self.content[start : start + length]


def opened(objects: Objects) -> pa.NativeFile:
    return ranged_filesystem(objects).open_input_file("bucket/a")


SIZES = st.integers(0, len(CONTENT) + 5)


@given(st.lists(st.one_of(SIZES.map(lambda n: ("read", n)), SIZES.map(lambda n: ("seek", n)))))
def test_reads_and_seeks_give_what_a_file_in_memory_gives(steps):
    file, expected = opened(Objects()), io.BytesIO(CONTENT)

    for step, number in steps:
        if step == "seek":
            file.seek(number)
            expected.seek(number)
        else:
            assert file.read(number) == expected.read(number)
        assert file.tell() == expected.tell()


@given(st.lists(st.tuples(SIZES, SIZES), max_size=10))
def test_reads_at_a_place_give_that_place(reads):
    file = opened(Objects())

    for offset, size in reads:
        assert file.read_at(size, min(offset, len(CONTENT))) == CONTENT[offset:][:size]


def test_reading_on_takes_ever_larger_ranges():
    objects = Objects()
    file = opened(objects)

    while file.read(100):
        pass

    assert [length for _, length in objects.ranges[:4]] == [100, 200, 400, 800]
    assert sum(length for _, length in objects.ranges) == len(CONTENT)


def test_reading_here_and_there_takes_what_is_asked_for():
    objects = Objects()
    file = opened(objects)

    for offset in (5000, 100, 9000):
        file.read_at(10, offset)

    assert objects.ranges == [(5000, 10), (100, 10), (9000, 10)]


def test_range_that_comes_short_is_an_error():
    file = opened(Objects(content=CONTENT[:50]))

    with pytest.raises(OSError, match="a range of 100 bytes came with 50"):
        file.read(100)


def test_what_the_store_raises_passes_through():
    class Gone(Objects):
        def read(self, stored, start, length):
            raise Stale("a file changed while it was read")

    with pytest.raises(Stale):
        opened(Gone()).read(1)


def test_filesystem_lists_and_finds():
    filesystem = ranged_filesystem(Objects())

    [listed] = filesystem.get_file_info(pafs.FileSelector("bucket"))
    found = filesystem.get_file_info(["bucket/a", "bucket/b"])

    assert (listed.path, listed.size, listed.type) == ("bucket/a", len(CONTENT), pafs.FileType.File)
    assert [one.type for one in found] == [pafs.FileType.File, pafs.FileType.NotFound]
    with pytest.raises(FileNotFoundError):
        filesystem.open_input_file("bucket/b")


def test_nothing_is_written():
    filesystem = ranged_filesystem(Objects())

    with pytest.raises(pa.ArrowNotImplementedError, match="read only"):
        filesystem.open_output_stream("bucket/a")
    with pytest.raises(pa.ArrowNotImplementedError, match="read only"):
        filesystem.delete_file("bucket/a")
