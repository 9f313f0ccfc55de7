"""Whatever policies say: over every call, what is seen is what a model in plain Python shows."""

import hashlib
import hmac
import json
import math
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pytest
from flightstream_auth.policies import Columns, KeyedMask, Policy
from hypothesis import given, settings
from hypothesis import strategies as st

from flightstream import Credentials, FlightStreamError, Identity, Secret, Source
from flightstream.registry import Mount, Plugin, Registry, Services
from flightstream.serving import Service, Setup
from flightstream.wire import Command

WIDE = pa.schema(
    [
        pa.field("number", pa.int64(), nullable=False, metadata={"greatest": "9"}),
        ("region", pa.string()),
        ("email", pa.string()),
        ("amount", pa.float64()),
        ("tags", pa.list_(pa.string())),
    ],
    {"pandas": "number, region, email, amount, tags"},
)
NARROW = pa.schema([WIDE.field("number"), WIDE.field("email")])
FLIGHTS = {"sales/orders": WIDE, "sales/eu/orders": WIDE, "hr/staff": NARROW}
PATTERNS = {
    "**": {*FLIGHTS},
    "sales/**": {"sales/orders", "sales/eu/orders"},
    "sales/*": {"sales/orders"},
    "*/*": {"sales/orders", "hr/staff"},
    "**/orders": {"sales/orders", "sales/eu/orders"},
    "hr/staf": set(),
}
KEY = "0123456789abcdef"
KEYED = KeyedMask(kind="sha256", key=Secret(KEY))

Row = dict[str, Any]
Truth = bool | None


class Denied(Exception):
    """What the client is told of as of something that does not exist."""


class Refused(Exception):
    """The command does not fit what is visible."""


# Rules for rows, by their text; each takes a row and claims.


def scalar(claims: Row, name: str) -> Any:
    claim = claims.get(name)
    if not isinstance(claim, str | int | float) or claim != claim:
        raise Denied
    return claim


def in_region(row: Row, claims: Row) -> Truth:
    claim = claims.get("region")
    wanted = claim if isinstance(claim, list) else [claim]
    for one in wanted:
        scalar({"it": one}, "it")
    if "region" not in row or not all(isinstance(one, str) for one in wanted):
        raise Denied
    return None if row["region"] is None or not wanted else row["region"] in wanted


def least(row: Row, claims: Row) -> Truth:
    claim = scalar(claims, "least")
    if "amount" not in row or isinstance(claim, str | bool):
        raise Denied
    return None if row["amount"] is None else row["amount"] >= claim


def negated(truth: Truth) -> Truth:
    return None if truth is None else not truth


def either(*truths: Truth) -> Truth:
    return True if True in truths else None if None in truths else False


RULES = {
    "region = claims.region": in_region,
    "region NOT IN claims.region": lambda row, claims: negated(in_region(row, claims)),
    "amount >= claims.least": least,
    "number < 3": lambda row, claims: row["number"] < 3,
    "region IN claims.region OR number = 1": lambda row, claims: either(
        in_region(row, claims), row["number"] == 1
    ),
}


# Filters of clients: what they need, and what they mean for a row as it is visible.


def compared(row: Row, column: str, compare: Any) -> Truth:
    return None if row[column] is None else compare(row[column])


FILTERS: dict[str, tuple[dict[str, pa.DataType | None], Any]] = {
    "number > 1": ({"number": pa.int64()}, lambda r: compared(r, "number", lambda v: v > 1)),
    "email = 'x'": ({"email": pa.string()}, lambda r: compared(r, "email", lambda v: v == "x")),
    "email = '***'": ({"email": pa.string()}, lambda r: compared(r, "email", lambda v: v == "***")),
    "email IS NULL": ({"email": None}, lambda r: r["email"] is None),
    "tags IS NOT NULL": ({"tags": None}, lambda r: r["tags"] is not None),
    "NOT region = 'apac'": (
        {"region": pa.string()},
        lambda r: compared(r, "region", lambda v: v != "apac"),
    ),
    "amount < 2.0 OR number = 2": (
        {"amount": pa.float64(), "number": pa.int64()},
        lambda r: either(
            compared(r, "amount", lambda v: v < 2.0), compared(r, "number", lambda v: v == 2)
        ),
    ),
}


