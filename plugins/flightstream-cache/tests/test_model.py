"""Whoever asks what, in whatever order: the answer is that without the cache."""

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flightstream import FlightStreamError, Grant, Mask

pytest_plugins = ["flightstream.testing"]

GRANTS = {
    "all": Grant(),
    "few": Grant(rows=("n < 7",)),
    "other rows": Grant(rows=("n >= 7", "s = 'x1'")),
    "hidden": Grant(hidden={"s"}),
    "masked": Grant(masks={"s": Mask("redact")}),
    "both": Grant(columns={"s"}, rows=("n > 3",)),
}
COMMANDS = st.fixed_dictionaries(
    {"who": st.sampled_from(sorted(GRANTS))},
    optional={
        "columns": st.sampled_from([("n",), ("s",), ("s", "n"), ("n", "s")]),
        "filter": st.sampled_from(["n > 5", "s = 'x1'", "s IS NULL", "n < 0", "n > 2 OR s = 'x2'"]),
        "limit": st.integers(0, 30),
        "offset": st.integers(0, 30),
        "partition": st.sampled_from([None, (0, 3), (1, 3), (2, 3), (3, 3)]),
    },
)


def answer(server, command):
    try:
        return server.read(**command)
    except FlightStreamError as exc:
        return type(exc), exc.message


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    commands=st.lists(st.one_of(COMMANDS, st.just({"who": "all"}), st.just("change")), max_size=12)
)
def test_the_cache_is_not_seen(behind, world, tmp_path_factory, commands):
    world.grants = GRANTS
    cached = behind(folder=tmp_path_factory.mktemp("model") / "cache")
    plain = behind(cache=False)
    world.version, state = "1", world.tables["t"]

    for command in commands:
        if command == "change":
            world.version += "1"
            n = pa.chunked_array([[value + 1 for value in state["n"].to_pylist()]])
            world.tables["t"] = state = state.set_column(0, "n", n)
        else:
            assert answer(cached, command) == answer(plain, command)
