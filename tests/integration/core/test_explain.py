"""What a command would do, told without doing it."""

import pyarrow as pa
import pytest

from flightstream import Grant, InvalidCommand, Mask, NotFound, ScanEstimate, hookimpl, service
from flightstream.wire import Command

TABLE = pa.table({"n": range(10), "name": [f"name {n}" for n in range(10)]})


@pytest.fixture
def counted(memory):
    """Return a function that declares an adapter which knows what a scan would read."""

    def declare(*pushes, **estimate):
        class Counted(memory({"t": TABLE}, pushes=pushes)):
            @hookimpl
            def estimate_scan(self, flight, request):
                return ScanEstimate(**estimate)

            @hookimpl
            def plan_partitions(self, flight, request, target):
                return list(range(target))

        return Counted

    return declare


def test_what_the_core_does_is_told_apart_from_what_the_adapter_does(serve, counted):
    served = serve(counted("columns", bytes=1000, details={"files": 3}))

    told = served.client.explain("t", columns=["name"], filter="n > 3", limit=2, offset=1)

    assert len(told.pop("version")) == 16
    assert told == {
        "flight": "s/t",
        "adapter": "counted",
        "columns": ["name"],
        "pushed_down": {"columns": ["name", "n"], "filter": None, "limit": None, "offset": 0},
        "left_to_the_core": {"filter": "n > 3", "limit": 2, "offset": 1},
        "reads": {"files": 3, "bytes": 1000},
        "records": -1,
        "partitions": 1,
    }


def test_an_adapter_that_does_all_leaves_nothing_to_the_core(serve, counted):
    pushes = ("columns", "filter", "limit", "offset", "partitions")
    served = serve(counted(*pushes, records=2))

    told = served.client.explain("t", filter="n > 3", limit=2, offset=1, partitions=4)

    assert told["pushed_down"] == {"columns": None, "filter": "n > 3", "limit": 2, "offset": 1}
    assert told["left_to_the_core"] == {"filter": None, "limit": None, "offset": 0}
    assert (told["records"], told["partitions"]) == (2, 4)


def test_an_adapter_that_knows_nothing_says_so(serve, memory):
    told = serve(memory({"t": TABLE})).client.explain("t")

    assert (told["reads"], told["records"]) == ({"bytes": -1}, -1)


def test_of_hidden_rows_no_number_is_told(serve, counted):
    @service
    class Rows:
        @hookimpl
        def authorize(self):
            return Grant(rows=("n < 5",), columns={"n"})

    served = serve(counted("columns", records=10), Rows)

    told = served.client.explain("t")

    assert told.keys().isdisjoint({"reads", "records", "partitions"})
    assert told["columns"] == ["n"]
    with pytest.raises(InvalidCommand, match="unknown column 'name'"):
        served.client.explain("t", filter="name = 'x'")


@pytest.mark.parametrize(
    "grant", [Grant({"name"}, ["n < 5"]), Grant({"name"}), Grant(hidden={"n"})]
)
@pytest.mark.parametrize("columns", [[], ["name"]])
def test_no_hidden_column_is_told_though_it_is_read(serve, counted, grant, columns):
    @service
    class Hides:
        @hookimpl
        def authorize(self):
            return grant

    served = serve(counted("columns"), Hides)

    pushed = served.client.explain("t", columns=columns)["pushed_down"]

    assert "n" not in (pushed["columns"] or [])


def test_of_masks_only_the_schema_tells(serve, counted):
    @service
    class Masks:
        @hookimpl
        def authorize(self):
            return Grant(masks={"name": Mask("sha256")})

    served = serve(counted("columns", "filter", "limit", records=10, bytes=99), Masks)

    told = served.client.explain("t", filter="n > 3", limit=2)
    masked = served.client.explain("t", filter="name = 'x' AND n > 3", limit=2)

    assert told["pushed_down"]["filter"] == "n > 3"
    assert told["records"] == 10
    assert masked["pushed_down"] == {"columns": None, "filter": None, "limit": None, "offset": 0}
    assert masked["left_to_the_core"] == {
        "filter": "name = 'x' AND n > 3",
        "limit": 2,
        "offset": 0,
    }
    assert (masked["records"], masked["columns"]) == (-1, ["n", "name"])


def test_what_cannot_be_read_cannot_be_explained(serve, memory):
    served = serve(memory({"t": TABLE}))

    with pytest.raises(NotFound):
        served.client.explain("unknown")
    with pytest.raises(InvalidCommand):
        served.client.action("explain", b"")


def test_rows_that_the_adapter_knows_are_told_before_reading(serve, counted):
    served = serve(counted(records=10))

    assert served.client.info("t").total_records == 10
    assert served.client.info("t", filter="n > 3").total_records == -1
    assert served.client.info("t", limit=3).total_records == -1


def test_an_estimate_that_fails_keeps_nobody_from_reading(serve, memory):
    class Broken(memory({"t": TABLE})):
        @hookimpl
        def estimate_scan(self):
            raise KeyError("broken")

    served = serve(Broken)

    assert served.client.info("t").total_records == -1
    assert served.client.read("t").num_rows == 10


def test_partitions_are_asked_for_by_the_client(serve, counted):
    served = serve(counted("partitions"))

    tickets = served.client.info("t", partitions=3).tickets

    assert [Command.parse(ticket).partition for ticket in tickets] == [(0, 3), (1, 3), (2, 3)]