# Masks: the type and the values that they leave.


def masked(mask: Any, stored: pa.Field, value: Any) -> Any:
    text = None if value is None else str(value).encode()
    if mask == "null" or text is None:
        return None
    if mask == "redact":
        return "***"
    if mask == "sha256":
        return hashlib.sha256(text).hexdigest()
    return hmac.new(KEY.encode(), text, "sha256").hexdigest()


def masked_field(mask: Any, stored: pa.Field) -> pa.Field:
    if mask == "null":
        return pa.field(stored.name, stored.type)
    return pa.field(stored.name, pa.string(), stored.nullable)


class Model:
    """What policies show to one identity."""

    def __init__(self, policies: tuple[Policy, ...], identity: Identity, tables: Row) -> None:
        self.policies, self.identity, self.tables = policies, identity, tables

    def policy(self, path: str, *operations: str) -> Policy:
        for policy in self.policies:
            everybody = "*" in (policy.subjects or ()) or policy.roles is policy.subjects is None
            named = self.identity.subject in (policy.subjects or ()) or any(
                role in (policy.roles or ()) for role in self.identity.roles
            )
            anonymous = self.identity.subject == "anonymous"
            is_for = named or (everybody and not anonymous)
            if is_for and any(path in PATTERNS[pattern] for pattern in policy.flights or ()):
                if not {*operations} & {*policy.operations}:
                    raise Denied
                if policy.rows is not None:  # claims are looked at before any row
                    RULES[policy.rows](dict.fromkeys(FLIGHTS[path].names, 0), self.claims)
                return policy
        raise Denied

    @property
    def claims(self) -> Row:
        return dict(self.identity.claims)

    def schema(self, path: str, policy: Policy) -> pa.Schema:
        columns, fields = policy.columns, []
        for stored in FLIGHTS[path]:
            name, mask = stored.name, policy.columns.mask.get(stored.name)
            if (columns.allow is not None and name not in columns.allow) or name in columns.deny:
                continue
            if mask is None:
                fields.append(stored)
            elif name != "tags":
                fields.append(masked_field(mask, stored))
        whole = columns.show_all and policy.rows is None
        return pa.schema(fields, FLIGHTS[path].metadata if whole else None)

    def listing(self) -> dict[str, pa.Schema]:
        found = {}
        for path in FLIGHTS:
            try:
                found[path] = self.schema(path, self.policy(path, "list", "read"))
            except Denied:
                continue
        return found

    def read(self, path: str, command: Row) -> tuple[pa.Schema, list[Row]]:
        policy = self.policy(path, "read")
        visible = self.schema(path, policy)
        types = {stored.name: stored.type for stored in visible}
        columns = command.get("columns", tuple(visible.names))
        needs, keeps = FILTERS.get(command.get("filter", ""), ({}, None))
        if not {*columns, *needs} <= {*types}:
            raise Refused
        if any(type_ not in (None, types[name]) for name, type_ in needs.items()):
            raise Refused
        rows = self.tables[path].to_pylist()
        if policy.rows is not None:
            rows = [row for row in rows if RULES[policy.rows](row, self.claims)]
        masks = policy.columns.mask
        rows = [
            {
                stored.name: masked(masks[stored.name], stored, row[stored.name])
                if stored.name in masks
                else row[stored.name]
                for stored in visible
            }
            for row in rows
        ]
        rows = [row for row in rows if keeps is None or keeps(row)]
        first = command.get("offset", 0)
        rows = rows[first : first + command.get("limit", len(rows))]
        asked = pa.schema([visible.field(name) for name in columns], visible.metadata)
        return asked, [{name: row[name] for name in columns} for row in rows]


