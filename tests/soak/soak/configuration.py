"""The configuration of the server, and what reloads make of it."""

import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from soak.server import SoakedServer

PLUGINS = Path(__file__).parents[1] / "plugins"
DRAIN_SECONDS = 3
# What the faulty adapter raises has this in it, and no client may read it.
FAULT_TEXT = "a fault that was asked for, in"

_BASE = """
[server]
drain_timeout_seconds = {drain}
listing_ttl_seconds = 0.5
max_send_message_bytes = "8 MiB"
batch_bytes = "{batch_bytes} KiB"
login_limits.failures = 0

[server.limits]
max_concurrent_scans = 16
queue_timeout_seconds = 0.5
idle_timeout_seconds = 2

[log]
format = "json"

[plugins]
paths = ["{plugins}"]

[plugins.metrics]
port = 0

[plugins.csv]
batch_rows = {csv_rows}

[sources]
"""
_FILES = '{name} = {{ uri = "{name}/", adapters = ["arrow", "csv", "parquet"] }}\n'
_FAULTY = '{name} = {{ uri = "chaos/", adapters = ["faulty"], options.faulty = {{ {options} }} }}\n'
_CHAOS = '{name} = {{ uri = "chaos/", adapters = ["chaos"], options.chaos = {{ {options} }} }}\n'
_FAULTS = {
    "crash": 'fault = "crash"',
    "lying": 'fault = "other_schema"',
    "liar": 'fault = "other_schema", hook = "get_schema"',
    "broken": 'fault = "invalid_data"',
    "away": 'fault = "unavailable"',
    "huge": 'fault = "huge_batch", huge_bytes = "16 MiB"',
}
_BROKEN = (
    "[[[",
    "[server]\nprot = 1\n",
    '[plugins.csv]\nbatch_rows = "many"\n',
    '[sources]\ngone = "nowhere/"\n',
    '[plugins]\nenabled = ["nothing"]\n',
)


def configuration(*, extra: bool = False, batch_kib: int = 3072, csv_rows: int = 32_768) -> str:
    """Return one that is right.

    Args:
        extra: Whether there is a source ``extra``.
        batch_kib: What is changed for the core.
        csv_rows: What is changed for a plugin.
    """
    text = _BASE.format(
        drain=DRAIN_SECONDS, batch_bytes=batch_kib, plugins=PLUGINS, csv_rows=csv_rows
    )
    for name in ("steady", "replaced", "torn", "coming", "appended"):
        text += _FILES.format(name=name)
    for name, options in _FAULTS.items():
        text += _FAULTY.format(name=name, options=options)
    text += _CHAOS.format(name="chaos", options="")
    text += _CHAOS.format(name="flaky", options="fails_every = 3")
    return text + (_CHAOS.format(name="extra", options="") if extra else "")


def broken(random: Random) -> str:
    """Return one that has to be refused: it is none, or one of its plugins does not start."""
    does_not_start = _FAULTY.format(name="late", options='fault = "crash", hook = "on_startup"')
    return random.choice([*_BROKEN, configuration() + does_not_start])


def keep_reloading(
    server: SoakedServer,
    random: Random,
    goes_on: Callable[[], bool],
    problem: Callable[[str], None],
) -> None:
    """Reload the server for as long as the round lasts, with what is right and what is not."""
    while goes_on():
        is_right = random.random() < 0.6
        text = broken(random)
        if is_right:
            text = configuration(
                extra=random.random() < 0.5,
                batch_kib=random.choice([256, 3072]),
                csv_rows=random.choice([1_000, 32_768]),
            )
        told = server.reload(text)
        if told != ("reloaded" if is_right else "reload_refused"):
            problem(f"a reload ended with {told!r}: {text!r}")
        time.sleep(random.uniform(0.2, 3.0))
    server.reload(configuration())
