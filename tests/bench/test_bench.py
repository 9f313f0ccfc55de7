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
            *["memory", "calls", "slow", "--megabytes", "2", "--rounds", "1", "--to"],
            tmp_path,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )

    report = json.loads((tmp_path / "bench.json").read_text())
    assert done.returncode in (0, 1)
    [race] = report["races"].values()
    assert [runs["label"] for runs in race] == [
        "FlightStream",
        "pyarrow, untuned",
        "pyarrow, tuned",
    ]
    assert {runs["rows"] for runs in race} == {320 * 32_768}
    assert len(report["calls"]) == 8
    assert [one["kind"] for one in report["slow"]] == ["csv", "parquet", "arrow"]
    assert "| FlightStream |" in (tmp_path / "bench.md").read_text()
