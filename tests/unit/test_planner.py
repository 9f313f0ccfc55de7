"""What is pushed down, and what the core does itself."""

from itertools import chain, combinations
from typing import Any

import pyarrow as pa
import pytest

from flightstream import (
    Filter,
    Flight,
    Grant,
    InvalidCommand,
    Mask,
    NotFound,
    ScanRequest,
    Stale,
    adapter,
    hookimpl,
)
from flightstream.serving.listing import Entry
from flightstream.serving.offer import Offer, version_of
from flightstream.serving.planner import Plan, make_plan, partitions_of, with_partition
from flightstream.serving.view import View, visible_schema
from flightstream.wire import Command

SCHEMA = pa.schema([("a", pa.int64()), ("b", pa.string()), ("c", pa.float64())], {"made": "here"})
KINDS = ("columns", "filter", "limit", "offset")
SUBSETS = [
    frozenset(kinds)
    for kinds in chain.from_iterable(combinations(KINDS, n) for n in range(len(KINDS) + 1))
]


def shown(pushes: Any) -> str:
    return "+".join(sorted(pushes)) or "nothing"


@pytest.fixture
def entry(memory, mount):
    """Return a function that returns a flight whose adapter pushes down what is given."""

    def make(*pushes: str, version: str = "1", options: str = "") -> Entry:
        lake = mount(memory({"a": SCHEMA.empty_table()}, pushes=pushes), options=options)
        flight = Flight("a", version=version)
        return Entry(flight, lake, flight.name)

    return make


def plan(entry: Entry, grant: Grant | None = None, **command: Any) -> Plan:
    offer = Offer.of(entry, SCHEMA, grant or Grant(), ("s", "a"))
    return make_plan(entry, offer, Command(("s", "a"), **command))


def pushed(plan: Plan) -> dict[str, Any]:
    """Return what the adapter is asked, without what is at its default."""
    request, default = plan.request, ScanRequest()
    asked = {kind: getattr(request, kind) for kind in KINDS}
    return {
        kind: str(value) if kind == "filter" else value
        for kind, value in asked.items()
        if value != getattr(default, kind)
    }


def left(plan: Plan) -> tuple[list[str], int, int | None]:
    return [str(one) for one in plan.filters], plan.offset, plan.limit


ALL = {"columns": ("b",), "filter": "a > 1", "limit": 5, "offset": 2}


@pytest.mark.parametrize("pushes", SUBSETS, ids=shown)
def test_a_whole_command_is_pushed_down_as_far_as_it_stays_right(entry, pushes):
    made = plan(entry(*pushes), **ALL)

    all_filtered = "filter" in pushes
    expected: dict[str, Any] = {}
    if "columns" in pushes:
        expected["columns"] = ("b",) if all_filtered else ("b", "a")
    if all_filtered:
        expected["filter"] = "a > 1"
        if "offset" in pushes:
            expected["offset"] = 2
            if "limit" in pushes:
                expected["limit"] = 5
    assert pushed(made) == expected
    assert left(made) == (
        [] if all_filtered else ["a > 1"],
        0 if "offset" in expected else 2,
        5,
    )
    assert made.expected.names == list(expected.get("columns", SCHEMA.names))
    assert made.schema.names == ["b"]


@pytest.mark.parametrize("pushes", SUBSETS, ids=shown)
def test_a_limit_alone_needs_nothing_else(entry, pushes):
    made = plan(entry(*pushes), limit=5)

    assert pushed(made) == ({"limit": 5} if "limit" in pushes else {})
    assert left(made) == ([], 0, 5)


@pytest.mark.parametrize("pushes", SUBSETS, ids=shown)
def test_without_a_command_nothing_is_asked(entry, pushes):
    made = plan(entry(*pushes))

    assert (pushed(made), left(made)) == ({}, ([], 0, None))
    assert made.schema == made.expected == SCHEMA


@pytest.mark.parametrize("pushes", SUBSETS, ids=shown)
def test_under_a_row_grant_nothing_of_the_clients_is_pushed_but_columns(entry, pushes):
    granted = Grant(rows=["c < 9.0"])
    made = plan(entry(*pushes), granted, **ALL)

    assert pushed(made) == ({"columns": ("b", "c", "a")} if "columns" in pushes else {})
    assert left(made) == (["c < 9.0", "a > 1"], 2, 5)
    assert (made.schema.names, made.offer.grant) == (["b"], granted)


@pytest.mark.parametrize("pushes", SUBSETS, ids=shown)
def test_under_a_column_grant_all_columns_are_those_that_are_visible(entry, pushes):
    made = plan(entry(*pushes), Grant(columns={"c", "b", "never"}))

    assert made.schema.names == ["b", "c"]
    assert pushed(made) == ({"columns": ("b", "c")} if "columns" in pushes else {})


@pytest.mark.parametrize("pushes", SUBSETS, ids=shown)
def test_all_columns_but_one_are_what_a_grant_leaves_visible(entry, pushes):
    made = plan(entry(*pushes), Grant(hidden={"a", "never"}))

    assert made.schema.names == ["b", "c"]
    assert pushed(made) == ({"columns": ("b", "c")} if "columns" in pushes else {})


