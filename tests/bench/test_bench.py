"""That measuring works; what is measured here means nothing."""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_a_short_run_measures_and_reports(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            HERE,
            *["filtered", "calls", "--megabytes", "2", "--rounds", "1", "--to"],
            tmp_path,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )

    report = json.loads((tmp_path / "bench.json").read_text())
    assert done.returncode in (0, 1)
    [race] = report["races"].values()
    assert [runs["label"] for runs in race] == ["FlightStream", "DuckDB reads the file"]
    assert race[0]["rows"] == race[1]["rows"] > 1000
    assert len(report["calls"]) == 8
    assert "| FlightStream |" in (tmp_path / "bench.md").read_text()
