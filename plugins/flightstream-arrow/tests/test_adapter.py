"""Which files are flights, and what the README says of the options."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from flightstream_arrow import ArrowAdapter

from flightstream.testing import Subject

pytest_plugins = ["flightstream.testing"]

SMALL = pa.table({"n": [1, 2, 3]})


@pytest.fixture
def subject(registry, tmp_path, written):
    """Return a function that serves a folder of files with a small table each."""

    def subject(*names: str, **options: object) -> Subject:
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(written(SMALL))
        source = {"uri": str(tmp_path), "options": {"arrow": options}}
        return Subject(registry(ArrowAdapter, config={"sources": {"here": source}}))

    return subject


def test_files_are_found_at_any_depth_whatever_the_letter_case(subject):
    found = subject("a.arrow", "B.ARROW", "c.arrows", "d/e/f.feather", ".g.arrow", "h.parquet")

    assert sorted(found.flights()) == ["B", "a", "c", "d/e/f"]


def test_pattern_is_an_option(subject):
    assert sorted(subject("a.arrow", "b.ipc", pattern=["*.ipc"]).flights()) == ["b"]


def test_listing_opens_nothing_and_tells_size_and_later_the_schema(subject, tmp_path):
    served = subject("a.arrow")
    (tmp_path / "b.arrow").write_bytes(b"not Arrow, and not looked at")
    before = served.flights()
    served.schema("a")
    after = served.flights()

    assert before["a"].schema is None
    assert before["b"].total_bytes == 28
    assert after["a"].schema == SMALL.schema


def test_a_folder_is_served_and_read(serve, subject, tmp_path):
    subject("2024/orders.arrow")
    served = serve(ArrowAdapter, tmp_path)

    info = served.client.info("2024/orders")

    assert served.client.read("2024/orders") == SMALL
    assert info.total_records == 3


def test_readme_has_the_table_of_options():
    made = subprocess.run(
        [sys.executable, "-c", "from flightstream.cli import main; main()",
         "plugins", "show", "arrow", "--markdown"],
        check=True, capture_output=True, encoding="utf-8",
    ).stdout  # fmt: skip

    readme = Path(__file__).parents[1] / "README.md"
    assert made.strip() in readme.read_text(encoding="utf-8")
