"""What identities may know of."""

from typing import Any, ClassVar

import attrs
import pyarrow as pa
import pytest
from structlog.testing import capture_logs

from flightstream import (
    Action,
    Flight,
    Grant,
    Identity,
    InvalidCommand,
    InvalidData,
    Mask,
    NotFound,
    PermissionDenied,
    PluginError,
    Source,
    Unavailable,
    adapter,
    hookimpl,
    option,
    service,
)
from flightstream.registry import Plugin, Services
from flightstream.serving.access import Access
from flightstream.serving.catalog import Catalog
from flightstream.serving.lookup import Lookup

ANN = Identity("ann", {"reader"})


@service
class Policy:
    name: str = option("policy", help="for the test")
    answers: dict[Any, Any] = option(help="by path")
    asked: list[Any] = option(factory=list, help="what was asked")

    @hookimpl
    def authorize(self, identity, path, operation):
        self.asked.append((identity.subject, "/".join(path), operation))
        answer = self.answers.get("/".join(path))
        if isinstance(answer, Exception):
            raise answer
        return answer


def access(*policies: Policy) -> Access:
    return Access(Services.of([Plugin(p.name, "1", p) for p in policies]))


def test_grants_allow_only_what_both_allow():
    columns = [None, {"a"}, {"a", "b"}, {"c"}]
    together = {(str(a), str(b)): (Grant(a) & Grant(b)).columns for a in columns for b in columns}

    assert together["None", "None"] is None
    assert together[str({"a"}), "None"] == together["None", str({"a"})] == {"a"}
    assert together[str({"a"}), str({"c"})] == frozenset()
    assert (Grant(rows=["x"]) & Grant({"a"}, ["y"])) == Grant({"a"}, ("x", "y"))


def test_what_one_grant_hides_is_hidden_whatever_another_allows():
    hides = Grant(hidden={"card"})

    assert hides & Grant() == Grant() & hides == hides
    assert (hides & Grant(hidden={"pin"})).hidden == {"card", "pin"}
    assert [name for name in ("a", "card", "b") if (hides & Grant({"a", "card"})).shows(name)] == [
        "a"
    ]


def test_one_mask_from_two_grants_is_one_and_two_hide_the_column():
    redacts, digests = Grant(masks={"mail": Mask("redact")}), Grant(masks={"mail": Mask("sha256")})

    assert redacts & redacts == redacts & Grant() == Grant() & redacts == redacts
    assert redacts & digests == Grant(hidden={"mail"})
    assert digests & Grant(masks={"mail": Mask("sha256", key="a")}) == Grant(hidden={"mail"})
    assert redacts & Grant(masks={"name": Mask("null")}) == Grant(
        masks={"name": Mask("null"), "mail": Mask("redact")}
    )


def test_what_is_hidden_needs_no_mask():
    masked = Grant(masks={"mail": Mask("redact")})

    assert masked & Grant(hidden={"mail"}) == Grant(hidden={"mail"}) & masked
    assert (masked & Grant(hidden={"mail"})) == Grant(hidden={"mail"})
    assert Grant(hidden={"mail"}, masks={"mail": Mask("null")}) == Grant(hidden={"mail"})


@pytest.mark.parametrize("names", [{"columns": "card"}, {"hidden": "card"}, {"rows": "a > 1"}])
def test_a_bare_text_is_no_set_of_names(names):
    """Its letters would be taken for names: nothing would be hidden."""
    with pytest.raises(TypeError) as caught:
        Grant(**names)

    [text] = names.values()
    assert str(caught.value) == f"Grant takes several texts, not {text!r} alone: write [{text!r}]"


@pytest.mark.parametrize("error", [PermissionDenied("no"), NotFound("no")])
def test_who_may_not_see_a_flight_is_given_no_grant(error):
    policy = Policy(answers={"s/a": error})

    assert access(policy).grant(ANN, ("s", "a"), "read") is None
    assert access(policy).grant(ANN, ("s", "b"), "read") == Grant()
    assert policy.asked == [("ann", "s/a", "read"), ("ann", "s/b", "read")]


@pytest.mark.parametrize(
    ("error", "raised"),
    [(RuntimeError("s3cr3t"), PluginError), (Unavailable("no database"), Unavailable)],
)
def test_a_policy_that_cannot_tell_refuses_the_call(error, raised):
    with pytest.raises(raised):
        access(Policy(answers={"s/a": error})).grant(ANN, ("s", "a"), "read")


