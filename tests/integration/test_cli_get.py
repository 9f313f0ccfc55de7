"""``get``: files that are complete, or not there."""

import os
import signal

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

READERS = {
    "x.parquet": pq.read_table,
    "x.csv": pa.csv.read_csv,
    "x.arrow": lambda path: pa.ipc.open_file(path).read_all(),
    "x.FEATHER": lambda path: pa.ipc.open_file(path).read_all(),
    "x.arrows": lambda path: pa.ipc.open_stream(path).read_all(),
}


@pytest.mark.parametrize("name", READERS)
def test_suffix_decides_the_format(toy_server, toys, command, name):
    done = command("get", "deep/many", "-o", name, "--uri", toy_server.uri)

    table = READERS[name](toys / name)
    size = (toys / name).stat().st_size / 1000
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{name}: 2,500 rows, 2 columns, {size:.1f} kB\n"
    assert table.column("id").to_pylist() == list(range(2500))
    assert table.column("name").to_pylist() == [f"[red]n{i}\x1b[31m" for i in range(2500)]


def test_columns_filter_limit_and_offset(toy_server, toys, command):
    done = command(
        "get", "deep/many", "-o", "x.parquet", "--columns", "id", "--where", "id > 100",
        "--limit", "3", "--offset", "2", "--uri", toy_server.uri,
    )  # fmt: skip

    assert done.returncode == 0
    assert pq.read_table(toys / "x.parquet").to_pydict() == {"id": [103, 104, 105]}


def test_no_rows_make_a_file_with_a_schema(toy_server, toys, cli):
    cli("get", "none", "-o", "x.parquet", "--uri", toy_server.uri)

    assert pq.read_table(toys / "x.parquet").to_pydict() == {"id": [], "name": []}


def test_failure_in_mid_stream_leaves_the_old_file(toys, serve_process, cli):
    (toys / "toys" / "failing.toy").write_text("5000")
    server = serve_process("toys", "--plugin", "toy:ToyAdapter")
    (toys / "x.csv").write_text("old")
    before = set(os.listdir(toys))
    done = cli("get", "failing", "-o", "x.csv", "--uri", server.uri)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "flightstream: the rest is gone\n"
    assert ((toys / "x.csv").read_text(), set(os.listdir(toys))) == ("old", before)


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_leaves_no_file(toys, serve_process, start_cli, signum, code):
    (toys / "toys" / "endless.toy").write_text(str(10**12))
    server = serve_process("toys", "--plugin", "toy:ToyAdapter", env={"TOY_BATCH_ROWS": "10"})
    before = set(os.listdir(toys))
    get = start_cli("get", "endless", "-o", "x.arrows", "--uri", server.uri)
    while set(os.listdir(toys)) == before:
        assert get.poll() is None
    get.send_signal(signum)

    assert (get.wait(10), get.stdout.read(), get.stderr.read().strip()) == (code, "", "")
    assert set(os.listdir(toys)) == before


def test_unknown_suffix_is_wrong_usage_and_nothing_is_asked(command):
    done = command("get", "x", "-o", "x.xlsx", "--uri", "grpc://localhost:1")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(
        "Error: Invalid value for '-o' / '--output': x.xlsx has the suffix '.xlsx';"
        " known are .parquet, .csv, .arrow, .feather, .arrows, .jsonl\n"
    )


def test_folder_that_is_missing_is_one_line(toy_server, command):
    done = command("get", "three", "-o", "no/x.csv", "--uri", toy_server.uri)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "flightstream: no/x.csv: no such file or directory\n"


def test_output_that_is_a_folder_is_one_line(toy_server, toys, command):
    (toys / "x.csv").mkdir()
    done = command("get", "three", "-o", "x.csv", "--uri", toy_server.uri)

    assert done.stderr == "flightstream: x.csv: it is not a regular file\n"
    assert done.returncode == 1


def test_full_disk_is_one_line_and_leaves_no_file(toys, serve_process, start_cli):
    resource = pytest.importorskip("resource", reason="file size limits are a thing of Unix")
    (toys / "toys" / "long.toy").write_text("2000000")
    server = serve_process("toys", "--plugin", "toy:ToyAdapter", env={"TOY_BATCH_ROWS": "50000"})
    before = set(os.listdir(toys))

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    get = start_cli("get", "long", "-o", "x.csv", "--uri", server.uri, preexec_fn=limit)
    _, err = get.communicate(timeout=60)

    assert (get.returncode, err) == (1, "flightstream: x.csv: file too large\n")
    assert set(os.listdir(toys)) == before


def test_link_is_followed(toy_server, toys, command):
    (toys / "real.csv").write_text("old")
    (toys / "link.csv").symlink_to("real.csv")
    command("get", "three", "-o", "link.csv", "--columns", "id", "--uri", toy_server.uri)

    assert (toys / "link.csv").is_symlink()
    assert (toys / "real.csv").read_text() == '"id"\n0\n1\n2\n'
