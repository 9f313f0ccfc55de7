"""The sample data is what its script makes, and small."""

import gzip
import hashlib
import runpy
from pathlib import Path

LIMIT_BYTES = 12_000_000


def test_data_fits_its_limit(root: Path) -> None:
    assert sum(path.stat().st_size for path in (root / "data").iterdir()) < LIMIT_BYTES


def test_data_is_what_its_script_makes(root: Path) -> None:
    tables = runpy.run_path(str(root / "data/make_data.py"))["TABLES"]

    assert {name: _sha256(root / "data" / name) for name in tables} == tables


def test_every_table_is_described(root: Path) -> None:
    described = (root / "data/README.md").read_text("utf-8")

    assert [path.name for path in _tables(root) if f"`{path.name}`" not in described] == []


def _tables(root: Path) -> list[Path]:
    return [path for path in sorted((root / "data").iterdir()) if ".csv" in path.suffixes]


def _sha256(path: Path) -> str:
    content = path.read_bytes()
    return hashlib.sha256(gzip.decompress(content) if path.suffix == ".gz" else content).hexdigest()
