"""Which files are flights, and which options make sense."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.fs as pafs
import pytest
from flightstream_csv import CsvAdapter
from flightstream_csv.checks import parse_type

from flightstream import InvalidData, ScanRequest, Source, Stale, Unavailable


def names(adapter: CsvAdapter) -> list[str]:
    return ["/".join(flight.name) for flight in adapter.list_flights()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "a.csv", "B.CSV", "c.tsv", "d.csv.gz", "e.Csv.Zst", "f.csv.bz2", "g.tsv.GZ",
        "deep/down/h.csv", "i.txt", "j.csv.xz", ".k.csv", "csv", "l.parquet",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a\n1\n")
    (tmp_path / "empty.csv").touch()
    return tmp_path


def test_files_are_found_at_any_depth_whatever_the_letter_case(
    folder: Path, source: Source
) -> None:
    found = sorted(names(CsvAdapter(source=source)))

    assert found == ["B", "a", "c", "d", "deep/down/h", "e", "f", "g"]


def test_pattern_is_an_option(folder: Path, source: Source) -> None:
    assert names(CsvAdapter(source=source, pattern=("*.txt",))) == ["i"]


def test_flight_tells_size_and_version_and_later_its_schema(serve: Any) -> None:
    served = serve("a,b\n1,2\n")
    (before,) = served.adapter.list_flights()
    schema = served.schema
    (after,) = served.adapter.list_flights()

    assert (before.total_bytes, before.version) == (8, before.origin.version)
    assert (before.schema, after.schema) == (None, schema)


def test_source_may_be_one_file(folder: Path) -> None:
    source = Source("one", pafs.LocalFileSystem(), str(folder / "a.csv"))

    assert names(CsvAdapter(source=source)) == ["a"]


@pytest.mark.parametrize("name", ["empty", "empty.csv"])
def test_empty_file_is_not_listed_but_says_why(folder: Path, source: Source, name: str) -> None:
    adapter = CsvAdapter(source=source)
    assert "empty" not in names(adapter)

    with pytest.raises(InvalidData, match=r"'empty\.csv' is empty"):
        adapter.find_flight(name=(name,))


def test_name_that_is_not_listed_costs_no_look_at_the_folder(folder: Path, source: Source) -> None:
    adapter = CsvAdapter(source=source)
    listed = names(adapter)
    shutil.rmtree(folder)

    assert "a" in listed
    assert adapter.find_flight(name=("nothing",)) is None
    assert adapter.find_flight(name=("a.csv",)) is None


def test_file_that_grows_during_a_scan_is_stale(serve: Any, tmp_path: Path) -> None:
    served = serve("a,b\n" + "1,2\n" * 5_000, block_bytes=64)
    batches = served.batches()
    next(batches)

    with (tmp_path / "table.csv").open("a") as file:
        file.write("3,4\n")

    with pytest.raises(Stale):
        list(batches)


def test_file_that_is_replaced_during_a_scan_is_stale(serve: Any, tmp_path: Path) -> None:
    content = "a,b\n" + "1,2\n" * 5_000
    served = serve(content, block_bytes=64)
    batches = served.batches()
    next(batches)

    (tmp_path / "new").write_text(content.replace("1,2", "x,y"))
    os.replace(tmp_path / "new", tmp_path / "table.csv")

    with pytest.raises(Stale):
        list(batches)


def test_file_that_is_truncated_during_a_scan_is_stale(serve: Any, tmp_path: Path) -> None:
    served = serve("a,b\n" + "1,2\n" * 50_000, block_bytes=64)
    batches = served.batches()
    next(batches)

    os.truncate(tmp_path / "table.csv", 1_000)

    with pytest.raises(Stale):
        list(batches)


def test_file_that_changed_since_it_was_listed_has_no_schema(serve: Any, tmp_path: Path) -> None:
    served = serve("a\n1\n")
    (tmp_path / "table.csv").write_text("b\nx\ny\n")

    with pytest.raises(Stale):
        served.ask()


def test_new_version_has_its_own_schema(serve: Any) -> None:
    assert serve("a\n1\n").types == {"a": "int64"}
    assert serve("a\nx1\n").types == {"a": "string"}


def test_no_scan_begins_after_shutdown(serve: Any) -> None:
    served = serve("a\n1\n")
    served.adapter.on_shutdown()

    with pytest.raises(Unavailable):
        list(served.batches())

    served.adapter.on_startup()
    assert served.read().num_rows == 1


@pytest.mark.parametrize(
    "name",
    ["int64", "double", "float64", "string", "bool", "date32", "date", "timestamp[us]",
     "timestamp[ms, Europe/Berlin]", "timestamp[us, tz=UTC]", "decimal128(10, 2)", "time32[s]",
     "decimal(5,1)", "decimal256(60, 3)", "duration[us]", "binary", "large_string"],
)  # fmt: skip
def test_type_is_known(name: str) -> None:
    parse_type(name)


@pytest.mark.parametrize("name", ["int", "", "list<int64>", "halffloat", "decimal128(99, 2)", "null", "timestamp[us, Nowhere/Land]"])  # fmt: skip
def test_type_that_cannot_be_read_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no type"):
        parse_type(name)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delimiter": ""}, "empty"),
        ({"delimiter": "ab"}, "one ASCII character"),
        ({"delimiter": "\n"}, "one ASCII character"),
        ({"quote": "«"}, "one ASCII character"),
        ({"quote": ","}, "quote and delimiter are both ','"),
        ({"decimal_point": ","}, "decimal_point and delimiter are both ','"),
        ({"encoding": "klingon"}, "'klingon' is no encoding"),
        ({"encoding": "base64"}, "is no encoding"),
        ({"column_types": {"a": "int65"}}, "'int65' is no type"),
        ({"header": ()}, "list of names is empty"),
        ({"on_bad_row": "maybe"}, "'maybe' is not one of"),
        ({"batch_rows": 0}, "less than the minimum"),
    ],
)
def test_option_that_makes_no_sense_is_refused(
    source: Source, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        CsvAdapter(source=source, **options)


def test_delimiter_may_be_written_as_an_escape(serve: Any) -> None:
    assert serve("a\tb\n1\t2\n", delimiter=r"\t").rows() == [{"a": 1, "b": 2}]


def test_scan_counts_are_those_of_the_request(serve: Any) -> None:
    served = serve("a,b\n1\n", on_bad_row="skip")
    request = ScanRequest()

    list(served.adapter.stream_batches(flight=served.flight, request=request))

    assert request.counts.as_dict() == {"skipped_rows": 1}


def test_readme_has_the_table_of_options() -> None:
    made = subprocess.run(
        [sys.executable, "-c", "from flightstream.cli import main; main()",
         "plugins", "show", "csv", "--markdown"],
        check=True, capture_output=True, encoding="utf-8",
    ).stdout  # fmt: skip

    readme = Path(__file__).parents[1] / "README.md"
    assert made.strip() in readme.read_text(encoding="utf-8")
