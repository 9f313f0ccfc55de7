"""Which row groups a filter reads, by what their statistics say."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest

DAYS = [date(1969, 12, 30), date(1970, 1, 2), date(2024, 2, 29)]
TIMES = [time(0, 0, 1), time(12, 30), time(23, 59, 59)]
MOMENTS = [datetime(1969, 12, 31, 23), datetime(1970, 1, 1, 1), datetime(2024, 2, 29, 12)]
ZONED = [moment.replace(tzinfo=UTC) for moment in MOMENTS]
DECIMALS = [Decimal("-2.25"), Decimal("0.50"), Decimal("1.25")]
TEXTS = ["a", "größe", "\U0010ffff"]


def groups_read(client, sql: str) -> int:
    return client.explain("x", filter=sql)["reads"]["row_groups"]


@pytest.mark.parametrize(
    ("values", "sql"),
    [
        *((pa.array([-3, 0, 7], type_), "x = 7") for type_ in (pa.int8(), pa.int16(), pa.int32())),
        (pa.array([-(2**60), 0, 2**60]), f"x = {2**60}"),
        (pa.array([1, 200, 255], pa.uint8()), "x > 250"),
        (pa.array([1, 2**31, 2**32 - 1], pa.uint32()), "x > 4000000000"),
        (pa.array([1, 2**63, 2**64 - 1], pa.uint64()), "x > 18000000000000000000"),
        (pa.array([-1.5, 0.0, 2.5], pa.float32()), "x > 2"),
        (pa.array([-1.5, 0.0, 2.5], pa.float64()), "x < 0"),
        (pa.array([0xC000, 0, 0x4000], pa.uint16()).view(pa.float16()), "x >= 2"),
        *(
            (pa.array(DECIMALS, type_), "x = 0.5")
            for type_ in (pa.decimal128(5, 2), pa.decimal128(12, 2), pa.decimal128(20, 2),
                          pa.decimal128(38, 2), pa.decimal256(60, 2))
        ),
        *((pa.array(TEXTS, type_), "x = 'größe'")
          for type_ in (pa.string(), pa.large_string(), pa.string_view())),
        (pa.array(TEXTS), "x LIKE 'gr%'"),
        (pa.array(["a", "b", "c"]).dictionary_encode(), "x = 'b'"),
        *((pa.array([b"\x01", b"\x80", b"\xff"], type_), "x = x'80'")
          for type_ in (pa.binary(), pa.large_binary(), pa.binary(1))),
        *((pa.array(DAYS, type_), "x = DATE '2024-02-29'") for type_ in (pa.date32(), pa.date64())),
        *((pa.array(TIMES, type_), "x > '23:00:00'")
          for type_ in (pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns"))),
        *((pa.array(MOMENTS, pa.timestamp(unit)), "x < TIMESTAMP '1970-01-01 00:00:00'")
          for unit in ("s", "ms", "us", "ns")),
        *((pa.array(ZONED, pa.timestamp(unit, "Europe/Oslo")),
           "x < TIMESTAMP '1970-01-01 00:00:00+00:00'") for unit in ("ms", "us", "ns")),
    ],
    ids=lambda one: one if isinstance(one, str) else str(one.type),
)  # fmt: skip
@pytest.mark.parametrize("as_integer", [False, True])
def test_one_of_three_row_groups_is_read(serve, write, values, sql, as_integer):
    write(
        "x.parquet", pa.table({"x": values}), row_group_size=1, store_decimal_as_integer=as_integer
    )
    client = serve()

    assert groups_read(client, sql) == 1
    assert client.read("x", filter=sql).num_rows == 1


def test_booleans_are_told_apart(serve, write):
    write("x.parquet", pa.table({"x": [True, False, None]}), row_group_size=1)

    assert groups_read(serve(), "x") == groups_read(serve(), "NOT x") == 1


@pytest.mark.parametrize("type_", [pa.int64(), pa.string(), pa.bool_(), pa.duration("s")])
def test_nulls_are_told(serve, write, type_):
    values = [None, 1 if pa.types.is_integer(type_) else None]
    write("x.parquet", pa.table({"x": pa.array(values, type_)}), row_group_size=1)
    client = serve()

    nulls = sum(value is None for value in values)
    assert groups_read(client, "x IS NULL") == nulls
    assert groups_read(client, "x IS NOT NULL") == len(values) - nulls


def test_what_has_no_statistics_is_read(serve, write):
    write("x.parquet", pa.table({"x": [1, 2, 3]}), row_group_size=1, write_statistics=False)

    assert groups_read(serve(), "x = 2") == 3


def test_a_text_that_is_too_long_for_statistics_is_read(serve, write):
    write("x.parquet", pa.table({"x": ["a" * 5_000, "b", "c"]}), row_group_size=1)
    client = serve()

    assert groups_read(client, "x > 'b'") == 2
    assert client.read("x", filter="x < 'b'").num_rows == 1


def test_a_text_that_was_cut_within_a_letter_is_not_relied_on(serve, write):
    path = write("x.parquet", pa.table({"x": ["mé", "n"]}), row_group_size=1, compression="none")
    content = path.read_bytes()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    path.write_bytes(content[:footer] + content[footer:].replace("mé".encode(), b"m\x7f\xc3"))
    client = serve()

    assert groups_read(client, "x = 'mé'") == 1
    assert client.read("x", filter="x = 'mé'").num_rows == 1


def test_moments_in_96_bits_are_read(serve, write):
    table = pa.table({"x": pa.array(MOMENTS, pa.timestamp("ns"))})
    write("x.parquet", table, row_group_size=1, use_deprecated_int96_timestamps=True)
    client = serve()

    assert groups_read(client, "x < TIMESTAMP '1970-01-01 00:00:00'") == 3
    assert client.read("x", filter="x < TIMESTAMP '1970-01-01 00:00:00'").num_rows == 1


def test_nan_is_in_no_statistics_and_no_row_with_it_is_lost(serve, write):
    write("x.parquet", pa.table({"x": [float("nan"), 1.0, -0.0, 0.0]}), row_group_size=2)
    client = serve()

    assert client.read("x", filter="NOT x = 1").num_rows == 3
    assert client.read("x", filter="x <> 1").num_rows == 3
    assert client.read("x", filter="x = 0").num_rows == 2
    assert groups_read(client, "x = 1") == 1


def test_nested_columns_are_read(serve, write):
    rows = [{"a": [1], "b": {"c": 1}}, {"a": [2], "b": {"c": 2}}]
    write("x.parquet", pa.Table.from_pylist(rows), row_group_size=1)

    assert groups_read(serve(), "a IS NOT NULL AND b IS NOT NULL") == 2


def test_columns_with_points_in_their_names_are_not_taken_for_nested_ones(serve, write):
    table = pa.table({"a": [{"b": 9}, {"b": 9}], "a.b": [1, 2]})
    write("x.parquet", table, row_group_size=1)
    client = serve()

    assert groups_read(client, '"a.b" = 2') == 1
    assert client.read("x", columns=["a.b"], filter='"a.b" = 2').to_pydict() == {"a.b": [2]}


class TestManyFiles:
    def test_paths_and_statistics_are_looked_at_together(self, serve, write):
        for key in (1, 2):
            table = pa.table({"n": [10 * key, 10 * key + 1]})
            write(f"d/k={key}/a.parquet", table, row_group_size=1)
        client = serve({"x": "d/**"})

        reads = client.explain("x", filter="k = 1 AND n = 11 OR k = 2 AND n = 11")["reads"]

        assert (reads["files"], reads["files_pruned"]) == (1, 1)
        assert (reads["row_groups"], reads["row_groups_pruned"]) == (1, 3)

    @pytest.mark.parametrize(
        ("narrow", "wide", "sql"),
        [
            (pa.int32(), pa.int64(), "x = 2"),
            (pa.int32(), pa.float64(), "x > 1.5"),
            (pa.float32(), pa.float64(), "x = 2"),
            (
                pa.timestamp("ms"),
                pa.timestamp("us"),
                "x IN ('1970-01-01 00:00:00.002', '1970-01-01 00:00:00.000002')",
            ),
            (pa.string(), pa.large_string(), "x = '2'"),
            (pa.decimal128(9, 1), pa.decimal128(20, 3), "x = 2"),
        ],
    )
    def test_bounds_are_widened_with_the_column(self, serve, write, narrow, wide, sql):
        for name, type_ in (("a", narrow), ("b", wide)):
            write(f"d/{name}.parquet", pa.table({"x": typed([1, 2], type_)}), row_group_size=1)
        client = serve({"x": {"files": "d/*", "unify": "widen"}})

        assert groups_read(client, sql) == 2
        assert client.read("x", filter=sql).num_rows == 2

    def test_a_column_that_a_file_lacks_is_null_in_it(self, serve, write):
        write("d/a.parquet", pa.table({"n": [1]}))
        write("d/b.parquet", pa.table({"n": [2], "more": ["x"]}))
        client = serve({"x": {"files": "d/*", "unify": "null-missing"}})

        assert groups_read(client, "more = 'x'") == groups_read(client, "more IS NULL") == 1


def typed(values: list[int], type_: pa.DataType) -> pa.Array:
    if pa.types.is_decimal(type_):
        return pa.array(map(Decimal, values), type_)
    return pa.array(values, pa.int64()).cast(type_)
