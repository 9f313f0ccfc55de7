"""What a client has read is there again: as long as it is the same, and while its server is away."""

import asyncio
import os
import pickle
import resource
import time

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import flight

import flightstream
from flightstream import (
    ConfigError,
    DataWarning,
    Flight,
    Grant,
    Identity,
    InvalidCommand,
    NotFound,
    Unavailable,
    adapter,
    aio,
    hookimpl,
    service,
)
from flightstream.client import NotKept, Offline, Recalled

ROWS = pa.table({"n": range(1000), "name": [f"row {n}" for n in range(1000)]})
OTHER = ROWS.slice(0, 10)


@pytest.fixture
def world(memory):
    """What is served, and how often it was read; an adapter that serves it."""

    class World:
        rows, version, reads, skipped = ROWS, "1", 0, 0

    @adapter
    class Serves(memory({"rows": ROWS}, pushes=["partitions"])):
        @hookimpl
        def list_flights(self):
            if World.rows is not None:
                yield Flight("rows", version=World.version)

        @hookimpl
        def get_schema(self):
            return World.rows.schema

        @hookimpl
        def plan_partitions(self, target):
            size = -(-World.rows.num_rows // target)
            return [(start, size) for start in range(0, World.rows.num_rows, size)]

        @hookimpl
        def stream_batches(self, request):
            World.reads += 1
            if World.skipped:
                request.counts.add("skipped_rows", World.skipped)
            start, size = request.partition or (0, None)
            yield from World.rows.slice(start, size).to_batches(max_chunksize=100)

    World.adapter = Serves
    return World


@service
class Logins:
    @hookimpl
    def authenticate(self, credentials):
        return Identity(credentials.headers.get("authorization", ("nobody",))[0])

    @hookimpl
    def authorize(self, identity):
        few = {"Bearer few": ("n < 10",)}
        return Grant(rows=few.get(identity.subject, ()))


@pytest.fixture
def events():
    return []


@pytest.fixture
def client(events, tmp_path):
    """Return a function that makes a client of a server, which is patient for one attempt."""

    places = {}

    def connect(served, offline=tmp_path / "kept", **given):
        # The port of a server that has stopped is not known any more.
        place = places.get(served) or uri_of(served)
        places[served] = place
        given = {"attempts": 1, "on_event": events.append} | given
        return flightstream.connect(place, offline=offline, **given)

    return connect


@pytest.fixture
def served(serve, world):
    # What changes is noticed at once.
    return serve(world.adapter, listing_ttl_seconds=0)


def uri_of(served):
    return served if isinstance(served, str) else f"grpc://localhost:{served.server.port}"


def recalled(events):
    return [event for event in events if isinstance(event, Recalled)]


class TestReuse:
    def test_what_is_the_same_is_read_once(self, served, world, client, events):
        reader = client(served)
        assert [reader.read("rows") for _ in range(3)] == [ROWS] * 3
        with reader.stream("s/rows") as stream:
            assert stream.age_seconds is not None
            assert stream.read_all() == ROWS

        assert world.reads == 1
        assert [event.is_away for event in recalled(events)] == [False] * 3

    def test_the_parts_of_a_reading_are_the_whole(self, served, world, client):
        reader = client(served)
        assert reader.read("rows", partitions=4) == ROWS
        read = world.reads
        assert reader.read("rows") == ROWS
        assert pa.Table.from_batches(reader.batches("rows", partitions=2, ordered=False)) == ROWS
        assert world.reads == read

    def test_rows_in_no_order_are_not_kept(self, served, world, client):
        reader = client(served)
        list(reader.batches("rows", partitions=4, ordered=False))
        read = world.reads
        assert reader.read("rows") == ROWS
        assert world.reads > read

    def test_a_part_is_kept_by_itself(self, served, world, client):
        reader = client(served)
        first, second = reader.info("rows", partitions=2).parts
        assert [reader.read(first).num_rows for _ in range(2)] == [500, 500]
        assert world.reads == 1
        assert reader.read(second).num_rows == 500
        assert world.reads == 2

    def test_each_selection_is_kept_by_itself(self, served, world, client):
        reader = client(served)
        for _ in range(2):
            assert reader.read("rows", columns=["n"], filter="n < 10").num_rows == 10
            assert reader.read("rows", limit=5, offset=2)["n"].to_pylist() == [*range(2, 7)]
            assert reader.read("rows") == ROWS
        assert world.reads == 3

    def test_what_the_client_does_itself_is_done_again(self, served, world, client):
        reader = client(served)
        ends = pc.ends_with(pc.field("name"), "7") & (pc.field("n") > 500)
        tables = [reader.read("rows", filter=ends, columns=["name"]) for _ in range(2)]
        assert tables[0] == tables[1]
        assert tables[0].num_rows == 50
        assert world.reads == 1

    @pytest.mark.parametrize("change", ["data", "version alone"])
    def test_what_has_changed_is_read_again(self, served, world, client, change):
        reader = client(served)
        reader.read("rows")
        world.version = "2"
        world.rows = OTHER if change == "data" else ROWS
        assert [reader.read("rows") for _ in range(2)] == [world.rows] * 2
        assert world.reads == 2

    def test_a_flight_without_a_version_is_read_each_time(self, served, world, client):
        world.version = None
        reader = client(served)
        assert [reader.read("rows") for _ in range(2)] == [ROWS] * 2
        assert world.reads == 2

    @pytest.mark.parametrize("how", ["left", "limit of the client"])
    def test_what_is_not_read_to_its_end_is_not_kept(self, served, world, client, tmp_path, how):
        reader = client(served)
        if how == "left":
            with reader.stream("rows") as stream:
                next(stream)
        else:
            reader.read("rows", filter=pc.starts_with(pc.field("name"), "row"), limit=2)
        assert reader.read("rows") == ROWS
        assert world.reads == 2
        assert not list((tmp_path / "kept").glob("*.part"))

    def test_what_the_server_reported_is_reported_again(self, served, world, client):
        world.skipped = 3
        reader = client(served)
        for _ in range(2):
            with pytest.warns(DataWarning, match="'s/rows': skipped_rows 3"):
                reader.read("rows")
        assert world.reads == 1

    def test_a_flight_without_rows(self, served, world, client):
        world.rows = ROWS.slice(0, 0)
        reader = client(served)
        assert [reader.read("rows") for _ in range(2)] == [world.rows] * 2
        assert world.reads == 1


class TestAway:
    def test_everything_is_served_with_its_age(self, served, world, client, events):
        reader = client(served)
        reader.read("rows", partitions=3)
        reader.read("rows", columns=["n"])
        served.server.stop()

        assert reader.schema("rows") == ROWS.schema
        described = reader.info("rows")
        assert (described.name, described.total_records) == ("s/rows", 1000)
        assert described.age_seconds >= 0
        assert reader.read("rows") == ROWS
        assert reader.read(described) == ROWS
        assert pa.Table.from_batches(reader.batches("rows")) == ROWS
        assert reader.read("rows", columns=["n"]) == ROWS.select(["n"])
        stream = reader.stream("rows")
        assert stream.age_seconds >= 0
        assert stream.read_all() == ROWS
        assert {event.is_away for event in recalled(events)} == {True}

    def test_a_new_client_finds_it_too(self, served, client):
        client(served).read("rows")
        uri = uri_of(served)
        served.server.stop()

        assert client(uri).read("rows") == ROWS
        assert pickle.loads(pickle.dumps(client(uri))).read("rows") == ROWS

    def test_asyncio(self, served, client, tmp_path):
        client(served).read("rows")
        place = uri_of(served)
        served.server.stop()

        async def main():
            async with aio.connect(place, attempts=1, offline=tmp_path / "kept") as reader:
                stream = await reader.stream("rows")
                assert stream.age_seconds >= 0
                return await stream.read_all(), (await reader.info("rows")).age_seconds

        table, age_seconds = asyncio.run(main())
        assert table == ROWS
        assert age_seconds >= 0

    def test_what_is_not_kept_is_told_with_the_folder(self, served, client, tmp_path):
        reader = client(served)
        reader.read("rows", columns=["n"])
        reader.info("rows")
        served.server.stop()

        with pytest.raises(Unavailable, match=rf"refused .*'none' is not kept in '{tmp_path}/kept"):
            reader.read("none")
        assert reader.schema("rows") == ROWS.schema
        with pytest.raises(Unavailable, match=r"is away, and 's/rows' is not kept"):
            reader.read("rows")
        with pytest.raises(Unavailable, match=r"; 'rows' is not kept"):
            reader.read("rows", columns=["name"])
        with pytest.raises(Unavailable, match=r"no answer|has not answered"):
            reader.flights()

    def test_of_what_is_kept_whole_everything_can_be_asked(self, served, client):
        reader = client(served)
        reader.read("rows")
        served.server.stop()

        asked = {"columns": ["name"], "filter": "n >= 20", "limit": 3, "offset": 1}
        assert reader.read("rows", **asked) == ROWS.select(["name"]).slice(21, 3)
        few = pc.ends_with(pc.field("name"), "99")
        assert reader.info("rows", filter=few, columns=["n"]).schema.names == ["n"]
        assert reader.read("rows", filter=few, partitions=2)["n"].to_pylist()[:2] == [99, 199]
        with pytest.raises(InvalidCommand, match="there is no column 'z'"):
            reader.read("rows", columns=["z"])

    def test_rows_are_as_they_were_when_they_were_read(self, served, world, client):
        reader = client(served)
        reader.read("rows")
        world.version, world.rows = "2", OTHER
        assert reader.info("rows").total_records == -1
        served.server.stop()

        assert reader.info("rows").total_records == 1000
        assert reader.read("rows") == ROWS

    def test_what_is_too_old_is_not_served(self, served, client, tmp_path):
        folder = tmp_path / "kept"
        client(served).read("rows")
        served.server.stop()
        for path in folder.iterdir():
            os.utime(path, (time.time(), time.time() - 100))

        assert 99 < client(served).stream("rows").age_seconds < 200
        assert client(served, Offline(folder, max_age_seconds=1000)).read("rows") == ROWS
        with pytest.raises(Unavailable, match="or is older than max_age_seconds"):
            client(served, Offline(folder, max_age_seconds=50)).read("rows")

    def test_only_asks_nobody(self, served, world, client, tmp_path):
        client(served).read("rows")
        world.version, world.rows = "2", OTHER
        reader = client(served, Offline(tmp_path / "kept", only=True))
        assert reader.read("rows") == ROWS

        for call in (reader.flights, reader.actions, lambda: reader.action("health")):
            with pytest.raises(Unavailable, match="the client is offline only"):
                call()
        with pytest.raises(Unavailable, match="the client is offline only; 'none' is not kept"):
            reader.read("none")

    def test_what_is_gone_is_forgotten(self, served, world, client):
        reader = client(served)
        reader.read("rows")
        world.rows = None
        with pytest.raises(NotFound):
            reader.read("rows")
        served.server.stop()

        with pytest.raises(Unavailable, match="'rows' is not kept"):
            reader.read("rows")

    def test_a_server_that_is_not_ours(self, client, tmp_path):
        class Plain(flight.FlightServerBase):
            def get_flight_info(self, context, descriptor):
                if descriptor.path != [b"rows"]:
                    raise KeyError
                endpoint = flight.FlightEndpoint(b"s3cret", [])
                return flight.FlightInfo(ROWS.schema, descriptor, [endpoint], -1, -1)

            def do_get(self, context, ticket):
                return flight.RecordBatchStream(ROWS)

        with Plain("grpc://localhost:0") as plain:
            uri = f"grpc://localhost:{plain.port}"
            assert client(uri).read("rows", columns=["name"], filter="n < 20").num_rows == 20

        assert client(uri).read("rows", filter="n < 5").num_rows == 5
        assert all(b"s3cret" not in path.read_bytes() for path in (tmp_path / "kept").iterdir())
        assert client(uri).schema("rows") == ROWS.schema


class TestWhose:
    def test_rows_of_one_login_are_not_those_of_another(self, serve, world, client):
        served = serve(world.adapter, Logins)
        assert client(served, token="few").read("rows").num_rows == 10
        assert client(served, token="all").read("rows").num_rows == 1000
        served.server.stop()

        assert client(served, token="few").read("rows").num_rows == 10
        assert client(served, token="all").read("rows").num_rows == 1000
        for other in ({"token": "other"}, {"username": "few", "password": "few"}, {}):
            with pytest.raises(Unavailable, match="is not kept"):
                client(served, **other).read("rows")

    def test_a_grant_that_changes_is_another_version(self, serve, world, client, tmp_path):
        served = serve(world.adapter, Logins)
        mine = Offline(tmp_path / "kept", owner="ada")
        tokens = iter(["all", "few"])
        assert client(served, mine, token=lambda: "all").read("rows").num_rows == 1000
        assert client(served, mine, token="few").read("rows").num_rows == 10
        assert list(tokens)

    def test_no_secret_is_in_the_folder(self, serve, world, client, tmp_path):
        served = serve(world.adapter, Logins)
        client(served, token="hunter2secret").read("rows")
        client(served, username="ada", password="hunter2secret").read("rows")

        for path in (tmp_path / "kept").iterdir():
            assert b"hunter2secret" not in path.read_bytes()
            assert path.stat().st_mode & 0o077 == 0
        assert (tmp_path / "kept").stat().st_mode & 0o077 == 0

    def test_a_function_does_not_say_whose_its_tokens_are(self, served, client):
        with pytest.raises(ConfigError, match=r"name them, Offline\(folder, owner="):
            client(served, token=lambda: "1")

    def test_a_folder_that_others_may_write_to_is_refused(self, served, client, tmp_path):
        (tmp_path / "open").mkdir()
        (tmp_path / "open").chmod(0o777)
        with pytest.raises(ConfigError, match=r"others may write to .*: chmod go-w"):
            client(served, tmp_path / "open")
        with pytest.raises(ConfigError, match=r"not empty: '.' is the current one"):
            client(served, "")
        (tmp_path / "file").touch()
        with pytest.raises(ConfigError, match=r"file' cannot be used: File exists"):
            client(served, tmp_path / "file")

    @pytest.mark.parametrize("given", [{"max_bytes": 0}, {"max_age_seconds": 0}])
    def test_numbers_that_make_no_sense(self, tmp_path, given):
        with pytest.raises(ConfigError, match=f"{next(iter(given))} is 0: it has to be more than"):
            Offline(tmp_path, **given)


class TestFailures:
    @pytest.mark.parametrize("how", ["cut", "flipped", "emptied", "of another"])
    def test_a_damaged_file_is_read_again(self, served, world, client, tmp_path, how):
        reader = client(served)
        reader.read("rows")
        files = sorted((tmp_path / "kept").iterdir(), key=lambda path: path.stat().st_size)
        whole = files[-1].read_bytes()
        half = len(whole) // 2
        damaged = {
            "cut": whole[:half],
            "flipped": whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :],
            "emptied": b"",
            "of another": files[0].read_bytes(),
        }
        files[-1].unlink()
        files[-1].write_bytes(damaged[how])

        assert [reader.read("rows") for _ in range(2)] == [ROWS] * 2
        assert world.reads == 2

    def test_a_disk_that_is_full_fails_no_reading(self, served, world, client, events):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        reader = client(served)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
        try:
            assert reader.read("rows") == ROWS
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert [event for event in events if isinstance(event, NotKept)] == [
            NotKept("s/rows", "File too large")
        ]
        assert [reader.read("rows") for _ in range(2)] == [ROWS] * 2
        assert world.reads == 2

    def test_what_is_larger_than_the_budget_is_not_kept(self, served, client, events, tmp_path):
        folder = tmp_path / "kept"
        assert client(served, Offline(folder, max_bytes=10_000)).read("rows") == ROWS
        assert [type(event) for event in events if isinstance(event, NotKept)] == [NotKept]
        assert sum(path.stat().st_size for path in folder.iterdir()) <= 10_000

    def test_a_folder_that_is_gone_fails_no_reading(self, served, client, events, tmp_path):
        reader = client(served)
        (tmp_path / "kept").rmdir()
        assert reader.read("rows") == ROWS
        assert [type(event) for event in events if isinstance(event, NotKept)] == [NotKept]
