"""Flights in notebooks: what they look like, the magic, and the example."""

import atexit
import os
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pytest

import flightstream

NOTEBOOK = Path(__file__).parents[2] / "contrib" / "notebook" / "flights.ipynb"


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    interactive = pytest.importorskip(
        "IPython.core.interactiveshell", reason="a notebook's shell: pip install ipykernel"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        shell = interactive.InteractiveShell()
        shell.run_line_magic("load_ext", "flightstream")
        yield shell
    atexit.unregister(shell.atexit_operations)
    shell.atexit_operations()


@pytest.fixture
def notebook(shell, toy_server):
    with flightstream.connect(toy_server.uri) as client:
        shell.user_ns["client"] = client
        yield shell


def shown(shell, value):
    """Return what a notebook shows of something."""
    formatted, _ = shell.display_formatter.format(value)
    return formatted["text/html"]


class TestShown:
    def test_flights(self, notebook):
        client = notebook.user_ns["client"]

        assert shown(notebook, client) == (
            f"<p>a client of <code>{client._connections.uri}</code>:"
            " <code>.flights()</code> lists what it has</p>"
        )
        assert shown(notebook, client.flights("toys/deep")) == (
            "<table><thead><tr><th>name</th><th>adapter</th><th>rows</th><th>size</th></tr></thead>"
            "<tbody><tr><td>toys/deep/many</td><td>toy</td><td></td><td>4 bytes</td></tr></tbody>"
            "</table>"
        )
        assert shown(notebook, client.info("three")) == (
            "<table><caption>toys/three (toy, 1 byte)</caption>"
            "<thead><tr><th>column</th><th>type</th><th>nullable</th></tr></thead>"
            "<tbody><tr><td>id</td><td>int64</td><td>no</td></tr>"
            "<tr><td>name</td><td>string</td><td></td></tr></tbody></table>"
        )
        assert "<td>int64</td><td>no</td>" in shown(notebook, client.schema("three"))

    def test_a_table_is_cut_and_nothing_in_it_is_more_than_text(self, shell):
        wide = {"<b>": ["<script>", None] * 50} | {f"c{n}": range(100) for n in range(100)}
        html = shown(shell, pa.table(wide))

        assert "<caption>100 rows, 101 columns</caption>" in html
        assert "<th>&lt;b&gt;</th>" in html
        assert "<td>&lt;script&gt;</td>" in html
        assert "<td>null</td>" in html
        assert (html.count("<tr>"), html.count("<th>")) == (21, 50)
        assert "0 rows, 0 columns" in shown(shell, pa.table({}))


class TestMagic:
    def test_a_line_reads_a_flight(self, notebook):
        read = notebook.run_line_magic
        assert read("flight", "three --columns id")["id"].to_pylist() == [0, 1, 2]
        asked = "deep/many --where 'id > 100' --limit 2 --offset 1 --columns id --into few"
        assert read("flight", asked) is None
        assert notebook.user_ns["few"]["id"].to_pylist() == [102, 103]

    def test_a_cell_has_the_filter(self, notebook):
        read = notebook.run_cell_magic
        assert read("flight", "deep/many --partitions 2", "id >= 10\nAND id < 15\n").num_rows == 5
        assert read("flight", "three", "\n").num_rows == 3

    def test_another_client(self, notebook, toy_server):
        notebook.user_ns["other"] = notebook.user_ns.pop("client")
        assert notebook.run_line_magic("flight", "three --client other").num_rows == 3

    @pytest.mark.parametrize(
        ("line", "cell", "problem"),
        [
            ("", "\n", r"%flight: Missing argument 'NAME'"),
            ("three --limit x", "\n", r"%flight: .*'x' is not a valid integer"),
            ("three 'x", "\n", r"%flight: No closing quotation"),
            ("three --client none", "\n", r"'none' is no client: none = flightstream.connect"),
            ("three --where 'id > 1'", "id > 2", r"the filter is in the cell, or it is --where"),
        ],
    )
    def test_what_is_wrong_is_one_line(self, notebook, line, cell, problem):
        from IPython.core.error import UsageError

        with pytest.raises(UsageError, match=problem):
            notebook.run_cell_magic("flight", line, cell)


def test_the_example_runs(serve_process, monkeypatch, tmp_path):
    nbclient = pytest.importorskip("nbclient", reason="runs notebooks: pip install nbclient")
    pytest.importorskip("ipykernel", reason="is what they run in: pip install ipykernel")
    pytest.importorskip("duckdb", reason="what joins: pip install 'flightstream-core[duckdb]'")
    if find_spec("matplotlib") is None:
        pytest.skip("plots are made with it: pip install matplotlib")
    import nbformat

    server = serve_process(NOTEBOOK.parents[2] / "data")
    found = nbformat.read(NOTEBOOK, as_version=4)
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    env = {**os.environ, "FLIGHTSTREAM_URI": server.uri}
    nbclient.NotebookClient(found, timeout=120, kernel_name="python3").execute(env=env)

    shown = [
        output["data"].get("text/html")
        or output["data"].get("image/png", output["data"]["text/plain"])
        for cell in found.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]
    assert "<td>data/airlines</td><td>csv</td>" in shown[0]
    assert "<caption>data/planes (csv, " in shown[1]
    assert "<caption>5 rows, 3 columns</caption>" in shown[2]
    assert "<td>HA</td><td>342</td>" in shown[3]
    assert "<td>BOEING</td>" in shown[4]
    assert shown[5].startswith("iVBORw0KGgo")  # a PNG, in base64
