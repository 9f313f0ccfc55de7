"""What is read of files, and what of them is not."""

import io
import threading
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest
from flightstream_parquet import ParquetAdapter

from flightstream import (
    Filter,
    InvalidData,
    ScanRequest,
    Source,
    Stale,
    Storage,
    StoredObject,
    Unavailable,
    hookimpl,
    ranged_filesystem,
    service,
)
from flightstream.storage import Grouping

pytest_plugins = ["flightstream.testing"]

SORTED = pa.table({"n": range(10_000), "text": [f"row {n}" for n in range(10_000)]})


def test_a_filter_on_a_sorted_column_reads_one_row_group(serve, write):
    write("sorted.parquet", SORTED, row_group_size=100)
    client = serve()

    explained = client.explain("sorted", filter="n BETWEEN 4210 AND 4220", columns=["text"])

    reads = explained["reads"]
    assert (reads["row_groups"], reads["row_groups_pruned"]) == (1, 99)
    assert explained["left_to_the_core"]["filter"] is None
    assert client.read("sorted", filter="n BETWEEN 4210 AND 4220").num_rows == 11


def test_rows_are_counted_from_the_footer(serve, write):
    write("sorted.parquet", SORTED)
    client = serve()

    assert client.info("sorted").total_records == 10_000
    assert client.explain("sorted", limit=3, offset=9_998)["records"] == 2
    client.action("refresh")
    assert [flight.total_records for flight in client.flights()] == [10_000]


def test_an_offset_skips_row_groups(serve, write):
    write("sorted.parquet", SORTED, row_group_size=1000)

    found = serve().read("sorted", offset=7_500, limit=2, columns=["n"])

    assert found["n"].to_pylist() == [7500, 7501]


def test_parts_of_one_file_are_row_groups(serve, write):
    write("sorted.parquet", SORTED, row_group_size=1000)

    info = serve().info("sorted", partitions=4)

    assert len(info.tickets) == 4


class Noting(pafs.FileSystemHandler):
    """A local filesystem that notes what is opened."""

    def __init__(self) -> None:
        self.local = pafs.LocalFileSystem()
        self.opened: list[str] = []

    def open_input_file(self, path):
        self.opened.append(path)
        return self.local.open_input_file(path)

    def get_file_info(self, paths):
        return self.local.get_file_info(paths)

    def get_file_info_selector(self, selector):
        return self.local.get_file_info(selector)

    def get_type_name(self):
        return "noting"

    def normalize_path(self, path):
        return path

    def _refuse(self, *_arguments):
        raise NotImplementedError

    create_dir = delete_dir = delete_dir_contents = delete_root_dir_contents = _refuse
    delete_file = move = copy_file = open_output_stream = open_append_stream = _refuse
    open_input_stream = _refuse


@pytest.fixture
def noted(lake):
    """Return an adapter of the flight ``days``, and the list of the paths that it opens."""
    handler = Noting()
    filesystem = pafs.PyFileSystem(handler)
    source = Source("s", filesystem, str(lake), groupings={"days": Grouping("days/**")})
    return ParquetAdapter(source=source), handler.opened


def test_no_file_is_opened_that_a_command_does_not_need(noted, write, lake):
    for day in range(200):
        write(f"days/day={day:03}/a.parquet", pa.table({"n": [day]}))
    adapter, opened = noted
    [flight] = adapter.list_flights()
    assert opened == []

    schema = adapter.get_schema(flight=flight)
    assert opened == [f"{lake}/days/day=000/a.parquet"]

    request = ScanRequest(filter=Filter.bind("day = 17", schema))
    [batch] = adapter.stream_batches(flight=flight, request=request)
    assert batch.to_pydict() == {"n": [17], "day": [17]}
    assert {Path(path).parent.name for path in opened} == {"day=000", "day=017"}


def test_a_path_in_a_filter_leaves_out_the_other_files(serve, write):
    for day in range(200):
        write(f"days/day={day}/a.parquet", pa.table({"n": [day]}))
    client = serve({"days": "days/"})

    explained = client.explain("days", filter="day = 17")

    assert explained["reads"]["files"] == 1
    assert explained["reads"]["files_pruned"] == 199
    assert client.read("days", filter="day = 17").to_pydict() == {"n": [17], "day": [17]}
    assert client.read("days", filter="day >= 198", columns=["n"])["n"].to_pylist() == [198, 199]


def test_small_files_are_parts_together(serve, write):
    for number in range(20):
        write(f"days/{number:02}.parquet", pa.table({"n": [number]}))
    client = serve({"days": "days/"})

    info = client.info("days", partitions=3)

    assert len(info.tickets) == 3
    assert client.read("days")["n"].to_pylist() == list(range(20))


