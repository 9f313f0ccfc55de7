"""``sql``: a query's rows as a table, as text and as files."""

import json
import re

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

QUERY = 'SELECT id, name FROM toys."deep/many" WHERE id >= 2498 ORDER BY id'


def test_rows_are_csv_where_no_terminal_is(toy_server, command):
    done = command("sql", "SELECT id, id * 2 AS twice FROM three", "--uri", toy_server.uri)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == '"id","twice"\n0,0\n1,2\n2,4\n'


def test_they_are_what_is_asked_for(toy_server, command, cli):
    done = command("sql", QUERY, "--format", "table", "--uri", toy_server.uri)
    assert done.stdout == "id    name\n2498  [red]n2498\\x1b[31m\n2499  [red]n2499\\x1b[31m\n"
    done = command("sql", QUERY, "--format", "jsonl", "--uri", toy_server.uri)
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [2498, 2499]


@pytest.mark.parametrize(
    ("name", "read"),
    {
        "x.parquet": pq.read_table,
        "x.csv": pa.csv.read_csv,
        "x.arrow": lambda path: pa.ipc.open_file(path).read_all(),
        "x.arrows": lambda path: pa.ipc.open_stream(path).read_all(),
        "x.jsonl": lambda path: pa.Table.from_pylist(
            [json.loads(line) for line in path.read_text().splitlines()]
        ),
    }.items(),
)
def test_suffix_decides_the_format(toy_server, toys, command, name, read):
    done = command("sql", QUERY, "-o", name, "--uri", toy_server.uri)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{name}: 2 rows, 2 columns, ")
    assert read(toys / name).column("id").to_pylist() == [2498, 2499]


def test_a_long_table_is_cut(toy_server, command):
    done = command("sql", 'FROM toys."deep/many"', "--format", "table", "--uri", toy_server.uri)

    assert len(done.stdout.splitlines()) == 1001
    assert done.stderr == "these are the first 1,000 rows: -o FILE has them all\n"


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("FROM toys.thre", "there is no flight or table 'toys/thre': did you mean toys.three?"),
        ("DROP TABLE x", "a query is a SELECT"),
        ("SELECT nothing FROM three", "DuckDB refuses the query"),
    ],
)
def test_what_is_wrong_is_told(toy_server, command, statement, told):
    done = command("sql", statement, "--uri", toy_server.uri)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"flightstream: {told}")


@pytest.mark.parametrize("value", ["[1, 2]", "INTERVAL 1 DAY"])
@pytest.mark.parametrize(
    ("where", "target"), [([], "--format csv"), (["-o", "x.csv"], "x.csv")], ids=["out", "file"]
)
def test_what_csv_cannot_hold_is_told_before_anything_is_written(
    toy_server, toys, command, value, where, target
):
    done = command("sql", f"SELECT {value} AS a", *where, "--uri", toy_server.uri)

    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(f"flightstream: {target} cannot hold these rows: .*\n", done.stderr)
    assert not (toys / "x.csv").exists()


@pytest.mark.parametrize("where", [["--format", "jsonl"], ["-o", "x.jsonl"]], ids=["out", "file"])
def test_json_lines_drop_no_column_whose_name_another_has(toy_server, toys, command, where):
    sql = "SELECT * FROM three JOIN three AS other USING (id)"
    done = command("sql", sql, *where, "--uri", toy_server.uri)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "flightstream: 2 columns are named 'name', and JSON keeps one of a name:"
        " give them other names with AS\n"
    )
    assert not (toys / "x.jsonl").exists()


def test_a_suffix_that_is_none_is_misuse(toy_server, command):
    done = command("sql", "SELECT 1", "-o", "x.xlsx", "--uri", toy_server.uri)

    assert done.returncode == 2
    assert "known are .parquet, .csv, .arrow, .feather, .arrows, .jsonl" in done.stderr


def test_the_program_reads_it_from_standard_input(toy_server, start_cli):
    process = start_cli("sql", "-", "--uri", toy_server.uri, stdin=-1)
    out, err = process.communicate("SELECT count(*) AS c FROM three", timeout=60)

    assert (process.returncode, out, err) == (0, '"c"\n3\n', "")