def test_row_filters_of_a_grant_come_first_and_see_hidden_columns(entry):
    made = plan(entry(), Grant({"b"}, ["a > 0", "c < 9.0"]), filter="b = 'x'")

    assert left(made) == (["a > 0", "c < 9.0", "b = 'x'"], 0, None)
    assert made.schema.names == ["b"]


@pytest.mark.parametrize("pushes", SUBSETS, ids=shown)
def test_a_filter_of_a_masked_column_is_left_to_the_core_and_with_it_limit_and_offset(
    entry, pushes
):
    made = plan(entry(*pushes), Grant(masks={"a": Mask("null")}), **ALL)

    assert pushed(made) == ({"columns": ("b", "a")} if "columns" in pushes else {})
    assert left(made) == (["a > 1"], 2, 5)
    assert [type(step) for step in made.steps] == [View, Filter]


@pytest.mark.parametrize("pushes", SUBSETS, ids=shown)
def test_under_masks_all_is_pushed_down_that_touches_no_masked_column(entry, pushes):
    granted = Grant(masks={"b": Mask("sha256"), "c": Mask("null")})

    assert pushed(plan(entry(*pushes), granted, **ALL)) == pushed(plan(entry(*pushes), **ALL))
    assert left(plan(entry(*pushes), granted, **ALL)) == left(plan(entry(*pushes), **ALL))


def test_the_filter_of_a_grant_comes_before_its_masks_and_that_of_a_client_after(entry):
    granted = Grant({"b", "c"}, ["a > 0", "b = 'x'"], masks={"b": Mask("redact")})
    made = plan(entry(*KINDS), granted, filter="b = '***' AND c > 0")

    assert [type(step) for step in made.steps] == [Filter, Filter, View, Filter]
    assert left(made)[0] == ["a > 0", "b = 'x'", "b = '***' AND c > 0.0"]


@pytest.mark.parametrize(
    ("kind", "types"),
    [("null", [pa.int64(), pa.string()]), ("redact", [pa.string()] * 2)],
)
def test_a_masked_column_has_the_type_of_its_mask(entry, kind, types):
    granted = Grant({"a", "b"}, masks=dict.fromkeys(("a", "b", "c", "gone"), Mask(kind)))
    made = plan(entry(), granted, columns=("b", "a"))

    assert made.schema.types == types[::-1]
    assert made.schema == pa.schema(list(visible_schema(SCHEMA, granted))[::-1])
    assert made.expected == SCHEMA


def test_a_filter_is_held_against_the_type_of_the_mask(entry):
    with pytest.raises(InvalidCommand) as caught:
        plan(entry(), Grant(masks={"a": Mask("sha256")}), filter="a > 1")

    assert caught.value.message == (
        "column 'a' is string: compare it with a string like 'text', not with 1"
    )


def test_a_mask_that_does_not_fit_hides_its_column():
    nested = pa.schema([("a", pa.list_(pa.int8())), ("b", pa.string())])

    assert visible_schema(nested, Grant(masks={"a": Mask("redact")})).names == ["b"]


def test_columns_come_in_the_order_that_was_asked(entry):
    made = plan(entry("columns"), columns=("c", "a"))

    assert made.schema.names == made.expected.names == ["c", "a"]


def test_all_columns_in_another_order_are_asked_for_in_it(entry):
    assert pushed(plan(entry("columns"), columns=("c", "b", "a"))) == {"columns": ("c", "b", "a")}


def test_no_columns_still_need_one_to_count_rows_by(entry):
    made = plan(entry("columns"), columns=())

    assert (made.schema.names, made.expected.names) == ([], ["a"])


def test_what_the_schema_says_beside_its_columns_is_kept(entry):
    assert plan(entry(), columns=("a",)).schema.metadata == {b"made": b"here"}


def test_under_a_grant_metadata_cannot_tell_of_what_is_hidden():
    assert visible_schema(SCHEMA, Grant(columns={"a"})) == pa.schema([("a", pa.int64())])
    assert visible_schema(SCHEMA, Grant(columns={"a"})).metadata is None
    assert visible_schema(SCHEMA, Grant(rows=("a > 1",))) == SCHEMA
    assert visible_schema(SCHEMA, Grant(rows=("a > 1",))).metadata is None
    assert visible_schema(SCHEMA, Grant(hidden={"b", "c"})) == pa.schema([("a", pa.int64())])
    assert visible_schema(SCHEMA, Grant(hidden={"never"})).metadata is None
    assert visible_schema(SCHEMA, Grant()).metadata == SCHEMA.metadata


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ({"columns": ("aa",)}, "there is no column 'aa': did you mean 'a'?"),
        ({"columns": ("fare",)}, "there is no column 'fare': there are 'a', 'b', 'c'"),
        ({"columns": ("a", "z" * 200)}, f"there is no column '{'z' * 100}': there are"
         " 'a', 'b', 'c'"),
    ],
)  # fmt: skip
def test_a_column_that_does_not_exist_is_named_with_those_that_do(entry, command, message):
    with pytest.raises(InvalidCommand) as caught:
        plan(entry(), **command)

    assert caught.value.message == message