def test_files_with_wider_types_and_missing_columns_are_one_flight(serve, write):
    write("w/a.parquet", pa.table({"n": pa.array([1, 2], pa.int32())}))
    write("w/b.parquet", pa.table({"n": pa.array([2**40], pa.int64()), "more": ["x"]}))
    client = serve({"w": {"files": "w/*", "unify": "null-missing"}})

    assert client.read("w").to_pydict() == {"n": [1, 2, 2**40], "more": [None, None, "x"]}
    assert client.read("w", filter="more IS NULL AND n > 1").to_pydict() == {
        "n": [2], "more": [None],
    }  # fmt: skip
    assert client.explain("w", filter="more = 'x'")["reads"]["row_groups"] == 1


def test_a_strict_flight_names_the_file_that_differs(serve, write):
    write("s/a.parquet", pa.table({"n": [1]}))
    write("s/b.parquet", pa.table({"n": ["x"]}))

    with pytest.raises(InvalidData, match=r"'n' is string in the file 's/b.parquet' and int64"):
        serve({"s": "s/"}).read("s")


def test_dictionaries_are_decoded_or_kept(serve, write):
    table = pa.table({"kind": pa.array(["a", "b", "a"]).dictionary_encode()})
    write("d.parquet", table)

    assert serve().read("d").schema.field("kind").type == pa.string()
    assert serve(dictionary="keep").read("d")["kind"].to_pylist() == ["a", "b", "a"]


class TestFaults:
    def read(self, serve, name="x", **options):
        with pytest.raises(InvalidData) as caught:
            serve(**options).read(name)
        return caught.value

    def test_a_file_of_another_format_is_told(self, serve, lake):
        (lake / "x.parquet").write_bytes(b"a,b\n1,2\n" * 100)

        assert self.read(serve).message == (
            "the file 'x.parquet' is no Parquet file, or it is cut off or damaged at its end"
        )

    def test_an_empty_file_is_told(self, serve, lake):
        (lake / "x.parquet").touch()

        assert self.read(serve).message == "the file 'x.parquet' is empty: it has no footer"

    def test_a_file_that_is_cut_off_is_told(self, serve, write):
        path = write("x.parquet", SORTED)
        path.write_bytes(path.read_bytes()[:-100])

        assert "cut off or damaged at its end" in self.read(serve).message

    def test_a_damaged_page_names_row_group_and_column(self, serve, write):
        path = write(
            "x.parquet", SORTED, row_group_size=5000, compression="none", use_dictionary=False,
            write_page_checksum=True,
        )  # fmt: skip
        chunk = pq.read_metadata(path).row_group(1).column(1)
        content = bytearray(path.read_bytes())
        content[chunk.data_page_offset + 500] ^= 0xFF
        path.write_bytes(content)

        error = self.read(serve)

        assert error.message == "the file 'x.parquet' is damaged in row group 1, column 'text'"
        assert error.column == "text"
        assert serve().read("x", columns=["n"]).num_rows == 10_000

    def test_two_columns_of_one_name_are_told(self, serve, write):
        write("x.parquet", pa.table([[1], [2]], names=["n", "n"]))

        assert "two columns named 'n'" in self.read(serve).message


def test_a_stream_that_is_closed_ends_its_thread(lake, write):
    write("x.parquet", SORTED, row_group_size=100)
    source = Source("lake", pafs.LocalFileSystem(), str(lake))
    adapter = ParquetAdapter(source=source, batch_rows=10)
    [flight] = adapter.list_flights()
    before = threading.active_count()

    stream = adapter.stream_batches(flight=flight, request=ScanRequest())
    next(stream)
    stream.close()

    assert threading.active_count() == before


def test_what_goes_wrong_comes_after_the_rows_before_it(lake, write):
    path = write("x.parquet", SORTED, row_group_size=100)
    source = Source("lake", pafs.LocalFileSystem(), str(lake))
    adapter = ParquetAdapter(source=source, batch_rows=1000)
    [flight] = adapter.list_flights()
    adapter.get_schema(flight=flight)
    chunk = pq.read_metadata(path).row_group(90).column(0)
    content = bytearray(path.read_bytes())
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    content[start : start + 20] = b"\0" * 20
    path.write_bytes(content)
    [flight] = adapter.list_flights()
    read = []

    with pytest.raises(InvalidData, match="row group 90, column 'n'"):
        read.extend(adapter.stream_batches(flight=flight, request=ScanRequest()))

    assert sum(batch.num_rows for batch in read) == 9000