ROWS = st.fixed_dictionaries(
    {
        "number": st.integers(0, 5),
        "region": st.sampled_from([None, "emea", "apac", "x' OR TRUE"]),
        "email": st.sampled_from([None, "x", "***", "ada@example.org"]),
        "amount": st.sampled_from([None, -1.5, 0.5, 2.5, 7.25]),
        "tags": st.sampled_from([None, ["a"]]),
    }
)
NAMES = st.sampled_from([*WIDE.names, "gone"])
MASKS = st.sampled_from(["null", "redact", "sha256", KEYED])


@st.composite
def columns(draw: Any) -> Columns:
    names = draw(st.lists(NAMES, unique=True, max_size=3))
    mask = draw(st.dictionaries(NAMES, MASKS, max_size=3))
    match draw(st.sampled_from(["all", "allow", "deny"])):
        case "allow":
            return Columns(allow=(*names, *mask), mask=mask)
        case "deny":
            return Columns(deny=names, mask={n: m for n, m in mask.items() if n not in names})
    return Columns(mask=mask)


# What lets something be seen stands there several times: most examples should.


@st.composite
def policies(draw: Any, *, mostly: bool = False) -> Policy:
    narrow = {"columns": draw(columns()), "rows": draw(st.sampled_from([None, *RULES]))}
    reads = [("read",)] * 5
    others = [("read", "list"), ("list",), (), ("write",)]
    operations = draw(st.sampled_from(reads if mostly else reads + others))
    for_all = {"flights": ("**",), "subjects": ("*", "anonymous")} if mostly else {}
    chosen = {
        "roles": draw(st.sampled_from([None, None, ("analyst",), ("analyst", "clerk")])),
        "subjects": draw(st.sampled_from([None, None, ("ada",), ("anonymous", "bob")])),
        "flights": draw(st.lists(st.sampled_from([*PATTERNS]), min_size=1, max_size=2)),
    }
    return Policy(
        **(chosen | for_all), operations=operations, **({} if "write" in operations else narrow)
    )


CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        "region": st.sampled_from(["emea", "x' OR TRUE", ["emea", "apac"], ["apac"], []])
        | st.sampled_from([["emea", 1], 1, True, None, {}, [["a"]]]),
        "least": st.sampled_from([0, -1.5, 2.5])
        | st.sampled_from([math.nan, "0", False, [1], None]),
    },
)
GOOD_CLAIMS = st.fixed_dictionaries(
    {
        "region": st.sampled_from(["emea", "x' OR TRUE", ["emea", "apac"], ["apac"], []]),
        "least": st.sampled_from([0, -1.5, 2.5]),
    }
)
IDENTITIES = st.builds(
    Identity,
    st.sampled_from(["ada", "bob", "cleo", "anonymous"]),
    st.sampled_from([(), ("analyst",), ("clerk",)]),
    GOOD_CLAIMS | CLAIMS,
)
COMMANDS = st.fixed_dictionaries(
    {},
    optional={
        "columns": st.lists(NAMES, unique=True, min_size=1, max_size=3).map(tuple),
        "filter": st.sampled_from([*FILTERS]),
        "limit": st.integers(0, 5),
        "offset": st.integers(0, 3),
        "partitions": st.integers(1, 4),
    },
)


