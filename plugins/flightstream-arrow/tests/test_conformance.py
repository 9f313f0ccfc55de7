"""The Arrow adapter keeps the laws of every adapter: files, streams, sets, mapped or not."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import ClassVar, Literal

import pyarrow as pa
import pytest
from flightstream_arrow import ArrowAdapter

from flightstream.testing import AdapterConformance, Sample

pytest_plugins = ["flightstream.testing"]

ORDERS = pa.table(
    {
        "id": pa.array([1, 2, 3, 4, 5], pa.int32()),
        "city": pa.array(["Oslo", None, "größe", "Oslo", ""]),
        "kind": pa.array(["a", "b", "a", None, "b"]).dictionary_encode(),
        "fare": [2.5, float("nan"), -1.5, 0.0, None],
        "tags": [[1], [], None, [2, 3], [None]],
        "price": pa.array(
            [Decimal("1.50"), None, Decimal("0.01")] + [None] * 2, pa.decimal128(9, 2)
        ),
        "note": pa.array(["x" * 20, "y", None, "z", ""], pa.string_view()),
        "at": pa.array([0, 1, None, -1, 2**40], pa.timestamp("us", "UTC")),
    },
)
NUMBERS = pa.table({"n": [1, 2]})


def write(
    path: Path,
    table: pa.Table,
    rows: int | None = None,
    compression: Literal["lz4", "zstd"] | None = None,
) -> None:
    """Write a table in batches of so many rows, as the suffix says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    make = pa.ipc.new_stream if path.suffix == ".arrows" else pa.ipc.new_file
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with make(path, table.schema, options=options) as writer:
        writer.write_table(table, rows)


class Laws(AdapterConformance):
    """What is the same for files and streams."""

    plugin = ArrowAdapter
    suffix: ClassVar[str]

    @pytest.fixture
    def sample(self, tmp_path: Path) -> Sample:
        write(tmp_path / f"2024/orders.{self.suffix}", ORDERS, 2, "zstd")
        write(tmp_path / f"empty.{self.suffix}", ORDERS.slice(0, 0))
        write(tmp_path / f"numbers.{self.suffix}", NUMBERS, 1)
        return Sample(
            tmp_path,
            {"2024/orders": ORDERS, "empty": ORDERS.slice(0, 0), "numbers": NUMBERS},
        )

    def change(self, sample: Sample) -> Mapping[str, pa.Table]:
        longer = pa.table({"n": [3, 2, 1]})
        self.remove(sample, "numbers")
        write(Path(sample.uri, f"numbers.{self.suffix}"), longer, 1)
        return {**sample.tables, "numbers": longer}

    def remove(self, sample: Sample, name: str) -> None:
        Path(sample.uri, f"{name}.{self.suffix}").unlink()

    def spoil(self, sample: Sample) -> str:
        path = Path(sample.uri, f"spoilt.{self.suffix}")
        write(path, pa.table({"text": ["good", "mark"]}), 1)
        path.write_bytes(path.read_bytes().replace(b"mark", b"\xff\xff\xff\xff"))
        return "spoilt"

    @pytest.fixture(scope="class")
    @classmethod
    def large(cls, tmp_path_factory: pytest.TempPathFactory) -> Sample:
        folder = tmp_path_factory.mktemp("large")
        names = pa.array([f"name {n % 97}" for n in range(2**17)])
        table = pa.table({"id": range(2**17), "name": names, "value": [0.5] * 2**17})
        make = pa.ipc.new_stream if cls.suffix == "arrows" else pa.ipc.new_file
        with make(folder / f"large.{cls.suffix}", table.schema) as writer:
            for _ in range(120):
                writer.write_table(table)
        return Sample(folder, {})


class TestFiles(Laws):
    suffix = "arrow"


class TestStreams(Laws):
    suffix = "arrows"


class TestMappedFiles(Laws):
    suffix = "feather"
    options: ClassVar = {"memory_map": True}
    # The file's own pages count too, though the system may drop them at any time.
    memory_limit_bytes: ClassVar = 2**29


class TestTrustedFiles(Laws):
    """Faults that only a look at every value shows are not seen, and these have one."""

    suffix = "arrow"
    options: ClassVar = {"trusted": True}

    def spoil(self, sample: Sample) -> str:
        path = Path(sample.uri, "spoilt.arrow")
        write(path, NUMBERS)
        path.write_bytes(path.read_bytes()[:-20])
        return "spoilt"


class TestHiveSets(AdapterConformance):
    plugin = ArrowAdapter

    @pytest.fixture
    def sample(self, tmp_path: Path) -> Sample:
        days = {}
        for number, day in enumerate(("2024-01-01", "2024-01-02", "__HIVE_DEFAULT_PARTITION__")):
            for part in "ab":
                suffix = "arrows" if part == "b" and number else "arrow"
                table = ORDERS.slice(number, 3)
                write(tmp_path / f"events/day={day}/{part}.{suffix}", table, 2, "lz4")
                value = pa.scalar(None if number == 2 else day).cast(pa.date32())
                days[number, part] = table.append_column("day", pa.repeat(value, 3))
        write(tmp_path / "widened/0.arrow", NUMBERS.cast(pa.schema([("n", pa.int8())])))
        write(tmp_path / "widened/1.arrow", NUMBERS.append_column("m", pa.array([None, True])))
        write(tmp_path / "alone.arrow", NUMBERS)
        widened = pa.table({"n": [1, 2, 1, 2], "m": [None, None, None, True]})
        return Sample(
            tmp_path,
            {
                "events": pa.concat_tables(days.values()),
                "widened": widened,
                "none": pa.table({"x": pa.array([], pa.int64())}),
                "alone": NUMBERS,
            },
            flights={
                "events": "events/**/*.arrow*",
                "widened": {"files": "widened/*.arrow", "unify": "null-missing"},
                "none": {"files": "none/*.arrow", "columns": {"x": "int64"}},
            },
        )

    def change(self, sample: Sample) -> Mapping[str, pa.Table]:
        write(Path(sample.uri, "widened/2.arrow"), NUMBERS)
        more = pa.table({"n": [1, 2], "m": pa.array([None, None], pa.bool_())})
        widened = pa.concat_tables([sample.tables["widened"], more])
        return {**sample.tables, "widened": widened}

    def remove(self, sample: Sample, name: str) -> None:
        for path in Path(sample.uri).glob("*.arrow" if name == "alone" else f"{name}/**/*.arrow*"):
            path.unlink()

    def spoil(self, sample: Sample) -> str:
        Path(sample.uri, "spoilt.arrow").write_bytes(b"ARROW1\0\0")
        return "spoilt"

    @pytest.fixture(scope="class")
    @classmethod
    def large(cls, tmp_path_factory: pytest.TempPathFactory) -> Sample:
        folder = tmp_path_factory.mktemp("large")
        table = pa.table({"id": range(2**17), "value": [0.5] * 2**17})
        for number in range(6):
            path = folder / f"part={number}/data.arrow"
            path.parent.mkdir()
            with pa.ipc.new_file(path, table.schema) as writer:
                for _ in range(30):
                    writer.write_table(table)
        return Sample(folder, {}, flights={"large": "**/*.arrow"})