@pytest.mark.parametrize("is_store", [False, True])
def test_a_file_that_changes_while_it_is_read_is_stale(lake, write, is_store):
    write("x.parquet", SORTED, row_group_size=100)
    local = pafs.LocalFileSystem()
    filesystem = pafs.SubTreeFileSystem(str(lake), local) if is_store else local
    adapter = ParquetAdapter(source=Source("lake", filesystem, "" if is_store else str(lake)))
    [flight] = adapter.list_flights()
    stream = adapter.stream_batches(flight=flight, request=ScanRequest())
    next(stream)

    write("y", SORTED.slice(1)).replace(lake / "x.parquet")

    with pytest.raises(Stale):
        list(stream)


def test_a_file_is_opened_for_its_footer_and_for_its_rows(noted, write):
    for day in (1, 2):
        write(f"days/day={day}/a.parquet", SORTED, row_group_size=1000)
    adapter, opened = noted
    [flight] = adapter.list_flights()

    read = sum(b.num_rows for b in adapter.stream_batches(flight=flight, request=ScanRequest()))

    assert read == 20_000
    assert len(opened) == 4


class Failing(io.FileIO):
    """A file of a store that does not answer any more."""

    answers = 0

    def read(self, size=-1):
        if self.answers == 0:
            raise OSError("curl: s3cr3t")
        self.answers -= 1
        return super().read(size)


class FailingStore(Noting):
    def __init__(self, answers: int) -> None:
        super().__init__()
        self.answers = answers

    def open_input_file(self, path):
        file = Failing(path)
        file.answers = self.answers
        return pa.PythonFile(file, mode="r")


@pytest.mark.parametrize("answers", [0, 1, 2])
def test_a_store_that_fails_is_unavailable(lake, write, answers):
    write("x.parquet", SORTED, row_group_size=1000)
    source = Source("s", pafs.PyFileSystem(FailingStore(answers)), str(lake))
    adapter = ParquetAdapter(source=source)
    [flight] = adapter.list_flights()

    with pytest.raises(Unavailable) as caught:
        list(adapter.stream_batches(flight=flight, request=ScanRequest()))

    assert caught.value.message == "the file 'x.parquet' cannot be read now"


class OneObject:
    """A store with one file in it, and the ranges that it was asked for."""

    def __init__(self, table):
        written = io.BytesIO()
        pq.write_table(table, written, row_group_size=1_000)
        self.content = written.getvalue()
        self.ranges = []

    def find(self, path):
        return StoredObject("x.parquet", len(self.content), "1") if path == "x.parquet" else None

    def list_below(self, folder, *, deep):
        return [self.find("x.parquet")]

    def read(self, stored, start, length):
        self.ranges.append((start, length))
        return self.content[start : start + length]


@service
class OneObjectStorage:
    objects: ClassVar = OneObject(
        pa.table({"n": range(10_000), "half": [n / 2 for n in range(10_000)]})
    )

    @hookimpl
    def open_storage(self, uri):
        if uri != "one://":
            return None
        return Storage(ranged_filesystem(self.objects), "", self.objects)


def test_numbers_in_a_store_are_asked_for_once(registry):
    config = {"plugins": {"enabled": []}, "sources": {"s": "one://"}}
    [mount] = registry(ParquetAdapter, OneObjectStorage, config=config).mounts
    [flight] = mount.list_flights()
    mount.get_schema(flight)
    ranges = OneObjectStorage.objects.ranges
    ranges.clear()

    read = list(mount.stream_batches(flight, ScanRequest()))

    assert sum(batch.num_rows for batch in read) == 10_000
    assert len(ranges) == len(set(ranges))
    assert sum(length for _, length in ranges) <= len(OneObjectStorage.objects.content)


@pytest.mark.parametrize("share", [2**20, 8 * 2**20])
def test_a_stream_keeps_to_its_share_of_memory(lake, write, share):
    numbers = np.random.default_rng(1).random((4, 2_000_000))  # 64 MB, in one row group
    write("large.parquet", pa.table(list(numbers), list("abcd")), row_group_size=2_000_000)
    adapter = ParquetAdapter(source=Source("lake", pafs.LocalFileSystem(), str(lake)))
    [flight] = adapter.list_flights()
    before, most, rows = pa.total_allocated_bytes(), 0, 0
    request = ScanRequest(buffer_bytes=share)

    with closing(adapter.stream_batches(flight=flight, request=request)) as batches:
        for batch in batches:
            most = max(most, pa.total_allocated_bytes() - before)
            rows += batch.num_rows

    assert rows == 2_000_000
    assert most < share + 12 * 2**20  # a page of each column, compressed and not