@pytest.mark.parametrize(
    ("role", "answer", "allowed"),
    [
        (None, None, True),
        ("reader", None, True),
        ("reader", Grant(), True),
        ("admin", None, False),
        ("admin", Grant(), False),
        (None, PermissionDenied("no"), False),
    ],
)
def test_an_action_needs_its_role_and_no_refusal(role, answer, allowed):
    action = Action("go", "goes", lambda *_: [], role=role)
    checked = access(Policy(answers={"go": answer}))

    if allowed:
        checked.check_action(ANN, action)
    else:
        with pytest.raises(PermissionDenied) as caught:
            checked.check_action(ANN, action)
        assert caught.value.message == "the action 'go' is not allowed to 'ann'"


class TestLookup:
    """Sources ``s`` and ``t``; both have ``both``, and ``s`` has a flight that is called t/x."""

    @pytest.fixture
    def lookup(self, mount):
        def make(**answers: Any) -> Lookup:
            def lists(*names: str) -> type[Any]:
                @adapter
                class Lake:
                    source: Source

                    @hookimpl
                    def list_flights(self):
                        return [Flight(name) for name in names]

                return Lake

            self.policy = Policy(answers={k.replace("__", "/"): v for k, v in answers.items()})
            mounts = [
                mount(lists("a", "both", "t/x", "deep/er"), source="s"),
                mount(lists("b", "both", "x"), source="t"),
            ]
            return Lookup(Catalog(mounts, 60.0), access(self.policy))

        return make

    @pytest.mark.parametrize(
        ("path", "found"),
        [
            ("s/a", "s/a"),
            ("a", "s/a"),
            ("b", "t/b"),
            ("deep/er", "s/deep/er"),
            ("t/x", "t/x"),
            ("s/t/x", "s/t/x"),
            ("t/both", "t/both"),
        ],
    )
    def test_a_path_means_one_flight(self, lookup, path, found):
        entry, grant = lookup().find(ANN, tuple(path.split("/")), "read")

        assert (str(entry), grant) == (found, Grant())

    @pytest.mark.parametrize("path", ["c", "s/b", "u/a", "s", "", "s/../a", "a/", "/s/a", "S/A"])
    def test_what_is_no_path_is_not_found(self, lookup, path):
        with pytest.raises(NotFound) as caught:
            lookup().find(ANN, tuple(path.split("/")), "read")

        assert caught.value.message == f"there is no flight {path!r}"

    def test_a_long_name_is_told_in_short(self, lookup):
        with pytest.raises(NotFound) as caught:
            lookup().find(ANN, ("x" * 60_000,), "read")

        assert caught.value.message == f"there is no flight '{'x' * 200}…'"

    def test_a_bare_name_in_two_sources_is_told_with_both_paths(self, lookup):
        with pytest.raises(InvalidCommand) as caught:
            lookup().find(ANN, ("both",), "read")

        assert caught.value.message == (
            "the name 'both' is not unique: ask for 's/both' or 't/both'"
        )

    def test_a_bare_name_is_looked_up_among_visible_flights_only(self, lookup):
        entry, _grant = lookup(s__both=PermissionDenied("no")).find(ANN, ("both",), "read")

        assert str(entry) == "t/both"

    def test_a_hidden_flight_is_not_found_as_if_it_did_not_exist(self, lookup):
        hidden = lookup(s__a=PermissionDenied("it is secret"))

        with pytest.raises(NotFound, match=r"^there is no flight 's/a'$"):
            hidden.find(ANN, ("s", "a"), "read")
        assert [str(entry) for entry, _ in hidden.visible(ANN, ("s",))] == [
            "s/both",
            "s/deep/er",
            "s/t/x",
        ]

    def test_access_is_asked_before_the_source(self, lookup, mount):
        @adapter
        class Untouched:
            source: Source

            @hookimpl
            def list_flights(self):
                raise AssertionError("it was touched")

            @hookimpl
            def find_flight(self):
                raise AssertionError("it was touched")

        policy = Policy(answers={"s/a": PermissionDenied("no"), "s/s/a": PermissionDenied("no")})

        with pytest.raises(NotFound):
            Lookup(Catalog([mount(Untouched)], 60.0), access(policy)).find(ANN, ("s", "a"), "read")

    def test_the_grant_is_that_of_the_flight_that_was_found(self, lookup):
        _entry, grant = lookup(s__a=Grant({"x"}), t__a=Grant({"y"})).find(ANN, ("a",), "write")

        assert grant == Grant({"x"})
        assert self.policy.asked == [("ann", "s/a", "write"), ("ann", "t/a", "write")]

    def test_a_source_that_fails_to_find_a_name_does_not_hide_it_in_another(self, mount):
        @adapter
        class Failing:
            source: Source

            @hookimpl
            def list_flights(self):
                return []

            @hookimpl
            def find_flight(self, name):
                raise InvalidData(f"the file {name[-1]!r} is empty")

        @adapter
        class Lake:
            source: Source

            @hookimpl
            def list_flights(self):
                return [Flight("a")]

        both = Catalog([mount(Failing, source="s"), mount(Lake, source="t")], 60.0)
        found = Lookup(both, access())

        entry, _grant = found.find(ANN, ("a",), "read")

        assert str(entry) == "t/a"
        with pytest.raises(InvalidData, match="'b' is empty"):
            found.find(ANN, ("b",), "read")


