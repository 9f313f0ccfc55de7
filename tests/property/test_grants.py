"""What a grant hides is as if it did not exist."""

from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from flightstream import Credentials, Flight, FlightStreamError, Grant, Mask
from flightstream.registry import Registry, Services
from flightstream.serving.admission import Place
from flightstream.serving.calls import Calls
from flightstream.serving.listing import Entry
from flightstream.serving.offer import Offer
from flightstream.serving.planner import make_plan
from flightstream.serving.scan import Scan
from flightstream.serving.setup import Setup
from flightstream.serving.view import visible_schema
from flightstream.wire import Command

TABLE = pa.table({"a": [1, 2, None, 4], "b": ["x", None, "y", "z"], "c": [0.5, 1.5, 2.5, None]})
NAMES = ["a", "b", "c", "gone"]
GRANTS = st.builds(
    Grant,
    st.none() | st.frozensets(st.sampled_from(NAMES)),
    st.lists(st.sampled_from(["a > 1", "c < 2"]), max_size=1),
    hidden=st.frozensets(st.sampled_from(NAMES)),
    masks=st.dictionaries(
        st.sampled_from(NAMES), st.sampled_from([Mask("null"), Mask("redact"), Mask("sha256")])
    ),
)
FILTERS = ["a > 1", "b = 'x'", "c IS NULL", "a = 1 OR c > 1", "b < c", "gone = 1", "a = 'x'"]
COMMANDS = st.fixed_dictionaries(
    {},
    optional={
        "columns": st.lists(st.sampled_from(NAMES), unique=True).map(tuple),
        "filter": st.sampled_from(FILTERS),
        "limit": st.integers(0, 5),
        "offset": st.integers(0, 5),
    },
)


@given(one=GRANTS, other=GRANTS, third=GRANTS)
def test_together_grants_show_what_each_shows(one, other, third):
    for name in NAMES:
        masks = {one.masks.get(name), other.masks.get(name)} - {None}
        both = one.shows(name) and other.shows(name)
        torn = len(masks) == 2
        assert (one & other).shows(name) == (both and not torn)
        if (one & other).shows(name):
            assert {(one & other).masks.get(name)} == (masks or {None})
    assert (one & other) & third == one & (other & third)
    assert one & Grant() == Grant() & one == one


@given(grant=GRANTS, command=COMMANDS, pushes=st.frozensets(st.just("columns")))
def test_a_flight_with_hidden_columns_is_one_without_them(memory, mount, grant, command, pushes):
    adapter = memory({"a": TABLE}, pushes=pushes)
    shown = [name for name in TABLE.column_names if grant.shows(name)]

    found = _read(mount(adapter), TABLE, command, grant)

    # The rows that a grant keeps may depend on columns that it hides or masks.
    kept = _read(mount(adapter), TABLE, {}, Grant(rows=grant.rows, masks=grant.masks))
    bare = memory({"a": kept.select(shown)}, pushes=pushes)
    assert visible_schema(TABLE.schema, grant) == kept.select(shown).schema
    if shown or isinstance(found, str):
        assert found == _read(mount(bare), kept.select(shown), command, Grant())


def _read(mount: Any, table: pa.Table, command: dict[str, Any], grant: Grant) -> pa.Table | str:
    """Return what a client gets: rows, or the message of an error."""
    flight = Flight("a", version="1")
    calls = Calls(Setup(Registry(Services.of([]), ()), "1", 2**20, 2**24, 60.0))
    try:
        entry = Entry(flight, mount, flight.name)
        offer = Offer.of(entry, table.schema, grant, ("s", "a"))
        plan = make_plan(entry, offer, Command(("s", "a"), **command))
        scan = Scan(plan, calls.open("DoGet", Credentials()), calls, Place("ann"), lambda: False)
        return pa.Table.from_batches(list(scan), scan.schema)
    except FlightStreamError as exc:
        return exc.message
