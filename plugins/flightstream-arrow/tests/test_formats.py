"""What Arrow files and streams may be like, and all the ways in which they are wrong."""

import struct
from typing import Any

import pyarrow as pa
import pytest
from flightstream_arrow import ArrowAdapter
from flightstream_arrow.flatbuffer import Table
from flightstream_arrow.message import Footer

from flightstream import InvalidData

pytest_plugins = ["flightstream.testing"]

WORDS = pa.array(["a", "b", None, "a"])
SMALL = pa.table({"n": pa.array([1, 2, 3, 4], pa.int32()), "w": WORDS})
both = pytest.mark.parametrize("stream", [False, True], ids=["file", "stream"])


def dictionaries(*values: list[str]) -> list[pa.RecordBatch]:
    """Return batches that have a dictionary each."""
    return [pa.record_batch({"d": pa.array(some).dictionary_encode()}) for some in values]


def write(batches: list[pa.RecordBatch], *, stream: bool, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    given = pa.ipc.IpcWriteOptions(**options)
    with make(sink, batches[0].schema, options=given) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def reason(opened: Any, content: bytes, name: str = "table.arrow", **options: Any) -> str:
    with pytest.raises(InvalidData) as caught:
        opened(content, name, **options).read()
    return caught.value.message


class TestKinds:
    @both
    @pytest.mark.parametrize("name", ["t.arrow", "t.arrows", "t.feather", "T.ARROW"])
    def test_the_first_bytes_tell_files_from_streams(self, opened, written, stream, name):
        assert opened(written(SMALL, 3, stream=stream), name).read() == SMALL

    @both
    @pytest.mark.parametrize("compression", ["lz4", "zstd"])
    def test_compressed_batches_are_read(self, opened, written, stream, compression):
        large = pa.table({"s": ["a long text, " * 9] * 999, "n": range(999)})

        assert opened(written(large, 100, stream=stream, compression=compression)).read() == large

    @both
    def test_the_metadata_of_old_versions_is_read(self, opened, written, stream):
        unions = pa.UnionArray.from_sparse(
            pa.array([0, 1, 0, 1], pa.int8()), [WORDS, pa.array([1, 2, 3, 4])]
        )
        table = SMALL.append_column("v", WORDS.cast(pa.string_view())).append_column("u", unions)
        v4 = pa.ipc.MetadataVersion.V4

        for options in ({"metadata_version": v4}, {"use_legacy_format": True}):
            found = opened(written(table, 3, stream=stream, **options))
            assert found.read() == table
            assert found.read(columns=("v", "n")) == table.select(["v", "n"])

    @both
    def test_metadata_of_schema_and_columns_stays(self, opened, written, stream):
        schema = pa.schema([pa.field("n", pa.int32(), metadata={"unit": "m"})], {"origin": "x"})
        found = opened(written(SMALL.select(["n"]).cast(schema), stream=stream)).schema

        assert found.equals(schema, check_metadata=True)

    @both
    def test_extension_types_are_read(self, opened, written, stream):
        unknown = pa.field("p", pa.int32(), metadata={"ARROW:extension:name": "nobody.knows"})
        uuids = pa.ExtensionArray.from_storage(
            pa.uuid(), pa.array([b"0" * 16, None], pa.binary(16))
        )
        table = pa.table(
            [uuids, pa.array([1, 2], pa.int32())], pa.schema([("u", pa.uuid()), unknown])
        )

        found = opened(written(table, stream=stream))

        assert found.read() == table
        assert found.schema.field("p").metadata == unknown.metadata
        assert found.read(columns=("u",)) == table.select(["u"])

    @both
    def test_a_table_without_batches_is_empty(self, opened, stream):
        sink = pa.BufferOutputStream()
        (pa.ipc.new_stream if stream else pa.ipc.new_file)(sink, SMALL.schema).close()

        assert opened(sink.getvalue().to_pybytes()).read() == SMALL.slice(0, 0)

    def test_dictionaries_of_a_stream_are_replaced_and_continued(self, opened):
        batches = dictionaries(["x", "y"], ["x", "y", "z"], ["q"])
        expected = [["x", "y"], ["x", "y", "z"], ["q"]]

        for deltas in (False, True):
            stream = write(batches, stream=True, emit_dictionary_deltas=deltas)
            found = list(opened(stream).batches())
            assert [batch.column(0).to_pylist() for batch in found] == expected

    def test_dictionaries_of_a_file_are_continued(self, opened):
        batches = dictionaries(["x", "y"], ["x", "y", "z"])

        found = opened(write(batches, stream=False, emit_dictionary_deltas=True))

        assert [b.column(0).to_pylist() for b in found.batches()] == [["x", "y"], ["x", "y", "z"]]
        assert found.read(offset=3)["d"].to_pylist() == ["y", "z"]

    def test_big_endian_data_is_turned_round(self, opened, written):
        stream = bytearray(
            written(pa.table({"n": pa.array([1, 2, 3, 4], pa.int32())}), stream=True)
        )
        schema = Table.root(memoryview(stream)[8:]).table(2)
        fields = 8 + schema._vector(1)[0] - 4  # where it says that there is 1 column
        fields_of_schema = (
            8 + schema.position - struct.unpack_from("<i", stream, 8 + schema.position)[0]
        )
        struct.pack_into("<H", stream, fields_of_schema + 4, fields - 8 - schema.position)
        found = opened(
            stream.replace(struct.pack("<4i", 1, 2, 3, 4), struct.pack(">4i", 1, 2, 3, 4))
        )

        assert found.read()["n"].to_pylist() == [1, 2, 3, 4]


class TestFaults:
    """Each is told with the name of the file, the batch, and what to do."""

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "it is empty: not even a schema is in it"),
            (b"hello, world\n", "it is neither an Arrow IPC file nor a stream"),
            (b"\xff" * 100, "it is neither an Arrow IPC file nor a stream"),
            (b"\0" * 100, "it is neither an Arrow IPC file nor a stream"),
            (b"PAR1" + b"\0" * 99, "it is neither an Arrow IPC file nor a stream"),
            (b"FEA1" + b"\0" * 99, "it is Feather version 1: read it with pyarrow.feather, and write it anew"),
            (b"ARROW1\0\0", "the file is cut short"),
        ],
    )  # fmt: skip
    def test_what_is_no_arrow_file(self, opened, content, message):
        assert reason(opened, content) == f"'table.arrow': {message}"

    def test_a_file_that_was_never_finished(self, opened, written):
        content = written(SMALL)[:-1]

        assert reason(opened, content).startswith("'table.arrow': its end is not that of an Arrow")

    @pytest.mark.parametrize("more", [b"\0", b"ARROW1", b"\xff\xff\xff\xff\0\0\0\0"])
    def test_what_follows_the_end(self, opened, written, more):
        assert "its end is not" in reason(opened, written(SMALL) + more)[:40] or more == b"ARROW1"
        told = reason(opened, written(SMALL, stream=True) + more)
        assert told == "'table.arrow', batch 1: there is more after the end of the stream"

    def test_two_streams_one_after_the_other(self, opened, written):
        stream = written(SMALL, stream=True)

        assert "there is more after" in reason(opened, stream + stream)

    def test_a_stream_that_has_no_end(self, opened, written):
        stream = written(SMALL, 3, stream=True)

        told = reason(opened, stream[:-8])
        accepted = opened(stream[:-8], on_unfinished_stream="accept").read()

        assert told == (
            "'table.arrow', batch 2: the stream has no end: it is cut short, or not whole yet"
        )
        assert accepted == SMALL

    def test_a_stream_that_is_cut_within_a_batch_is_never_accepted(self, opened, written):
        stream = written(SMALL, 3, stream=True)

        for cut in (9, 16, 40):
            told = reason(opened, stream[:-cut], on_unfinished_stream="accept")
            assert told.startswith("'table.arrow', batch ")

    @both
    def test_a_fault_names_its_batch_and_what_was_before_is_given_out(self, opened, stream):
        batches = [pa.record_batch({"w": [text]}) for text in ("good", "fine", "mark")]
        content = write(batches, stream=stream).replace(b"mark", b"\xff\xff\xff\xff")
        read = opened(content).batches()

        assert [next(read), next(read)] == batches[:2]
        with pytest.raises(InvalidData) as caught:
            next(read)
        assert caught.value.message == "'table.arrow', batch 3: its data is damaged"

    def test_a_column_that_is_not_asked_for_is_not_looked_at(self, opened, written):
        found = opened(written(SMALL).replace(b"aba", b"\xff\xff\xff"))

        assert found.read(columns=("n",)) == SMALL.select(["n"])
        with pytest.raises(InvalidData):
            found.read(columns=("w",))

    @both
    def test_nulls_where_none_may_be(self, opened, written, stream):
        schema = pa.schema([pa.field("w", pa.string(), nullable=False)])
        table = pa.Table.from_arrays([SMALL["w"]], schema=schema)

        told = reason(opened, written(table, stream=stream))

        assert told == (
            "'table.arrow', batch 1: the column 'w' has nulls, and is declared to have none"
        )

    @both
    def test_names_of_columns_that_no_client_could_use(self, opened, written, stream):
        nested = pa.table({"s": pa.array([{"name_x": 1}])})
        for table in (SMALL.rename_columns(["name_x", "w"]), nested):
            content = written(table, stream=stream).replace(b"name_x", b"name_\xff")
            assert reason(opened, content) == "'table.arrow': the name of a column is not UTF-8"
        twice = written(SMALL.rename_columns(["n", "n"]), stream=stream)
        assert reason(opened, twice) == "'table.arrow': it has the column 'n' twice"

    @both
    @pytest.mark.parametrize("compression", ["lz4", "zstd"])
    def test_a_length_that_lies_takes_no_memory(self, opened, written, stream, compression):
        size = 800_000
        table = pa.table({"n": pa.array([7] * (size // 8))})
        content = written(table, stream=stream, compression=compression)
        lying = content.replace(struct.pack("<q", size), struct.pack("<q", 2**42))

        assert lying != content
        told = reason(opened, lying)
        assert told.startswith("'table.arrow', batch 1: it would take 4,398,046,")
        assert told.endswith(" bytes of memory, and max_batch_bytes is 1 GiB")

    def test_a_dictionary_that_a_file_replaces(self, opened):
        content = bytearray(
            write(dictionaries(["x"], ["x", "y"]), stream=False, emit_dictionary_deltas=True)
        )
        length = int.from_bytes(content[-10:-6], "little")
        second = Footer.parse(content[-10 - length : -10]).dictionaries[1].offset + 8
        table = Table.root(memoryview(content)[second:]).table(2)
        content[second + table._find(2)] = False  # it went on with the first one

        assert "it has two dictionaries for the same column" in reason(opened, content)

    @both
    def test_a_batch_that_is_too_large_says_which_option_helps(self, opened, written, stream):
        content = written(pa.table({"n": range(10_000)}), stream=stream)

        told = reason(opened, content, max_batch_bytes=10_000)

        assert opened(content, max_batch_bytes=80_000).read().num_rows == 10_000
        assert told == (
            "'table.arrow', batch 1: it would take 80,000 bytes of memory, and max_batch_bytes"
            " is 10000"
        )

    def test_dictionaries_count_together(self, opened, written):
        words = pa.array([f"word {n}" for n in range(2_000)]).dictionary_encode()
        content = written(pa.table({"a": words.slice(0, 1), "b": words.slice(1, 1)}))

        assert "max_batch_bytes is 32 KiB" in reason(opened, content, max_batch_bytes=2**15)

    def test_rows_without_data_count_too(self, opened, written):
        content = written(pa.table({"n": pa.nulls(2**20)}))

        assert "1,048,576 bytes of memory" in reason(opened, content, max_batch_bytes=2**16)


def test_nothing_of_the_server_is_told(serve, written, tmp_path) -> None:
    content = written(SMALL).replace(b"aba", b"\xff\xff\xff")
    (tmp_path / "bad.arrow").write_bytes(content)

    with pytest.raises(InvalidData) as caught:
        serve(ArrowAdapter, tmp_path).client.read("bad")

    assert caught.value.message == "'bad.arrow', batch 1: its data is damaged"
    assert str(tmp_path) not in str(caught.value.details())
