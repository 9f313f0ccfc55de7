"""What a bound filter does with batches."""

import pickle

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from flightstream.errors import Unsupported
from flightstream.filters import Filter

BATCH = pa.record_batch(
    {
        "n": pa.array([1, 2, None, 3]),
        "f": pa.array([0.5, float("nan"), -0.0, None]),
        "s": pa.array(["a", None, "b", "c"]),
        "flag": pa.array([True, None, False, True]),
    }
)
TRUTHS = [
    ("n > 1", [False, True, None, True]),
    ("n IN (1, 2)", [True, True, None, False]),
    ("n NOT IN (1, 2)", [False, False, None, True]),
    ("n NOT IN (1, NULL)", [False, None, None, None]),
    ("n = 1.5", [False, False, None, False]),
    ("NOT n = 1.5", [True, True, None, True]),
    ("n < 1e30", [True, True, None, True]),
    ("f < 1", [True, False, True, None]),
    ("NOT f < 1", [False, True, False, None]),
    ("f <> 0.5", [False, True, True, None]),
    ("f = f", [True, False, True, None]),
    ("f IN (0, 0.25)", [False, False, True, None]),
    ("f IS NULL", [False, False, False, True]),
    ("flag", [True, None, False, True]),
    ("flag AND n > 1", [False, None, False, True]),
    ("flag OR n > 1", [True, True, None, True]),
    ("s LIKE '_' AND s <> 'b'", [True, None, False, True]),
    ("TRUE", [True] * 4),
    ("FALSE", [False] * 4),
    ("NULL", [None] * 4),
]


@pytest.mark.parametrize(("sql", "truths"), TRUTHS)
def test_mask_expression_and_apply_agree(sql: str, truths: list[bool | None]) -> None:
    bound = Filter.bind(sql, BATCH.schema)
    kept = BATCH.take(pa.array([row for row, truth in enumerate(truths) if truth], pa.int64()))
    dataset = ds.dataset(pa.table(BATCH))

    assert bound.mask(BATCH).to_pylist() == truths
    assert str(bound.apply(BATCH).to_pylist()) == str(kept.to_pylist())
    assert str(BATCH.filter(bound.expression()).to_pylist()) == str(kept.to_pylist())
    assert str(dataset.to_table(filter=bound.expression()).to_pylist()) == str(kept.to_pylist())


def test_batch_that_is_kept_whole_is_not_copied() -> None:
    assert Filter.bind("n > 0 OR n IS NULL", BATCH.schema).apply(BATCH) is BATCH


def test_filter_of_a_batch_without_rows_is_that_batch() -> None:
    assert Filter.bind("n > 0", BATCH.schema).apply(BATCH.slice(0, 0)).num_rows == 0


def test_constant_filter_keeps_the_rows_of_a_batch_without_columns() -> None:
    batch = pa.RecordBatch.from_struct_array(pa.array([{}] * 3, pa.struct([])))

    kept = [Filter.bind(sql, batch.schema).apply(batch).num_rows for sql in ("TRUE", "NULL")]

    assert kept == [3, 0]


def test_columns_are_those_that_are_read() -> None:
    bound = Filter.bind("n > 1 AND (s IS NULL OR n = 5) AND f = f", BATCH.schema)

    assert (sorted(bound.columns), bound.schema.names) == (["f", "n", "s"], ["n", "f", "s"])


def test_columns_in_another_order_and_beside_others_are_found() -> None:
    bound = Filter.bind("n > 1", BATCH.schema)

    assert bound.mask(BATCH.select(["s", "n"])).to_pylist() == [False, True, None, True]


def test_and_keeps_what_both_keep() -> None:
    one, other = (Filter.bind(sql, BATCH.schema) for sql in ("n > 1 AND flag", "s = 'c'"))

    both = one & other

    assert both == Filter.bind("n > 1 AND flag AND s = 'c'", BATCH.schema)
    assert both.apply(BATCH)["n"].to_pylist() == [3]


def test_filters_are_equal_by_what_they_say() -> None:
    one = Filter.bind("1.5 < n AND s='x'", BATCH.schema)
    same = Filter.bind("n >= 1.5 and (s = 'x')", BATCH.schema)
    other = Filter.bind("s = 'x' AND n >= 1.5", BATCH.schema)

    assert (one == same, hash(one) == hash(same), one == other) == (True, True, False)
    assert repr(one) == """Filter("n > 1 AND s = 'x'")"""


def test_filter_survives_pickling() -> None:
    bound = Filter.bind("n IN (1, 2) AND s LIKE 'x%'", BATCH.schema)

    assert pickle.loads(pickle.dumps(bound)) == bound


@pytest.mark.parametrize("type_", [pa.string_view(), pa.dictionary(pa.int8(), pa.string())])
def test_type_is_kept_when_it_is_compared_as_another(type_: pa.DataType) -> None:
    batch = pa.record_batch({"s": BATCH["s"].cast(type_), "n": BATCH["n"]})

    kept = Filter.bind("s > 'a'", batch.schema).apply(batch)

    assert (kept.schema, kept["s"].to_pylist()) == (batch.schema, ["b", "c"])


def test_null_inside_a_dictionary_is_null() -> None:
    city = pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), pa.array(["a", None]))
    batch = pa.record_batch({"city": city})

    masks = [Filter.bind(sql, batch.schema).mask(batch) for sql in ("city IS NULL", "city = 'a'")]

    assert [mask.to_pylist() for mask in masks] == [[False, True, True], [True, None, None]]


def test_run_end_encoded_column_stays_so_beside_a_filter() -> None:
    encoded = pa.RunEndEncodedArray.from_arrays(pa.array([3, 4], pa.int32()), pa.array(["x", "y"]))
    batch = pa.record_batch({"n": BATCH["n"], "r": encoded})

    kept = Filter.bind("n > 1", batch.schema).apply(batch)

    assert (kept.schema, kept["r"].to_pylist()) == (batch.schema, ["x", "y"])


def test_column_that_arrow_cannot_filter_is_unsupported() -> None:
    views = pa.array([["x"], []], pa.list_(pa.string_view()))
    batch = pa.record_batch({"n": pa.array([1, 2]), "views": views})

    with pytest.raises(Unsupported) as caught:
        Filter.bind("n > 1", batch.schema).apply(batch)

    assert str(caught.value) == (
        "Arrow cannot filter a column of one of int64, list<item: string_view>"
    )


def test_expression_of_a_long_chain_is_shallow() -> None:
    chain = " AND ".join(f"n <> {number}" for number in range(100, 350))

    assert BATCH.filter(Filter.bind(chain, BATCH.schema).expression())["n"].to_pylist() == [1, 2, 3]
