"""Batches are cut to size, whatever the adapter yields."""

from collections.abc import Iterator

import pyarrow as pa
import pytest

from flightstream import LimitExceeded
from flightstream.serving.cut import cut, size_of

KIB = 1024


def pieces(batch: pa.RecordBatch, batch_bytes: int, max_bytes: int) -> Iterator[pa.RecordBatch]:
    for part, size in cut(batch, size_of(batch), batch_bytes, max_bytes):
        assert size == size_of(part)
        yield part


def lengths(batch: pa.RecordBatch, batch_bytes: int, max_bytes: int = 100 * KIB) -> list[int]:
    parts = list(pieces(batch, batch_bytes, max_bytes))
    assert pa.Table.from_batches(parts).equals(pa.Table.from_batches([batch]))
    assert max(pa.ipc.get_record_batch_size(part) for part in parts) <= max_bytes
    return [part.num_rows for part in parts]


def test_a_batch_that_is_small_enough_stays_whole():
    batch = pa.record_batch({"x": range(10)})

    assert list(pieces(batch, 80, KIB)) == [batch]


def test_a_large_batch_is_cut_into_equal_parts():
    assert lengths(pa.record_batch({"x": range(1000)}), 3200) == [400, 400, 200]


def test_rows_of_one_batch_may_differ_in_size():
    batch = pa.record_batch({"x": ["x" * 4000] * 4 + ["y"] * 400})

    parts = list(pieces(batch, 8000, 100 * KIB))

    assert pa.Table.from_batches(parts).equals(pa.Table.from_batches([batch]))
    assert max(part.nbytes for part in parts) <= 16_000


def test_a_row_larger_than_a_batch_is_sent_alone():
    assert lengths(pa.record_batch({"x": ["a", "b" * 9000, "c"]}), 1000) == [1, 1, 1]


def test_a_row_larger_than_a_message_is_an_error_after_the_rows_before_it():
    parts = pieces(pa.record_batch({"x": ["a", "b" * 9000, "c"]}), 1000, 8 * KIB)
    assert next(parts).to_pydict() == {"x": ["a"]}

    with pytest.raises(LimitExceeded) as caught:
        next(parts)

    assert caught.value.message == (
        "a row of 9004 bytes is larger than the server may send (8 KiB): ask for fewer columns"
    )


def test_a_message_stays_within_its_limit_where_batches_may_be_larger():
    assert lengths(pa.record_batch({"x": range(1000)}), 100 * KIB, 4 * KIB) == [
        250,
        250,
        250,
        250,
    ]


def test_many_narrow_columns_count_with_all_that_describes_them():
    batch = pa.record_batch({f"c{n}": pa.array([1] * 3000, pa.int8()) for n in range(100)})

    assert set(lengths(batch, 100 * KIB, 64 * KIB)) <= set(range(1, 1000))


def test_a_dictionary_is_not_counted_for_every_slice():
    words = pa.array([f"{n % 100:030}" for n in range(1000)]).dictionary_encode()

    assert lengths(pa.record_batch({"x": words}), 2000) == [500, 500]


def test_a_dictionary_larger_than_a_message_is_an_error():
    words = pa.array([f"{n:030}" for n in range(1000)]).dictionary_encode()

    with pytest.raises(LimitExceeded, match="a dictionary of 34000 bytes is larger than"):
        list(pieces(pa.record_batch({"x": words}), 2000, 8 * KIB))


def test_a_batch_without_columns_keeps_its_rows():
    batch = pa.record_batch({"x": range(10)}).select([])

    assert [part.num_rows for part in pieces(batch, 80, KIB)] == [10]
