"""``check`` and ``plugins``."""

import json
import re

import pytest

SECRETIVE = """
from flightstream import Secret, hookimpl, option, service
@service
class Gate:
    token: Secret = option(help="who | may *pass*")
    door: str = option("front", help="which one", choices=("front", "back"), env="GATE_DOOR")
"""


def test_check_shows_values_and_where_they_came_from(toys, cli):
    (toys / "gate.py").write_text(SECRETIVE)
    (toys / "my.toml").write_text(
        "[server]\nport = 9000\n[plugins.gate]\ntoken = 'hush'\n[sources]\ntoys = 'toys'\n"
    )
    done = cli(
        "check", "my.toml", "--plugin", "toy:ToyAdapter", "--plugin", "gate:Gate",
        env={"TOY_BATCH_ROWS": "7", "FLIGHTSTREAM__LOG__LEVEL": "debug", "GATE_DOOR": "side"},
    )  # fmt: skip

    rows = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert rows[0] == ["key", "value", "from"]
    assert ["server.port", "9000", "my.toml"] in rows
    assert ["log.level", '"debug"', "environment FLIGHTSTREAM__LOG__LEVEL"] in rows
    assert ["plugins.toy.batch_rows", "7", "environment TOY_BATCH_ROWS"] in rows
    assert ["plugins.gate.token", '"***"', "my.toml"] in rows or [
        "plugins.gate.token", "***", "my.toml",
    ] in rows  # fmt: skip
    assert ["sources.toys.uri", f'"{toys}/toys"', "my.toml"] in rows
    assert "hush" not in done.stdout + done.stderr
    assert done.stderr == (
        "warning: environment GATE_DOOR: plugins.gate.door: ignored:"
        " 'side' is not one of 'front', 'back'\n"
    )


def test_check_tells_all_problems_beside_the_values(toys, cli):
    (toys / "flightstream.toml").write_text(
        "[server]\nprot = 1\n[plugins.toy]\nbatch_rows = 'x'\n[sources]\ns = 'nowhere'\n"
    )
    done = cli("check", "--plugin", "toy:ToyAdapter")

    assert done.returncode == 2
    assert "server.port" in done.stdout
    assert done.stderr.splitlines() == [
        "flightstream: flightstream.toml: server.prot: unknown key; did you mean 'port'?",
        "flightstream: flightstream.toml: plugins.toy.batch_rows: expected a whole number,"
        " found 'x' (text)",
        "flightstream: flightstream.toml: sources.s.uri: there is no folder or file"
        f" '{toys}/nowhere'",
    ]


def test_class_that_cannot_be_loaded_is_told_with_the_other_problems(toys, cli):
    (toys / "flightstream.toml").write_text("[server]\nprot = 1\n[sources]\ns = 'toys'\n")
    for command in (["check"], ["serve"], ["plugins", "list"]):
        done = cli(*command, "--plugin", "nope:X", "--plugin", "toy:ToyAdapter")

        assert done.returncode == 2
        assert done.stderr.splitlines() == [
            "flightstream: --plugin nope:X: ModuleNotFoundError: No module named 'nope'",
            "flightstream: flightstream.toml: server.prot: unknown key; did you mean 'port'?",
        ]


def test_check_of_a_file_that_is_no_toml(toys, cli):
    (toys / "bad.toml").write_text("[server\n")
    done = cli("check", "bad.toml")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("flightstream: bad.toml: line 1, column 8: not TOML: ")


def test_plugins_list_tells_state_and_reason(toys, cli):
    (toys / "gate.py").write_text(SECRETIVE)
    (toys / "flightstream.toml").write_text(
        "[plugins]\ndisabled = ['csv', 'parquet']\n[plugins.nope]\n[sources]\ntoys = 'toys'\n"
    )
    done = cli("plugins", "list", "--json", "--plugin", "toy:ToyAdapter", "--plugin", "gate:Gate")

    states = {one.pop("name"): one for one in json.loads(done.stdout)}
    assert (done.returncode, done.stderr) == (0, "")
    assert states["toy"] == {
        "kind": "adapter", "distribution": None, "version": "unversioned", "file": None,
        "implements": ["list_flights", "get_schema", "stream_batches", "on_startup", "on_shutdown"],
        "wraps": [], "sources": ["toys"], "state": "active", "why": "",
    }  # fmt: skip
    assert states["gate"]["state"] == "broken"
    assert states["gate"]["why"].endswith(
        "plugins.gate.token: required, but not set: who | may *pass*"
    )
    assert (states["nope"]["state"], states["nope"]["why"]) == (
        "broken",
        "the plugin 'nope' is not installed: pip install flightstream-nope",
    )
    if "csv" in states:
        assert (states["csv"]["state"], states["csv"]["why"]) == (
            "disabled",
            "in plugins.disabled",
        )


