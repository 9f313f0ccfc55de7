import pickle

import pytest

from flightstream import errors
from flightstream.errors import (
    ConfigError,
    FlightStreamError,
    InvalidData,
    LimitExceeded,
    NotFound,
    PluginError,
    PluginLoadError,
    Unavailable,
)

TREE = [
    error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, FlightStreamError)
]


def test_codes_are_unique():
    assert len({error.code for error in TREE}) == len(TREE) == 14


def test_tree_is_the_one_in_the_documentation():
    documented = [
        line.replace("├──", "").replace("└──", "").split()[:2]
        for line in (errors.__doc__ or "").splitlines()
        if "  " in line
    ]
    assert documented == [[error.__name__, error.code] for error in TREE]


def test_a_missing_plugin_is_a_configuration_error():
    assert issubclass(PluginLoadError, ConfigError)


@pytest.mark.parametrize("error", TREE)
def test_every_error_has_the_one_base(error):
    assert issubclass(error, FlightStreamError)
    assert (str(error("no")), repr(error("no"))) == ("no", f"{error.__name__}('no')")


@pytest.mark.parametrize(
    ("error", "details"),
    [
        (NotFound("no"), {}),
        (NotFound("no", flight="a/b", call="c1"), {"flight": "a/b", "call": "c1"}),
        (PluginError("no", plugin="csv"), {"plugin": "csv"}),
        (InvalidData("no", row=3, column="x", value="?"), {"row": 3, "column": "x", "value": "?"}),
        (Unavailable("no", retry_after_seconds=1.5), {"retry_after_seconds": 1.5}),
        (LimitExceeded("no", retry_after_seconds=0.0), {"retry_after_seconds": 0.0}),
    ],
)
def test_details_are_what_is_known_and_survive_pickling(error, details):
    assert error.details() == details
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.message, again.details()) == (type(error), error.message, details)


def test_errors_are_told_apart_by_identity():
    assert NotFound("no") != NotFound("no")
    assert len({NotFound("no"), NotFound("no")}) == 2


@pytest.mark.parametrize(("message", "text"), [(None, "None"), (KeyError("x"), "'x'"), (5, "5")])
def test_a_message_is_text_whatever_a_plugin_gives(message, text):
    assert NotFound(message).message == text