class TestRowsThatDoNotFit:
    """Sources ``s`` and ``t`` both have ``a``, with the column ``n`` in ``s`` alone."""

    SCHEMAS: ClassVar = {"s": pa.schema([("n", pa.int64())]), "t": pa.schema([("m", pa.string())])}

    @pytest.fixture
    def lookup(self, mount):
        def make(grant: Grant, version: str = "1") -> Lookup:
            def lists(source: str) -> type[Any]:
                @adapter
                class Lake:
                    source: Source

                    @hookimpl
                    def list_flights(self):
                        return [Flight("a", version=version)]

                    @hookimpl
                    def get_schema(self, flight):
                        return TestRowsThatDoNotFit.SCHEMAS[self.source.name]

                return Lake

            mounts = [mount(lists(source), source=source) for source in ("s", "t")]
            policy = Policy(answers=dict.fromkeys(("s/a", "t/a"), grant))
            return Lookup(Catalog(mounts, 60.0), access(policy))

        return make

    @pytest.mark.parametrize(
        ("rows", "source"), [("n > 1", "s"), ("m = 'x'", "t"), ("n > 1 AND m = 'x'", None)]
    )
    @pytest.mark.parametrize("operation", ["read", "write"])
    def test_such_a_flight_is_not_there(self, lookup, rows, source, operation):
        found = lookup(Grant(rows=[rows]))

        if source is not None:
            entry, _grant = found.find(ANN, ("a",), operation)
            assert str(entry) == f"{source}/a"
        for other in {"s", "t"} - {source}:
            with pytest.raises(NotFound, match=f"^there is no flight '{other}/a'$"):
                found.find(ANN, (other, "a"), operation)

    def test_it_is_not_listed_once_its_schema_is_known(self, lookup):
        found = lookup(Grant(rows=["n > 1"]))
        before = [str(entry) for entry, _grant in found.visible(ANN)]

        found.find(ANN, ("a",), "read")

        assert before == ["s/a", "t/a"]
        assert [str(entry) for entry, _grant in found.visible(ANN)] == ["s/a"]

    @pytest.mark.parametrize("version", ["1", ""])
    def test_the_operator_is_told_once_and_told_no_value(self, lookup, version):
        found = lookup(Grant(rows=["n = 's3cr3t' AND m = 's3cr3t'"]), version)

        with capture_logs() as logs:
            for _ in range(3):
                for path in ("s", "a"), ("t", "a"):
                    with pytest.raises(NotFound):
                        found.find(ANN, path, "read")

        assert logs == [
            {
                "event": "row_grant_does_not_fit",
                "log_level": "error",
                "flight": f"{source}/a",
                "missing": missing,
                "types": types,
            }
            for source, missing, types in (
                ("s", ["m"], {"n": "int64"}),
                ("t", ["n"], {"m": "string"}),
            )
        ]

    def test_what_is_no_filter_is_told_as_that(self, lookup):
        found = lookup(Grant(rows=["n = 's3cr3t' AND"]))

        with capture_logs() as logs, pytest.raises(NotFound):
            found.find(ANN, ("s", "a"), "read")

        assert [(line["flight"], line["problem"]) for line in logs] == [("s/a", "it is no filter")]
        assert "s3cr3t" not in str(logs)

    def test_a_mask_that_does_not_fit_is_told_once(self, lookup):
        found = lookup(Grant(masks={"n": Mask("null"), "deep": Mask("null"), "gone": Mask("null")}))
        entry, grant = found.find(ANN, ("s", "a"), "read")
        schema = pa.schema([("n", pa.int64()), ("deep", pa.list_(pa.int64()))])
        listed = attrs.evolve(entry, flight=attrs.evolve(entry.flight, schema=schema))

        with capture_logs() as logs:
            for _ in range(3):
                assert found.offer(listed, grant, ("s", "a")).schema == schema

        assert logs == [
            {
                "event": "mask_does_not_fit",
                "log_level": "warning",
                "flight": "s/a",
                "column": "deep",
                "mask": "null",
                "type": "list<item: int64>",
            }
        ]