def test_plugins_list_for_people_has_a_line_for_each(toys, cli):
    (toys / "mine").mkdir()
    (toys / "mine" / "gate.py").write_text(
        SECRETIVE + "    @hookimpl\n    def authenticate(self): ...\n"
        "    @hookimpl(wrapper=True)\n    def get_schema(self):\n        return (yield)\n"
    )
    (toys / "flightstream.toml").write_text(
        "[plugins]\npaths = ['mine', 'yours']\nenabled = ['gate', 'toy']\n"
        "[plugins.gate]\ntoken = 'hush'\n[sources]\ntoys = 'toys'\n"
        "other = { uri = 'toys', adapters = [] }\n"
    )
    done = cli("plugins", "list", "--plugin", "toy:ToyAdapter")

    lines = [re.split(" {2,}", line) for line in done.stdout.splitlines()]
    assert lines[:3] == [
        ["name", "kind", "distribution", "version", "state", "why", "sources", "hooks"],
        ["toy", "adapter", "unversioned", "active", "toys",
         "list_flights, get_schema, stream_batches, on_startup, on_shutdown"],
        ["gate", "service", f"{toys}/mine/gate.py", "unversioned", "active",
         "authenticate, wraps get_schema"],
    ]  # fmt: skip
    assert (done.returncode, done.stderr) == (
        0,
        "warning: flightstream.toml: plugins.paths[1]: the folder"
        f" '{toys}/yours' cannot be read: no such file or directory\n",
    )


def test_plugins_list_shows_both_distributions_of_one_name(toys, cli):
    for name in ("acme-toy", "other-toy"):
        info = toys / "site" / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[flightstream]\ntoy = toy:ToyAdapter\n")
    why = (
        "the plugin 'toy' is brought by acme-toy 1.0 and by other-toy 1.0: uninstall one of them,"
        " or put 'acme-toy:toy' or 'other-toy:toy' in plugins.disabled"
    )
    env = {"PYTHONPATH": f"{toys}/site:{toys}"}

    rivals = cli("plugins", "list", "--json", env=env)
    env["FLIGHTSTREAM__PLUGINS__DISABLED"] = "['other-toy:toy']"
    chosen = cli("plugins", "list", "--json", env=env)

    def states(done):
        told = [one for one in json.loads(done.stdout) if one["name"] == "toy"]
        return [(one["distribution"], one["state"], one["why"]) for one in told]

    assert states(rivals) == [("acme-toy", "broken", why), ("other-toy", "broken", why)]
    assert states(chosen) == [
        ("acme-toy", "active", ""),
        ("other-toy", "disabled", "in plugins.disabled"),
    ]


def test_plugins_list_tells_what_is_wrong_with_a_file(toys, cli):
    (toys / "mine").mkdir()
    (toys / "mine" / "gate.py").write_text("import no_such_module")
    done = cli(
        "plugins", "list", "--json", "--plugin", "toy:ToyAdapter",
        env={"FLIGHTSTREAM__PLUGINS__PATHS": "['mine']"},
    )  # fmt: skip

    states = {one.pop("name"): one for one in json.loads(done.stdout)}
    assert (states["gate"]["file"], states["gate"]["state"], states["gate"]["why"]) == (
        f"{toys}/mine/gate.py",
        "broken",
        f"the plugin 'gate' of {toys}/mine/gate.py cannot be imported: ModuleNotFoundError:"
        " No module named 'no_such_module'",
    )


def test_plugins_show_describes_a_file(toys, cli):
    (toys / "mine").mkdir()
    (toys / "mine" / "gate.py").write_text(SECRETIVE)
    (toys / "flightstream.toml").write_text("[plugins]\npaths = ['mine']\n")

    done = cli("plugins", "show", "gate", "--markdown")

    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split("`")[1] for line in done.stdout.splitlines()[2:]] == ["token", "door"]


def test_plugins_show_as_markdown_is_a_table_for_a_readme(toys, cli):
    (toys / "gate.py").write_text(SECRETIVE)
    done = cli("plugins", "show", "gate", "--plugin", "gate:Gate", "--markdown")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "| Option | Type | Default | Environment | Meaning |",
        "| --- | --- | --- | --- | --- |",
        r"| `token` | text, { env = … } or { file = … } | required |  | who \| may \*pass\* |",
        '| `door` | "front" or "back" | `"front"` | `GATE_DOOR` | which one |',
    ]


def test_plugins_show_as_json(toys, cli):
    done = cli("plugins", "show", "toy", "--plugin", "toy:ToyAdapter", "--json")

    assert json.loads(done.stdout) == {
        "name": "toy",
        "kind": "adapter",
        "distribution": None,
        "version": "unversioned",
        "summary": "Serves files that say how many rows they have.",
        "pushdown": [],
        "options": [
            {
                "name": "batch_rows",
                "type": "a whole number, at least 1",
                "default": "1000",
                "env": "TOY_BATCH_ROWS",
                "meaning": "rows in a batch",
            },
            {
                "name": "hold_start",
                "type": "text",
                "default": '""',
                "env": None,
                "meaning": "a file that must go before the server starts",
            },
        ],
    }


@pytest.mark.parametrize("form", [[], ["--json"], ["--markdown"]])
def test_plugins_show_of_what_is_not_installed_names_the_package(cli, form):
    done = cli("plugins", "show", "nope", *form)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        "flightstream: the plugin 'nope' is not installed: pip install flightstream-nope"
    )


def test_an_address_for_everybody_is_a_problem_of_the_configuration(toys, cli):
    (toys / "flightstream.toml").write_text('[server]\nhost = "0.0.0.0"\n[sources]\ns = "toys"\n')
    done = cli("check", "--plugin", "toy:ToyAdapter")

    assert done.returncode == 2
    assert done.stderr.startswith("flightstream: flightstream.toml: server.host: '0.0.0.0' is")
    assert done.stdout.startswith("key ")
