"""Many CSV files as one flight."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pytest
from flightstream_csv import CsvAdapter

from flightstream import Client, InvalidData, Server, connect
from flightstream.testing import AdapterConformance, Sample

DAYS = {
    "2024/country=de/b.csv": "id,fare\n1,2.5\n2,\n",
    "2024/country=fr/a.csv": "id,fare\n3,1.0\n4,NA\n",
    "2024/country=fr/c.csv": "fare,id\n-1.5,5\n",
}
ROWS = pa.table(
    {
        "id": [1, 2, 3, 4, 5],
        "fare": [2.5, None, 1.0, None, -1.5],
        "country": ["de", "de", "fr", "fr", "fr"],
    }
)


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


@pytest.fixture
def serve_rides(tmp_path: Path) -> Iterator[Callable[..., Client]]:
    """Return a function that serves files as the flight ``rides`` of the source ``lake``."""
    with ExitStack() as stack:

        def start(files: Mapping[str, str], **flight: object) -> Client:
            folder = write(tmp_path / "lake", files)
            source = {
                "uri": str(folder),
                "flights": {"rides": {"files": "2024/**/*.csv", **flight}},
            }
            server = Server(plugins=[CsvAdapter], sources={"lake": source}, port=0)
            port = stack.enter_context(server).port
            return stack.enter_context(connect(f"grpc://localhost:{port}"))

        yield start


def test_files_are_one_flight_with_the_columns_of_their_paths(serve_rides):
    client = serve_rides(DAYS)

    assert [flight.name for flight in client.flights()] == ["lake/rides"]
    assert client.read("rides").equals(ROWS)


def test_a_filter_on_a_path_reads_the_files_of_that_path_alone(serve_rides):
    files = {**DAYS, "2024/country=no/broken.csv": "id,fare\n1\n"}
    client = serve_rides(files)

    found = client.read("rides", filter="country = 'fr' AND id > 3", columns=["id"])

    assert found.to_pydict() == {"id": [4, 5]}
    explained = client.explain("rides", filter="country = 'fr'")
    assert explained["reads"] == {"files": 2, "files_pruned": 2, "bytes": 34}
    assert explained["pushed_down"]["filter"] == "country = 'fr'"


def test_parts_are_files_in_order(serve_rides):
    client = serve_rides(DAYS)

    info = client.info("rides", partitions=8)

    assert len(info.tickets) == 3
    assert client.info("rides", partitions=2).tickets != info.tickets


def test_a_value_that_does_not_fit_the_first_file_names_the_file(serve_rides):
    client = serve_rides({**DAYS, "2024/country=no/x.csv": "id,fare\nseven,1\n"})

    with pytest.raises(InvalidData, match=r"'2024/country=no/x.csv', row 1, column 'id': 'seven'"):
        client.read("rides")


def test_a_file_with_other_columns_is_told(serve_rides):
    client = serve_rides({**DAYS, "2024/country=no/x.csv": "id\n7\n"})

    with pytest.raises(InvalidData, match=r"no/x.csv' has no column 'fare'"):
        client.read("rides")


def test_widen_reads_all_files_as_the_wider_type(serve_rides):
    files = {
        "2024/a.csv": "n,note,when\n1,,2024-01-01\n",
        "2024/b.csv": "n,note,when\n2.5,7,\n",
    }
    found = serve_rides(files, unify="widen").read("rides")

    assert [str(column.type) for column in found.schema] == ["double", "int64", "date32[day]"]
    assert found["n"].to_pylist() == [1.0, 2.5]


def test_null_missing_makes_absent_columns_null(serve_rides):
    files = {"2024/a.csv": "n\n1\n", "2024/b.csv": "n,more\n2,x\n"}

    found = serve_rides(files, unify="null-missing").read("rides")

    assert found.to_pydict() == {"n": [1, 2], "more": [None, "x"]}


def test_no_file_is_an_empty_flight_if_its_columns_are_declared(serve_rides):
    client = serve_rides({"other.csv": "a\n1\n"}, columns={"id": "int64"})

    assert client.read("rides").schema == pa.schema([("id", pa.int64())])
    assert client.read("other").num_rows == 1


def test_no_file_and_no_columns_is_an_error(serve_rides):
    client = serve_rides({"other.csv": "a\n1\n"})

    with pytest.raises(InvalidData, match="no file matches"):
        client.read("rides")


class TestManyFiles(AdapterConformance):
    plugin = CsvAdapter

    @pytest.fixture
    def sample(self, tmp_path: Path) -> Sample:
        write(tmp_path, DAYS)
        flights = {"rides": {"files": "2024/**/*.csv"}}
        return Sample(tmp_path, {"rides": ROWS}, flights=flights)

    def change(self, sample: Sample) -> Mapping[str, pa.Table]:
        write(Path(sample.uri), {"2024/country=se/d.csv": "id,fare\n6,7.5\n"})
        more = pa.table({"id": [6], "fare": [7.5], "country": ["se"]})
        return {"rides": pa.concat_tables([ROWS, more])}

    def remove(self, sample: Sample, name: str) -> None:
        for file in DAYS:
            Path(sample.uri, file).unlink()

    def spoil(self, sample: Sample) -> str:
        write(Path(sample.uri), {"spoilt.csv": "id,fare\n6\n"})
        return "spoilt"
