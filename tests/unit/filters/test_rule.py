"""Claims of an identity in a filter: values, whatever is in them."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightstream import Filter, InvalidCommand, PermissionDenied, RowRule
from flightstream.filters.parse import parse
from flightstream.filters.syntax import Comparison, Membership, Name, Value

ATTACKS = [
    "' OR 1=1 --",
    "x' OR 'a' = 'a",
    "''",
    "'",
    '"',
    "\\'",
    "a\nOR TRUE",
    "\0",
    "claims.region",
    "NULL",
    "TRUE",
    "%",
    "",
    "é\u202e",
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(ATTACKS)
SCALARS = (
    TEXTS
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
)


@pytest.mark.parametrize(
    ("rule", "claims", "filled"),
    [
        ("region = claims.region", {"region": "emea"}, "region = 'emea'"),
        ("region = claims.region", {"region": ["b", "a", "b"]}, "region IN ('a', 'b')"),
        ("region = claims.region", {"region": []}, "region IN (NULL)"),
        ("region IN claims.regions", {"regions": ["a"]}, "region IN ('a')"),
        ("region IN claims.regions", {"regions": "a"}, "region IN ('a')"),
        ("region IN ('x', claims.a, claims.b)", {"a": "y", "b": ["z"]}, "region IN ('x', 'y', 'z')"),
        ("region NOT IN claims.regions", {"regions": ["a"]}, "NOT region IN ('a')"),
        ("claims.region = region", {"region": ["a"]}, "region IN ('a')"),
        ("claims.groups = 'staff'", {"groups": ["a", "staff"]}, "'staff' IN ('a', 'staff')"),
        ("n >= claims.least", {"least": -1.5}, "n >= -1.5"),
        ("n BETWEEN claims.a AND 5", {"a": 1}, "n >= 1 AND n <= 5"),
        ("claims.all OR a = 1", {"all": True}, "TRUE OR a = 1"),
        ("NOT (a = claims.a AND b)", {"a": False}, "NOT (a = FALSE AND b)"),
        ('r = claims."https://acme.com/r"', {"https://acme.com/r": 1}, "r = 1"),
        ('r = claims."a""b"', {'a"b': 1}, "r = 1"),
        ("\"the region\" = claims.r AND x LIKE 'a!%' ESCAPE '!'", {"r": 1},
         "\"the region\" = 1 AND x LIKE 'a!%' ESCAPE '!'"),
        ("day > DATE '2020-01-01' AND b = x'ff' AND a IS NOT NULL AND r = claims.r", {"r": 1},
         "day > DATE '2020-01-01' AND b = x'ff' AND NOT a IS NULL AND r = 1"),
    ],
)  # fmt: skip
def test_claims_are_filled_in_as_values(rule, claims, filled):
    assert RowRule.parse(rule).fill(claims) == filled


@pytest.mark.parametrize("claim", ATTACKS)
def test_text_is_never_more_than_a_value(claim):
    rule = RowRule.parse("region = claims.region AND n > 1")
    batch = pa.record_batch({"region": [claim, "other", None], "n": [2, 2, 2]})

    kept = Filter.bind(rule.fill({"region": claim}), batch.schema).apply(batch)

    assert kept.to_pylist() == [{"region": claim, "n": 2}]


@given(claim=SCALARS)
def test_a_filled_filter_is_the_comparison_with_the_claim_and_nothing_else(claim):
    [condition] = [parse(RowRule.parse("region = claims.region").fill({"region": claim}))]

    match condition:
        case Comparison(Name("region"), "=", Value(kind, text)):
            pass
        case _:
            raise AssertionError(condition)
    match kind:
        case "string":
            assert text == claim
        case "boolean":
            assert text == str(claim).upper()
        case "number":
            assert type(claim)(text) == claim
        case _:
            raise AssertionError(kind)


@given(claims=st.lists(SCALARS))
def test_a_list_is_its_values_and_nothing_else(claims):
    condition = parse(RowRule.parse("region IN claims.region").fill({"region": claims}))

    assert isinstance(condition, Membership)
    assert len(condition.items) <= max(1, len(claims))


@pytest.mark.parametrize(
    "claim",
    [
        None,
        {},
        {"a": 1},
        [["a"]],
        [None],
        [{}],
        float("nan"),
        float("inf"),
        2**300,
        b"a",
        object(),
        "\ud800",
        "x" * 20_000,
        ["x"] * 3 + list(range(2_000)),
    ],
    ids=lambda claim: repr(claim)[:20],
)
def test_a_claim_that_cannot_be_a_value_denies(claim):
    rule = RowRule.parse("region = claims.region OR TRUE")

    with pytest.raises(PermissionDenied):
        rule.fill({"region": claim})


def test_a_missing_claim_denies_even_where_it_would_not_matter():
    with pytest.raises(PermissionDenied, match=r"^the claim 'region' is missing$"):
        RowRule.parse("TRUE OR region = claims.region").fill({"Region": "a"})


@pytest.mark.parametrize("rule", ["n < claims.a", "n <> claims.a", "NOT claims.a", "n IN (n) AND claims.a"])  # fmt: skip
def test_a_list_stands_for_one_of_its_values_alone(rule):
    with pytest.raises(PermissionDenied, match=r"^the claim 'a' cannot be compared$"):
        RowRule.parse(rule).fill({"a": [1]})


@pytest.mark.parametrize("rule", ["r = claims.r", "NOT r = claims.r", "r IN claims.r", "r NOT IN claims.r"])  # fmt: skip
def test_an_empty_list_keeps_no_row(rule):
    batch = pa.record_batch({"r": ["a", None]})

    assert Filter.bind(RowRule.parse(rule).fill({"r": []}), batch.schema).apply(batch).num_rows == 0


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "region =",
        "region LIKE claims.pattern",
        "region LIKE 'a' ESCAPE claims.a",
        "claims. region = 'a'",
        "claims.a.b = 'a'",
        "claims.1 = 'a'",
        'claims."" = 1',
        "Claims.region = 'a'",
        "region = claims.region; DROP",
        "claims.region(1) = 1",
        "region = 'a' -- comment",
    ],
)
def test_what_is_no_rule_is_refused(rule):
    with pytest.raises(InvalidCommand):
        RowRule.parse(rule)


def test_a_rule_says_which_claims_it_needs():
    rule = RowRule.parse("a = claims.b AND c IN (claims.d, 'claims.e') OR \"claims.f\" IS NULL")

    assert rule.claims == {"b", "d"}


def test_a_rule_without_claims_is_the_filter_that_was_written():
    assert RowRule.parse("a  =  1").fill({}) == "a  =  1"


def test_a_client_has_no_claims():
    with pytest.raises(InvalidCommand, match="a column name with a dot needs double quotes"):
        Filter.bind("region = claims.region", pa.schema([("region", pa.string())]))


@pytest.mark.parametrize("depth", [10, 62, 64])
def test_a_rule_that_can_be_read_can_be_filled(depth):
    text = "(" * depth + "a BETWEEN claims.a AND 3" + ")" * depth
    nested = "a = 1 AND (" * depth + "NOT b LIKE 'x' OR a = claims.a" + ")" * depth

    for one in (text, nested):
        try:
            rule = RowRule.parse(one)
        except InvalidCommand:
            continue
        assert parse(rule.fill({"a": 1}))
