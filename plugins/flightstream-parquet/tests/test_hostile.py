"""Files that are damaged, or that mean harm."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest
from flightstream_parquet import ParquetAdapter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flightstream import (
    ByteSize,
    Filter,
    FlightStreamError,
    InvalidData,
    LimitExceeded,
    ScanRequest,
    Source,
)

LIMIT = 8 * 2**20
LONG = "x" * 100_000


@pytest.fixture(params=["folder", "store"])
def source(request, lake) -> Source:
    """The lake, as a folder of the machine and as it would be in a store."""
    local = pafs.LocalFileSystem()
    if request.param == "folder":
        return Source("lake", local, str(lake))
    return Source("lake", pafs.SubTreeFileSystem(str(lake), local), "")


@pytest.fixture
def stream(source):
    """Return a function that yields the batches of the file ``x``."""

    def stream() -> Iterator[pa.RecordBatch]:
        adapter = ParquetAdapter(source=source, memory_limit=ByteSize(LIMIT))
        [flight] = adapter.list_flights()
        return adapter.stream_batches(flight=flight, request=ScanRequest())

    return stream


def repeated(rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), [LONG])


def in_lists(values: pa.Array) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(range(len(values) + 1), pa.int32()), values)


@pytest.mark.parametrize(
    ("column", "writing"),
    [
        (repeated(1000), {}),
        (in_lists(repeated(1000)), {}),
        (
            pa.array([LONG] * 1000),
            {"use_dictionary": False, "column_encoding": {"s": "DELTA_BYTE_ARRAY"}},
        ),
        (pa.array([LONG] * 50 + ["y"] * 950), {"dictionary_pagesize_limit": 1}),
    ],
    ids=["dictionary", "nested dictionary", "delta", "plain"],
)
def test_a_text_that_is_repeated_makes_small_batches(write, stream, column, writing):
    path = write(
        "x.parquet", pa.table({"s": column}), compression="zstd", store_schema=False, **writing
    )
    assert path.stat().st_size < 20_000

    sizes = [(batch.num_rows, batch.nbytes) for batch in stream()]

    assert sum(rows for rows, _ in sizes) == 1000
    assert max(size for _, size in sizes) < LIMIT / 4


def test_a_page_that_is_too_large_is_refused(write, stream):
    write("x.parquet", pa.table({"s": [LONG * 200]}), compression="zstd", use_dictionary=False)

    with pytest.raises(LimitExceeded) as caught:
        next(stream())

    assert caught.value.message == (
        "row group 0 of the file 'x.parquet' takes more than 8 MiB at once: ask for fewer columns,"
        " or raise the option 'memory_limit'"
    )


def test_a_row_of_too_many_values_is_refused(write, stream):
    values = pa.nulls(4_000_000, pa.int64()).fill_null(0)
    column = pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)
    path = write("x.parquet", pa.table({"l": column}), data_page_size=2**30)
    assert path.stat().st_size < 20_000

    with pytest.raises(LimitExceeded):
        next(stream())


def test_wide_rows_make_small_batches(write, stream):
    row = list(range(10_000))
    write("x.parquet", pa.table({"l": [row] * 100}), use_dictionary=False, data_page_size=2**16)

    assert max(batch.num_rows for batch in stream()) < 20


@pytest.mark.parametrize("writing", [{}, {"use_dictionary": False}])
def test_text_that_is_not_utf_8_is_told(write, stream, writing):
    path = write("x.parquet", pa.table({"s": ["abcdef", "größe"]}), compression="none", **writing)
    path.write_bytes(path.read_bytes().replace("größe".encode(), b"gr\xff\xfe\xfd\xfce"))

    with pytest.raises(InvalidData) as caught:
        list(stream())

    assert caught.value.column == "s"
    assert "'x.parquet' is damaged in column 's'" in caught.value.message


def test_a_column_name_that_is_not_utf_8_is_told(write, stream):
    path = write("x.parquet", pa.table({"größe": [1]}), store_schema=False)
    path.write_bytes(path.read_bytes().replace("größe".encode(), b"gr\xff\xfe\xfd\xfce"))

    with pytest.raises(InvalidData, match=r"'x.parquet' has names that are not UTF-8"):
        list(stream())


def test_a_time_zone_that_is_not_utf_8_is_told(write, stream):
    path = write("x.parquet", pa.table({"at": pa.array([1], pa.timestamp("us", "UTC"))}))
    schema = pq.ParquetFile(path).metadata.metadata[b"ARROW:schema"]
    spoilt = base64.b64encode(base64.b64decode(schema).replace(b"UTC", b"U\xff\xfe"))
    path.write_bytes(path.read_bytes().replace(schema, spoilt))

    with pytest.raises(InvalidData, match=r"'x.parquet' has names that are not UTF-8"):
        list(stream())


def test_a_footer_that_is_longer_than_its_file_is_told(lake, stream):
    (lake / "x.parquet").write_bytes(
        b"PAR1" + bytes(20) + (2**31 - 1).to_bytes(4, "little") + b"PAR1"
    )

    with pytest.raises(InvalidData, match="cut off or damaged at its end"):
        list(stream())


EVERYTHING = pa.table(
    {
        "i": pa.array(range(40), pa.int32()),
        "s": ["a", "bb", None, "größe"] * 10,
        "d": pa.array(["a", "b", None, "c"] * 10).dictionary_encode(),
        "l": [[1], [2, 3], None, []] * 10,
        "t": [{"x": 1, "y": "q"}, None] * 20,
        "b": [True, None] * 20,
        "f": [1.5, float("nan")] * 20,
        "u": pa.array(range(40), pa.uint64()),
        "at": pa.array(range(40), pa.timestamp("us", "UTC")),
    }
)
WRITTEN = [
    {},
    {"compression": "zstd", "data_page_version": "2.0", "write_page_checksum": True},
    {"compression": "none", "use_dictionary": False, "store_schema": False},
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> list[bytes]:
    """The contents of healthy files."""
    path = tmp_path_factory.mktemp("whole") / "x.parquet"
    contents = []
    for writing in WRITTEN:
        pq.write_table(EVERYTHING, path, row_group_size=15, **writing)
        contents.append(path.read_bytes())
    return contents


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_is_damaged_is_read_or_told(tmp_path_factory, whole, data):
    content = bytearray(data.draw(st.sampled_from(whole)))
    footer = int.from_bytes(content[-8:-4], "little") + 8
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.sampled_from([0, len(content) - footer]))
        content[data.draw(st.integers(start, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    folder = tmp_path_factory.getbasetemp() / "damaged"
    folder.mkdir(exist_ok=True)
    Path(folder, "x.parquet").write_bytes(content)
    source = Source("s", pafs.LocalFileSystem(), str(folder))
    adapter = ParquetAdapter(source=source, batch_rows=7, memory_limit=ByteSize(LIMIT))
    [flight] = adapter.list_flights()

    try:
        schema = adapter.get_schema(flight=flight)
        for sql in (None, "i > 5 AND s = 'a'", "u > 3 OR f < 2 OR b OR at IS NULL"):
            request = ScanRequest(filter=sql and Filter.bind(sql, schema))
            adapter.estimate_scan(flight=flight, request=request)
            adapter.plan_partitions(flight=flight, request=request, target=3)
            for batch in adapter.stream_batches(flight=flight, request=request):
                batch.validate(full=True)
    except FlightStreamError:
        pass
