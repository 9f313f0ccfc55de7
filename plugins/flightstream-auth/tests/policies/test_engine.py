"""What policies say to whom."""

from typing import Any

import pytest
from flightstream_auth.policies import Columns, Policies, Policy
from structlog.testing import capture_logs

from flightstream import Grant, Identity, Mask, PermissionDenied

ADA = Identity("ada", {"analyst"}, {"region": "emea"})
BOB = Identity("bob", {"clerk"})
ALL = Policy(flights=("**",))


def denies(policies: Policies, identity: Identity, path: str, operation: str = "read") -> bool:
    try:
        policies.grant(identity, tuple(path.split("/")), operation)
    except PermissionDenied:
        return True
    return False


def test_without_policies_there_is_no_opinion():
    assert Policies(()).grant(ADA, ("sales", "orders"), "read") is None


@pytest.mark.parametrize("operation", ["list", "read", "write", "action"])
def test_what_no_policy_is_about_is_denied(operation):
    policies = Policies((Policy(flights=("sales/*",), actions=("refresh",)),))

    assert denies(policies, ADA, "hr/staff", operation)


def test_the_first_policy_that_is_about_a_flight_decides():
    narrow = Policy(flights=("sales/*",), columns=Columns(deny=("card",)))

    for order, hidden in ([narrow, ALL], {"card"}), ([ALL, narrow], set()):
        grant = Policies(tuple(order)).grant(ADA, ("sales", "orders"), "read")
        assert grant == Grant(hidden=hidden)


def test_a_policy_without_operations_is_an_exception_to_later_ones():
    policies = Policies((Policy(flights=("*/secret",), operations=()), ALL))

    assert denies(policies, ADA, "sales/secret")
    assert denies(policies, ADA, "sales/secret", "list")
    assert not denies(policies, ADA, "sales/orders")


def test_what_the_deciding_policy_does_not_allow_no_later_one_does():
    policies = Policies((ALL, Policy(flights=("**",), operations=("write",))))

    assert denies(policies, ADA, "sales/orders", "write")


@pytest.mark.parametrize(
    ("operations", "allowed"),
    [
        (("read",), {"read", "list"}),
        (("list",), {"list"}),
        (("write",), {"write"}),
        (("read", "write"), {"read", "list", "write"}),
        ((), set()),
    ],
)
def test_who_may_read_may_list_and_no_more(operations, allowed):
    policies = Policies((Policy(flights=("**",), operations=operations),))
    every = ("list", "read", "write", "action")

    assert {one for one in every if not denies(policies, ADA, "sales/orders", one)} == allowed


@pytest.mark.parametrize(
    ("who", "subjects"),
    [
        ({}, {"ada", "bob"}),
        ({"roles": ("analyst",)}, {"ada"}),
        ({"subjects": ("bob",)}, {"bob"}),
        ({"roles": ("analyst",), "subjects": ("bob",)}, {"ada", "bob"}),
        ({"roles": ("*",)}, {"ada", "bob"}),
        ({"subjects": ("*",)}, {"ada", "bob"}),
        ({"subjects": ("anonymous",)}, {"anonymous"}),
        ({"roles": ("Analyst",)}, set()),
        ({"roles": ("ada",)}, set()),
        ({"subjects": ("analyst",)}, set()),
        ({"subjects": ("a*",)}, set()),
    ],
)
def test_a_policy_is_for_those_it_names(who, subjects):
    policies = Policies((Policy(flights=("**",), **who),))
    everybody = (ADA, BOB, Identity.ANONYMOUS)

    found = {who.subject for who in everybody if not denies(policies, who, "sales/orders")}

    assert found == subjects


def test_actions_are_those_that_are_named_to_somebody():
    policies = Policies(
        (
            ALL,
            Policy(roles=("analyst",), actions=("refresh", "explain")),
            Policy(subjects=("bob",), flights=("x/*",), actions=("*",)),
        )
    )

    assert [denies(policies, ADA, name, "action") for name in ("refresh", "explain", "health")] == [
        False,
        False,
        True,
    ]
    assert not denies(policies, BOB, "health", "action")
    assert denies(Policies((Policy(flights=("**",)),)), ADA, "refresh", "action")
    assert denies(Policies((Policy(actions=("*",)),)), ADA, "sales/orders")


def test_a_grant_has_columns_masks_and_rows_with_claims():
    columns = Columns(allow=("id", "email"), mask={"email": "redact"})
    policies = Policies((Policy(flights=("**",), columns=columns, rows="region = claims.region"),))

    expected = Grant({"id", "email"}, ["region = 'emea'"], masks={"email": Mask("redact")})
    assert policies.grant(ADA, ("sales", "orders"), "read") == expected
    assert policies.grant(ADA, ("sales", "orders"), "list") == expected


@pytest.mark.parametrize(
    "claims",
    [{}, {"region": None}, {"region": {"a": 1}}, {"region": [[]]}, {"region": float("nan")}],
)
def test_a_claim_that_cannot_be_compared_denies_the_flight_and_is_told_once(claims: Any):
    policies = Policies((Policy(flights=("**",), rows="region = claims.region"),))
    ada = Identity("ada", claims=claims)

    with capture_logs() as logs:
        assert denies(policies, ada, "sales/orders")
        assert denies(policies, ada, "sales/orders", "list")

    [line] = logs
    assert (line["event"], line["policy"], line["log_level"]) == (
        "policy_lacks_claim",
        0,
        "warning",
    )
    assert line["problem"].startswith("the claim 'region' ")