@given(
    rows=st.lists(ROWS, max_size=8),
    said=st.tuples(policies(mostly=True)) | st.tuples(policies(), policies(mostly=True)),
    identity=IDENTITIES,
    other=IDENTITIES,
    path=st.sampled_from(["sales/orders", *FLIGHTS]),
    command=COMMANDS,
)
@settings(max_examples=300)
def test_what_is_seen_is_what_the_model_shows(
    guard, lake, rows, said, identity, other, path, command
):
    tables = {name: pa.Table.from_pylist(rows, schema) for name, schema in FLIGHTS.items()}
    model = Model(said, identity, tables)
    anybody = Policy(subjects=("*", "anonymous"), actions=("explain",))
    service = serve(guard(policies=(*said, anybody)), lake(tables))
    asked = Command(tuple(path.split("/")), **command).to_bytes()
    who = credentials(identity)
    calls = [
        lambda: service.get_schema(who, asked),
        lambda: service.get_flight(who, asked),
        lambda: service.do_action(who, "explain", asked),
        lambda: read(service, who, asked),
    ]

    listed = {"/".join(one.path): one.schema for one in service.list_flights(who, b"")}
    assert listed.keys() == model.listing().keys()
    for name, schema in model.listing().items():
        assert listed[name].equals(schema, check_metadata=True)
    try:
        schema, expected = model.read(path, command)
    except (Denied, Refused) as exc:
        code = "not_found" if isinstance(exc, Denied) else "invalid_command"
        for call in calls:
            with pytest.raises(FlightStreamError) as caught:
                call()
            assert caught.value.code == code
            if code == "not_found":
                assert caught.value.message == f"there is no flight {path!r}"
            else:
                check_nothing_hidden(caught.value.message, model, path, command)
        return

    announced, info, [explained], found = (call() for call in calls)
    policy = model.policy(path, "read")
    assert announced.equals(schema, check_metadata=True)
    assert info.schema.equals(schema, check_metadata=True)
    assert found[0].equals(schema, check_metadata=True)
    assert found[1] == expected
    parts = [read(service, who, one.to_bytes())[1] for one in info.tickets]
    assert [row for part in parts for row in part] == expected
    check_nothing_hidden(explained.decode(), model, path, command)
    explained = json.loads(explained)
    assert explained["columns"] == schema.names
    if policy.rows is None:
        assert info.total_records in (-1, len(expected))
        assert explained["records"] in (-1, len(expected))
    else:
        assert (info.total_records, info.total_bytes) == (-1, -1)
        assert explained.keys().isdisjoint({"records", "reads", "partitions"})
    for ticket in info.tickets:
        check_foreign_ticket(service, ticket, other, Model(said, other, tables), path, command)


def check_foreign_ticket(
    service: Any, ticket: Command, other: Identity, model: Model, path: str, command: Row
) -> None:
    """Somebody else's ticket is worth no more than asking oneself."""
    try:
        _schema, found = read(service, credentials(other), ticket.to_bytes())
    except FlightStreamError as exc:
        assert exc.code in ("stale", "not_found")
        return
    _schema, rows = model.read(path, command)
    assert all(row in rows for row in found)


def check_nothing_hidden(message: str, model: Model, path: str, command: Row) -> None:
    visible = model.schema(path, model.policy(path, "read")).names
    asked = json.dumps([command.get("columns"), command.get("filter")])
    for name in {*WIDE.names} - {*visible}:
        assert name not in message or name in asked


def serve(guard: Any, lake: type[Any]) -> Service:
    services = Services.of([Plugin("guard", "1", guard)])
    mounts = []
    for name in ("sales", "hr"):
        place = Source(name, pafs.LocalFileSystem(), "/nowhere")
        mounts.append(Mount.of(place, Plugin("lake", "1", lake(source=place)), services))
    return Service(Setup(Registry(services, tuple(mounts)), "1", 2**20, 2**24, 60.0))


def credentials(identity: Identity) -> Credentials:
    if identity == Identity.ANONYMOUS:
        return Credentials()
    told = {"subject": identity.subject, "roles": [*identity.roles]}
    token = json.dumps(told | {"claims": dict(identity.claims)}).encode().hex()
    return Credentials({"authorization": (f"Bearer {token}",)})


def read(service: Service, who: Credentials, ticket: bytes) -> tuple[pa.Schema, list[Row]]:
    scan = service.scan(who, ticket, lambda: False)
    rows: list[Row] = []
    for batch in scan:  # one without columns has rows, too
        assert batch.schema == scan.schema
        rows += batch.to_pylist() if batch.num_columns else [{}] * batch.num_rows
    return scan.schema, rows
