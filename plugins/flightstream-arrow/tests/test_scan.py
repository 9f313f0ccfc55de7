"""What is read for what is asked: columns, rows, files, parts; and what is told before."""

import gc
import os
from collections import deque
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from flightstream_arrow import ArrowAdapter

from flightstream import Filter, InvalidData, ScanRequest, Stale, Unavailable
from flightstream.testing import Subject

pytest_plugins = ["flightstream.testing"]

NUMBERS = pa.table({"n": range(100), "s": [f"text {n:02}" for n in range(100)]})
both = pytest.mark.parametrize("stream", [False, True], ids=["file", "stream"])


def damaged(content: bytes, *texts: str) -> bytes:
    """Return a file in which some texts are no text, so that reading them fails."""
    for text in texts:
        assert text.encode() in content
        content = content.replace(text.encode(), b"\xff" * len(text))
    return content


class TestRows:
    @both
    def test_an_offset_leaves_out_batches_unread(self, opened, written, stream):
        content = damaged(written(NUMBERS, 10, stream=stream), "text 05", "text 15")
        found = opened(content)

        assert found.read(offset=25) == NUMBERS.slice(25)
        assert found.read(offset=100) == NUMBERS.slice(100)
        with pytest.raises(InvalidData, match="batch 2"):
            found.read(offset=10)

    @both
    def test_a_scan_that_fails_keeps_no_batch_until_garbage_is_collected(
        self, opened, written, stream
    ):
        found = opened(damaged(written(NUMBERS, 10, stream=stream), "text 55"))
        assert found.schema == NUMBERS.schema
        gc.collect()
        gc.disable()
        try:
            before = pa.total_allocated_bytes()
            with suppress(InvalidData):
                deque(found.batches(), maxlen=0)
            assert pa.total_allocated_bytes() == before
        finally:
            gc.enable()

    @both
    def test_a_limit_reads_no_batch_more(self, opened, written, stream):
        content = damaged(written(NUMBERS, 10, stream=stream), "text 10")

        assert opened(content).read(limit=10) == NUMBERS.slice(0, 10)

    @both
    def test_a_filter_comes_before_offset_and_limit(self, opened, written, stream):
        row_filter = Filter.bind("n >= 50 AND s LIKE '%5'", NUMBERS.schema)
        found = opened(written(NUMBERS, 10, stream=stream))

        read = found.read(filter=row_filter, offset=1, limit=2, columns=("n",))

        assert read == pa.table({"n": [65, 75]})

    @both
    def test_columns_come_in_the_order_that_is_asked_for(self, opened, written, stream):
        found = opened(written(NUMBERS, 10, stream=stream, compression="lz4"))

        assert found.read(columns=("s", "n")) == NUMBERS.select(["s", "n"])

    def test_of_wide_batches_only_the_wanted_columns_are_read(self, opened, written):
        wide = pa.table({f"c{number}": range(20_000) for number in range(40)})
        found = opened(written(wide, 10_000))

        [first, _] = found.batches(columns=("c30", "c2"))

        assert found.read(columns=("c30", "c2")) == wide.select(["c30", "c2"])
        assert found.estimate(columns=("c30", "c2")).bytes < found.file.size // 15
        assert first.num_rows == 10_000


class TestChange:
    @both
    @pytest.mark.parametrize("change", ["append", "replace", "cut"])
    def test_a_file_that_changes_during_a_scan_is_stale(
        self, opened, written, tmp_path, stream, change
    ):
        content = written(NUMBERS, 10, stream=stream)
        read = opened(content).batches()
        next(read)
        path = tmp_path / "table.arrow"

        if change == "append":
            path.write_bytes(content + b"more")
        elif change == "replace":
            (tmp_path / "new").write_bytes(content)
            os.replace(tmp_path / "new", path)
        else:
            os.truncate(path, 100)

        with pytest.raises(Stale):
            list(read)

    def test_a_file_that_changed_since_it_was_listed_is_stale(self, opened, written, tmp_path):
        found = opened(written(NUMBERS))
        (tmp_path / "table.arrow").write_bytes(b"no Arrow file any more")

        with pytest.raises(Stale):
            found.read()

    def test_a_new_version_has_its_own_schema_and_counts(self, opened, written):
        first, then = (opened(written(t)) for t in (NUMBERS, NUMBERS.slice(0, 7).select(["n"])))

        assert (then.schema.names, then.estimate().records) == (["n"], 7)
        with pytest.raises(Stale):
            first.read()

    def test_no_scan_goes_on_after_shutdown(self, opened, written):
        found = opened(written(NUMBERS, 10))
        with closing(found.batches()) as read:
            next(read)
            found.adapter.on_shutdown()
            with pytest.raises(Unavailable):
                next(read)

        found.adapter.on_startup()
        assert found.read() == NUMBERS


