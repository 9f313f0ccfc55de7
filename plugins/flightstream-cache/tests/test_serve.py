"""Real servers, one folder, and the commands."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
from click.testing import CliRunner
from flightstream_cache.commands import cache

from flightstream import Flight, Source, Unavailable, adapter, hookimpl

pytest_plugins = ["flightstream.testing"]

TABLE = pa.table({"n": range(1000), "s": [f"x{i % 7}" for i in range(1000)]})


@adapter
class Endless:
    """Ends when a file is there."""

    source: Source

    @hookimpl
    def list_flights(self) -> Iterator[Flight]:
        yield Flight("t", version="1")

    @hookimpl
    def get_schema(self) -> pa.Schema:
        return TABLE.schema

    @hookimpl
    def stream_batches(self) -> Iterator[pa.RecordBatch]:
        (batch,) = TABLE.to_batches()
        yield batch
        while not Path(self.source.path, "go").exists():
            time.sleep(0.01)
        yield batch


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    pacsv.write_csv(TABLE, folder / "orders.csv")
    return folder


@pytest.fixture
def config(tmp_path: Path) -> dict:
    return {"plugins": {"cache": {"folder": str(tmp_path / "cache")}}}


def counts(served) -> list[dict[str, int]]:
    """Return what was counted of each stream, once its line is there."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        lines = [one for one in served.server.log_lines() if one.get("method") == "DoGet"]
        if lines:
            return [line.get("counts", {}) for line in lines]
        time.sleep(0.01)
    raise AssertionError(served.server.log_text())


def test_servers_share_what_one_of_them_has_read(serve, files, config):
    first, second = serve(files, config=config), serve(files, config=config)

    assert first.client.read("files/orders") == TABLE
    assert counts(first) == [{"cache_misses": 1}]
    assert second.client.read("files/orders", filter="n >= 998") == TABLE.slice(998)
    assert counts(second) == [{"cache_hits": 1}]


def test_a_file_that_changes_is_read_anew(serve, files, config):
    served = serve(files, config=config)
    served.client.read("files/orders")

    pacsv.write_csv(TABLE.slice(5), files / "orders.csv")

    assert served.client.read("files/orders") == TABLE.slice(5)


def test_the_same_file_in_another_place_is_another(serve, files, config, tmp_path):
    served = serve(files, config=config)
    served.client.read("files/orders")
    found = (files / "orders.csv").stat()
    other = tmp_path / "other" / "files"
    other.mkdir(parents=True)
    text = (files / "orders.csv").read_text().replace("x1", "y1")
    (other / "orders.csv").write_text(text)
    os.utime(other / "orders.csv", ns=(found.st_atime_ns, found.st_mtime_ns))

    elsewhere = serve(other, config=config)

    assert elsewhere.client.read("files/orders")["s"].to_pylist()[1] == "y1"


def test_a_server_that_is_killed_leaves_nothing_that_is_served(serve, tmp_path, config):
    (tmp_path / "endless").mkdir()
    source = {"endless": str(tmp_path / "endless")}
    killed = serve(Endless, config={**config, "sources": source})
    with killed.client.stream("endless/t") as batches:
        batches.read_next_batch()
        assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".part"]
        killed.server.process.kill()
        with pytest.raises(Unavailable):
            batches.read_all()
    killed.server.process.wait(20)

    served = serve(Endless, config={**config, "sources": source})

    assert list((tmp_path / "cache").iterdir()) == []
    (tmp_path / "endless" / "go").touch()
    assert [served.client.read("endless/t").num_rows for _ in range(2)] == [2000, 2000]
    assert len(list((tmp_path / "cache").iterdir())) == 1


class TestCommands:
    @pytest.fixture(autouse=True)
    def _no_logs(self, monkeypatch):
        """Another test may have set up logs in this process, as no command does."""
        monkeypatch.setattr("structlog.is_configured", lambda: False)

    def run(self, *arguments: str) -> str:
        result = CliRunner().invoke(cache, arguments)
        assert result.exit_code == 0, result.output
        return result.output

    def test_warm_then_list_then_clear(self, serve, files, config, tmp_path):
        served = serve(files, config=config)
        folder = ("--folder", str(tmp_path / "cache"))

        assert self.run("warm", "files/orders", "--uri", served.uri) == "files/orders  1000 rows\n"
        served.client.read("files/orders", columns=["s"])  # is there
        (line,) = self.run("ls", *folder).splitlines()
        assert line.startswith("files/orders  ")
        assert "  1000 rows  all columns  kept 0 seconds ago" in line
        row = json.loads(self.run("ls", "--json", *folder))
        assert (row["flight"], row["rows"], row["columns"]) == ("files/orders", 1000, None)
        assert self.run("clear", "other", *folder) == "0 removed\n"
        assert self.run("clear", "files/orders", *folder) == "1 removed\n"
        assert self.run("ls", *folder) == ""
        assert served.client.read("files/orders") == TABLE
        assert self.run("clear", *folder) == "1 removed\n"

    def test_the_folder_is_that_of_the_configuration(self, tmp_path, monkeypatch):
        (tmp_path / "kept").mkdir()
        (tmp_path / "flightstream.toml").write_text('[plugins.cache]\nfolder = "kept"\n')
        monkeypatch.chdir(tmp_path)

        assert self.run("clear") == "0 removed\n"

    def test_without_a_folder_it_says_what_to_give(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)

        result = CliRunner().invoke(cache, ["ls"])

        assert result.exit_code == 2
        assert "give --folder" in result.output

    def test_a_server_that_is_not_there_is_one_line(self):
        result = CliRunner().invoke(cache, ["warm", "a", "--uri", "grpc://localhost:1"])

        assert (result.exit_code, result.output.count("\n")) == (1, 1)
