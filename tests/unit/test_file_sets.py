"""Many files as one flight: which they are, what their paths say, and one schema for all."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.fs as pafs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightstream import File, FileSet, Filter, InvalidData, Source, balanced
from flightstream.storage import Grouping


@pytest.fixture
def lake(tmp_path: Path):
    """Return a function that makes files, and gives the sets of a source with groupings."""

    def make(*names: str, patterns=("**/*.csv",), **groupings) -> list[FileSet]:
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        given = {
            key: Grouping(value) if isinstance(value, str) else value
            for key, value in groupings.items()
        }
        source = Source("s", pafs.LocalFileSystem(), str(tmp_path), groupings=given)
        return list(source.file_sets(*patterns))

    return make


def members(sets: list[FileSet]) -> dict[str, list[str]]:
    return {one.name: [file.name for file in one.files] for one in sets}


def refuse(file: File) -> pa.Schema:
    raise AssertionError(f"{file.name} was asked")


class TestMembers:
    def test_a_file_is_a_flight_alone(self, lake):
        [one] = lake("2024/a.csv")

        assert (one.name, one.full_name) == ("2024/a", "2024/a.csv")
        assert (one.version, one.size) == (one.files[0].version, 10)
        assert one.keys == {}

    def test_files_of_a_pattern_are_one_flight_in_order_and_the_others_stay(self, lake):
        sets = lake("c/b.csv", "c/a/z.csv", "d.csv", "c/x.tsv", clicks="c/**/*.csv")

        assert members(sets) == {"clicks": ["c/a/z.csv", "c/b.csv"], "d": ["d.csv"]}

    def test_a_file_may_be_in_two_flights(self, lake):
        sets = lake("a.csv", "b.csv", every="*.csv", one="a*")

        assert members(sets) == {"every": ["a.csv", "b.csv"], "one": ["a.csv"]}

    @pytest.mark.parametrize(
        ("pattern", "found"), [("none/**/*.csv", True), ("none/[ab]?.csv", True), ("*.tsv", False)]
    )
    def test_a_set_without_files_belongs_to_who_would_read_them(self, lake, pattern, found):
        assert members(lake("d.csv", gone=pattern)) == {
            **({"gone": []} if found else {}),
            "d": ["d.csv"],
        }

    def test_version_tells_files_that_change_appear_and_vanish(self, lake, tmp_path):
        def version(*names: str) -> str:
            return lake(*names, every="*.csv")[0].version

        first = version("a.csv", "b.csv")
        (tmp_path / "a.csv").write_text("longer than before")
        changed = version()
        more = version("c.csv")
        (tmp_path / "b.csv").unlink()
        less = version()

        assert len({first, changed, more, less}) == 4
        assert version() == less

    def test_version_tells_how_schemas_are_unified(self, lake):
        strict, widened = (
            lake("a.csv", every=Grouping("*.csv", how))[0].version for how in ("strict", "widen")
        )

        assert strict != widened


class TestKeys:
    @pytest.mark.parametrize(
        ("values", "array"),
        [
            (["1", "02", "-3"], pa.array([1, 2, -3])),
            (["2024-02-29", "2024-01-01"], pa.array([date(2024, 2, 29), date(2024, 1, 1)])),
            (["2024-02-29", "2024-02-30"], pa.array(["2024-02-29", "2024-02-30"])),
            (["1", "x"], pa.array(["1", "x"])),
            (["a%20b", "%C3%A5"], pa.array(["a b", "å"])),
            (["__HIVE_DEFAULT_PARTITION__", "7"], pa.array([None, 7])),
            (["__HIVE_DEFAULT_PARTITION__"], pa.array([None], pa.string())),
            (["1" * 19, "1"], pa.array(["1" * 19, "1"])),
            ([""], pa.array([""])),
        ],
    )
    def test_values_are_typed(self, lake, values, array):
        names = [f"k={value}/{n}.csv" for n, value in enumerate(values)]

        [one] = lake(*names, every="**/*.csv")

        by_name = dict(zip([f.name for f in one.files], one.keys["k"].to_pylist(), strict=True))
        assert one.keys["k"].type == array.type
        assert [by_name[name] for name in names] == array.to_pylist()

    def test_paths_with_other_columns_are_told(self, lake):
        [one] = lake("a=1/x.csv", "b=1/y.csv", every="**/*.csv")

        with pytest.raises(InvalidData) as caught:
            one.keys  # noqa: B018

        assert caught.value.message == (
            "the path of the file 'b=1/y.csv' has the columns 'b', and that of 'a=1/x.csv' has"
            " 'a': files of one flight have the same"
        )

    def test_a_filter_leaves_out_files_by_their_paths(self, lake):
        [one] = lake(*(f"y={y}/m={m}/x.csv" for y in (1, 2) for m in (1, 2, 3)), every="**/*.csv")
        schema = pa.schema([("n", pa.int64()), ("y", pa.int64()), ("m", pa.int64())])

        numbers = one.matching(Filter.bind("y = 2 AND m <> 2 AND n > 5", schema))

        assert [one.files[n].name for n in numbers] == ["y=2/m=1/x.csv", "y=2/m=3/x.csv"]


INT, WIDE, TEXT = pa.field("n", pa.int32()), pa.field("n", pa.int64()), pa.field("n", pa.string())
OTHER = pa.field("o", pa.bool_(), nullable=False)


class TestSchema:
    def schema(self, lake, how: str, *schemas: list[pa.Field]) -> pa.Schema:
        [one] = lake(*(f"{n}.csv" for n in range(len(schemas))), every=Grouping("*.csv", how))
        return one.schema(lambda file: pa.schema(schemas[int(file.stem)]))

    def test_strict_asks_the_first_file_alone(self, lake):
        [one] = lake("a.csv", "b.csv", every="*.csv")
        asked = []

        one.schema(lambda file: asked.append(file.name) or pa.schema([INT]))

        one.schema(refuse)  # it is known by now

        assert asked == ["a.csv"]

    def test_columns_of_paths_come_last_and_replace_those_of_files(self, lake):
        [one] = lake("n=1/a.csv", every="**/*.csv")

        assert one.schema(lambda _: pa.schema([TEXT, OTHER])) == pa.schema(
            [OTHER, ("n", pa.int64())]
        )

    def test_widen_takes_the_wider_type(self, lake):
        assert self.schema(lake, "widen", [INT], [WIDE]) == pa.schema([WIDE])

    def test_null_missing_adds_columns(self, lake):
        found = self.schema(lake, "null-missing", [INT], [WIDE, OTHER], [WIDE])

        assert found == pa.schema([WIDE, OTHER.with_nullable(True)])

    @pytest.mark.parametrize(
        ("how", "schemas", "message"),
        [
            (
                "widen",
                [[INT], [TEXT]],
                "the column 'n' is string in the file '1.csv' and int32 in '0.csv': no type holds"
                " both",
            ),
            (
                "widen",
                [[INT], [INT, OTHER]],
                "the file '0.csv' has no column 'o', which '1.csv' has:"
                ' unify = "null-missing" makes it null there',
            ),
        ],
    )
    def test_what_does_not_fit_is_told(self, lake, how, schemas, message):
        with pytest.raises(InvalidData) as caught:
            self.schema(lake, how, *schemas)

        assert caught.value.message == message

    def test_a_strict_set_holds_each_file_against_the_first(self, lake):
        [one] = lake("a.csv", "b.csv", every="*.csv")
        own = {"a.csv": pa.schema([INT, OTHER]), "b.csv": pa.schema([OTHER, INT])}

        one.check(1, own["b.csv"], lambda file: own[file.name])  # in another order
        with pytest.raises(InvalidData) as caught:
            one.check(1, pa.schema([WIDE, OTHER]), lambda file: own[file.name])

        assert caught.value.message == (
            "the column 'n' is int64 in the file 'b.csv' and int32 in 'a.csv':"
            ' unify = "widen" takes the wider of types that fit'
        )

    def test_no_file_has_the_declared_schema_or_is_an_error(self, lake):
        declared, bare = lake(a=Grouping("*.csv", "strict", pa.schema([INT])), b="x/*.csv")

        assert declared.schema(refuse) == pa.schema([INT])
        with pytest.raises(InvalidData, match=r"no file matches 'x/\*\.csv', and no columns are"):
            bare.schema(refuse)


class TestConform:
    def test_a_batch_becomes_one_of_the_flight(self, lake):
        [one] = lake("k=a/0.csv", "k=b/1.csv", every=Grouping("**/*.csv", "null-missing"))
        schema = pa.schema([("k", pa.string()), WIDE, OTHER.with_nullable(True)])
        batch = pa.record_batch([pa.array([1, 2], pa.int32())], schema=pa.schema([INT]))

        found = one.conform(1, batch, schema)

        assert found.schema == schema
        assert found.to_pydict() == {"k": ["b", "b"], "n": [1, 2], "o": [None, None]}

    def test_a_value_that_does_not_fit_names_file_and_column(self, lake):
        [one] = lake("0.csv", every="*.csv")
        batch = pa.record_batch({"n": [2**53 + 1]})

        with pytest.raises(InvalidData) as caught:
            one.conform(0, batch, pa.schema([("n", pa.float64())]))

        assert (caught.value.column, "'0.csv'" in caught.value.message) == ("n", True)

    def test_one_column_of_a_file_is_read_at_least(self, lake):
        [one] = lake("k=a/0.csv", every="**/*.csv")
        own = pa.schema([INT, OTHER])

        assert one.own_columns(["k", "o"], own) == ["o"]
        assert one.own_columns(["k"], own) == ["n"]


@given(st.lists(st.integers(0, 100), max_size=20), st.integers(1, 8))
def test_parts_are_the_whole_and_no_more_than_asked(weights, parts):
    cuts = balanced(weights, parts)

    assert [number for cut in cuts for number in cut] == list(range(len(weights)))
    assert len(cuts) <= parts
    assert all(cuts)


@given(st.lists(st.just(7), min_size=1, max_size=40), st.integers(1, 8))
def test_equal_weights_are_shared_equally(weights, parts):
    lengths = [len(cut) for cut in balanced(weights, parts)]

    assert len(lengths) == min(parts, len(weights))
    assert max(lengths) - min(lengths) <= 1