class TestParts:
    def test_a_file_is_cut_at_its_batches_into_equal_parts(self, opened, written):
        found = opened(written(NUMBERS, 10))

        parts = found.parts(4)

        read = [found.read(partition=part) for part in parts]
        assert [table.num_rows for table in read] == [30, 20, 30, 20]
        assert pa.concat_tables(read) == NUMBERS
        assert found.read(partition=parts[1], offset=15) == NUMBERS.slice(45, 5)

    def test_a_stream_stays_in_one_piece(self, opened, written):
        found = opened(written(NUMBERS, 10, stream=True))

        [part] = found.parts(4)

        assert found.read(partition=part) == NUMBERS

    def test_a_part_reads_its_own_batches_alone(self, opened, written):
        found = opened(damaged(written(NUMBERS, 10), "text 05"))

        assert found.read(partition=found.parts(2)[1]) == NUMBERS.slice(50)


class TestEstimate:
    def test_a_file_tells_its_rows_without_reading_them(self, opened, written):
        found = opened(damaged(written(NUMBERS, 10), "text 05"))

        whole, some = found.estimate(), found.estimate(offset=15, limit=10)

        assert (whole.records, some.records) == (100, 10)
        assert whole.details == {"files": 1, "files_pruned": 0, "batches": 10}
        assert some.details["batches"] == 2
        assert some.bytes < whole.bytes < found.file.size

    def test_a_filter_leaves_only_sizes_to_tell(self, opened, written):
        found = opened(written(NUMBERS, 10))
        row_filter = Filter.bind("n > 5", NUMBERS.schema)

        estimate = found.estimate(filter=row_filter, columns=("s",))

        assert (estimate.records, estimate.details["batches"]) == (-1, 10)

    def test_a_stream_tells_its_size_alone(self, opened, written):
        found = opened(written(NUMBERS, 10, stream=True))

        assert found.estimate().records == -1
        assert found.estimate().bytes == found.file.size
        assert found.estimate(limit=0).records == 0


class TestSets:
    @pytest.fixture
    def lake(self, tmp_path: Path, written, registry) -> Callable[..., Subject]:
        """Return a function that serves tables as one flight; names are those of files."""

        def lake(unify: str = "strict", **tables: Any) -> Subject:
            for name, table in tables.items():
                path = tmp_path / name.replace("__", "/").replace("_is_", "=")
                path = path.with_suffix(".arrow")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(table if isinstance(table, bytes) else written(table, 10))
            every = {"files": "**/*.arrow", "unify": unify}
            source = {"uri": str(tmp_path), "flights": {"every": every}}
            return Subject(registry(ArrowAdapter, config={"sources": {"lake": source}}))

        return lake

    def test_files_are_left_out_by_their_paths(self, lake):
        subject = lake(y_is_1__a=NUMBERS, y_is_2__a=NUMBERS.slice(50))
        schema = subject.schema("every")
        row_filter = Filter.bind("y = 2 AND n < 60", schema)
        request = ScanRequest(filter=row_filter)

        found = pa.Table.from_batches(subject.stream("every", filter=row_filter))
        estimate = subject.mount.estimate_scan(subject.flights()["every"], request)

        assert found["n"].to_pylist() == list(range(50, 60))
        assert dict(estimate.details) == {"files": 1, "files_pruned": 1, "batches": 5}

    def test_an_offset_leaves_out_whole_files_unread(self, lake, written):
        first = damaged(written(NUMBERS, 10), "text 05")
        subject = lake(a=first, b=NUMBERS, c=written(NUMBERS, 10, stream=True), d=NUMBERS)

        for offset in (100, 115, 250, 300, 399):
            found = pa.Table.from_batches(subject.stream("every", offset=offset))
            assert found == pa.concat_tables([NUMBERS] * 4).slice(offset)

    def test_large_files_are_cut_and_small_ones_are_not_opened(self, lake):
        large = pa.concat_tables([NUMBERS] * 20)
        subject = lake(a=NUMBERS.slice(0, 1), b=b"ARROW1 of a few bytes", c=large)
        flight = subject.flights()["every"]

        parts = subject.mount.plan_partitions(flight, ScanRequest(), 4)

        assert parts is not None
        assert len(parts) == 4
        assert [(span.file, span.first) for span in parts[0]] == [(0, 0), (1, 0), (2, 0)]

    def test_a_file_with_another_schema_is_told(self, lake):
        subject = lake(a=NUMBERS, b=NUMBERS.rename_columns(["n", "t"]))

        with pytest.raises(InvalidData, match=r"the file 'a\.arrow' has no column 't'"):
            list(subject.stream("every"))

    def test_a_fault_names_its_file(self, lake):
        subject = lake(a=NUMBERS, b=b"no Arrow file at all")

        with pytest.raises(InvalidData, match=r"'b\.arrow': it is neither an Arrow IPC file nor"):
            list(subject.stream("every"))