def test_of_many_columns_ten_are_named(entry):
    schema = pa.schema([(f"x{number}", pa.int8()) for number in range(5000)])
    offer = Offer.of(entry(), schema, Grant(), ("s", "a"))

    with pytest.raises(InvalidCommand) as caught:
        make_plan(entry(), offer, Command(("s", "a"), columns=("?",)))

    ten = ", ".join(f"'x{number}'" for number in range(10))
    assert caught.value.message == f"there is no column '?': there are {ten} and 4990 more"


@pytest.mark.parametrize(
    "command", [{"columns": ("a",)}, {"filter": "a > 1"}, {"filter": "a = a"}, {"columns": ("z",)}]
)
@pytest.mark.parametrize("grant", [Grant(columns={"b", "c"}), Grant(hidden={"a"})])
def test_a_hidden_column_is_told_of_as_if_it_did_not_exist(entry, grant, command):
    rest = Offer.of(entry(), SCHEMA.remove(0), Grant(), ("s", "a"))

    with pytest.raises(InvalidCommand) as hidden:
        plan(entry(), grant, **command)
    with pytest.raises(InvalidCommand) as missing:
        make_plan(entry(), rest, Command(("s", "a"), **command))

    assert hidden.value.message == missing.value.message


@pytest.mark.parametrize("rows", ["salary > 5", "a >", "a = 'text'"])
def test_a_grant_that_does_not_fit_the_flight_tells_nothing_of_itself(entry, rows):
    with pytest.raises(NotFound) as caught:
        plan(entry(), Grant(columns={"b"}, rows=[rows]))

    assert caught.value.message == "there is no flight 's/a'"


def test_a_ticket_of_this_version_is_good_and_of_another_is_stale(entry):
    version = plan(entry()).offer.version

    assert plan(entry(), version=version).offer.version == version
    with pytest.raises(Stale) as caught:
        plan(entry(version="2"), version=version)
    assert caught.value.message == ("the flight 's/a' changed since the ticket was made: ask again")


def test_a_version_changes_with_all_that_decides_what_is_read(entry):
    grants = [
        Grant(),
        Grant(columns={"a"}),
        Grant(columns={"a", "b"}),
        Grant(rows=["a > 1"]),
        Grant(hidden={"a"}),
        Grant(hidden={"a", "b"}),
        Grant(masks={"a": Mask("null")}),
        Grant(masks={"b": Mask("null")}),
        Grant(masks={"b": Mask("sha256")}),
        Grant(masks={"b": Mask("sha256", key="a")}),
        Grant(masks={"b": Mask("sha256", key="b")}),
    ]
    entries = [entry(), entry(version="2"), entry(options="{'delimiter': ';'}")]
    schemas = [SCHEMA, SCHEMA.remove(0)]

    versions = {
        version_of(one, schema, grant) for one in entries for schema in schemas for grant in grants
    }

    assert len(versions) == len(grants) * len(entries) * len(schemas)
    assert version_of(entry(), SCHEMA, Grant(columns=["b", "a"])) in versions
    assert version_of(entry(), SCHEMA, Grant(hidden=["b", "a"])) in versions


@pytest.fixture
def parted(memory, mount):
    """Return a function that returns a flight whose adapter has the given plan."""

    def make(parts: Any, *pushes: str) -> Entry:
        @adapter
        class Lake(memory({"a": SCHEMA.empty_table()}, pushes=pushes)):
            @hookimpl
            def plan_partitions(self, flight, request, target):
                return parts[:target] if parts else parts

        flight = Flight("a", version="1")
        return Entry(flight, mount(Lake), flight.name)

    return make


class TestPartitions:
    @pytest.mark.parametrize(
        ("parts", "target", "planned"),
        [
            (["x", "y", "z"], 2, ["x", "y"]),
            (["x", "y", "z"], 9, ["x", "y", "z"]),
            (["x", "y", "z"], 1, [None]),
            ([], 4, [None]),
            (None, 4, [None]),
        ],
    )
    def test_parts_are_those_of_the_adapter_or_the_whole(self, parted, parts, target, planned):
        assert partitions_of(plan(parted(parts, "partitions")), target) == planned

    def test_an_adapter_that_does_not_say_so_is_not_asked(self, parted):
        assert partitions_of(plan(parted(["x", "y"])), 2) == [None]

    def test_a_part_is_handed_to_the_adapter(self, parted):
        made = with_partition(plan(parted(["x", "y"], "partitions"), **ALL), (1, 2))

        assert made.request.partition == "y"
        assert left(made) == left(plan(parted(["x", "y"], "partitions"), **ALL))

    def test_a_part_that_the_plan_does_not_have_is_refused(self, parted):
        with pytest.raises(InvalidCommand) as caught:
            with_partition(plan(parted(["x"], "partitions")), (3, 4))

        assert caught.value.message == ("the flight 's/a' has no part [3, 4] for this command")
