"""Policies as they stand in the configuration."""

import os
from typing import Any

import pytest
from flightstream_auth.policies import Columns, KeyedMask, Policy

from flightstream import ConfigError, Secret

pytest_plugins = ["flightstream.testing"]

KEY = "0123456789abcdef"


@pytest.fixture
def load(registry, guard, lake, tmp_path):
    """Return a function that reads policies from a configuration."""

    def load(*policies: dict[str, Any]) -> tuple[Policy, ...]:
        options = {"enabled": [], "guard": {"policies": list(policies)}}
        config = {"plugins": options, "sources": {"s": tmp_path}}
        [plugin] = registry(guard, lake({}), config=config).services.plugins
        found: tuple[Policy, ...] = plugin.instance.policies
        return found

    return load


def test_a_policy_is_read_with_all_that_it_says(load):
    os.environ["POLICY_TEST_KEY"] = KEY
    try:
        [policy] = load(
            {
                "roles": ["analyst"],
                "subjects": ["ada"],
                "flights": ["sales/*"],
                "operations": ["read"],
                "columns": {
                    "allow": ["id", "email", "card"],
                    "mask": {
                        "email": {"kind": "sha256", "key": {"env": "POLICY_TEST_KEY"}},
                        "card": "redact",
                    },
                },
                "rows": "region = claims.region",
                "actions": ["refresh"],
            }
        )
    finally:
        del os.environ["POLICY_TEST_KEY"]

    masks = {"email": KeyedMask(kind="sha256", key=Secret(KEY)), "card": "redact"}
    assert policy == Policy(
        roles=("analyst",),
        subjects=("ada",),
        flights=("sales/*",),
        operations=("read",),
        columns=Columns(allow=("id", "email", "card"), mask=masks),
        rows="region = claims.region",
        actions=("refresh",),
    )
    assert KEY not in repr(policy)


def test_what_is_left_out_is_everybody_who_reads_all(load):
    assert load({"flights": ["**"]}) == (Policy(flights=("**",)),)


@pytest.mark.parametrize(
    ("policy", "key", "message"),
    [
        ({}, "", "it names neither flights nor actions"),
        ({"flights": []}, ".flights", "flights is empty"),
        ({"flights": [""]}, ".flights", "flights is empty"),
        ({"flights": ["sales/[a]"]}, ".flights", "there are only '*', '?' and '**'"),
        ({"flights": ["a/b", "sales"]}, ".flights", "'sales' names no flight"),
        ({"flights": "**"}, ".flights", "expected an array of text"),
        ({"flights": ["**"], "roles": []}, ".roles", "roles is empty"),
        ({"flights": ["**"], "subjects": [""]}, ".subjects", "subjects is empty"),
        ({"actions": []}, ".actions", "actions is empty"),
        ({"flights": ["**"], "operations": ["delete"]}, ".operations[0]", "'list', 'read' or 'write'"),
        ({"flights": ["**"], "operations": ["action"]}, ".operations[0]", "'list', 'read' or 'write'"),
        ({"flights": ["**"], "rows": "region ="}, ".rows", "the filter ends too early"),
        ({"flights": ["**"], "rows": ""}, ".rows", "the filter is empty"),
        ({"flights": ["**"], "rows": "a LIKE claims.a"}, ".rows", "LIKE and ESCAPE take a string"),
        ({"flights": ["**"], "row": "a = 1"}, ".row", "did you mean 'rows'?"),
        ({"flights": ["**"], "columns": {"mask": {"a": "md5"}}}, ".columns.mask.a", "'null', 'redact' or 'sha256'"),
        ({"flights": ["**"], "columns": {"mask": {"a": {"kind": "null", "key": KEY}}}}, ".columns.mask.a.kind", "'sha256'"),
        ({"flights": ["**"], "columns": {"mask": {"a": {"kind": "sha256", "key": "short"}}}}, ".columns.mask.a.key", "fewer than 16 characters"),
        ({"flights": ["**"], "columns": {"mask": {"a": {"kind": "sha256"}}}}, ".columns.mask.a.key", "required"),
        ({"flights": ["**"], "columns": {"deny": ["card_*"]}}, ".columns.deny", "no patterns"),
        ({"flights": ["**"], "columns": {"allow": ["*"]}}, ".columns.allow", "no patterns"),
        ({"flights": ["**"], "columns": {"deny": [""]}}, ".columns.deny", "no name of a column"),
        ({"flights": ["**"], "columns": {"allow": ["a"], "deny": ["b"]}}, ".columns", "allow and deny stand together"),
        ({"flights": ["**"], "columns": {"deny": ["a"], "mask": {"a": "null"}}}, ".columns", "'a' has a mask, but is not visible"),
        ({"flights": ["**"], "columns": {"allow": ["b"], "mask": {"a": "null"}}}, ".columns", "'a' has a mask, but is not visible"),
        ({"flights": ["**"], "operations": ["read", "write"], "rows": "a = 1"}, "", "nothing holds a writer to them"),
        ({"flights": ["**"], "operations": ["write"], "columns": {"deny": ["a"]}}, "", "nothing holds a writer to them"),
        ({"actions": ["refresh"], "rows": "a = 1"}, "", "columns and rows are those of flights"),
    ],
)  # fmt: skip
def test_a_malformed_policy_is_refused_with_its_key(load, policy, key, message):
    with pytest.raises(ConfigError) as caught:
        load({"flights": ["**"]}, policy)

    assert f"plugins.guard.policies[1]{key}: " in caught.value.message
    assert message in caught.value.message
    assert KEY not in caught.value.message


def test_all_that_is_wrong_is_told_together(load):
    with pytest.raises(ConfigError) as caught:
        load({"flights": ["["], "rows": "="}, {"flight": ["**"]})

    for key in ("[0].flights", "[0].rows", "[1].flight"):
        assert f"plugins.guard.policies{key}: " in caught.value.message
