"""What holds for the laws themselves."""

import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from flightstream.testing import (
    AdapterConformance,
    AuthenticatorConformance,
    ObserverConformance,
    RemoteStorageConformance,
    StorageConformance,
)

KITS = [
    AdapterConformance,
    AuthenticatorConformance,
    ObserverConformance,
    RemoteStorageConformance,
    StorageConformance,
]
# What pytest itself brings, and an author has no reason to replace.
BUILT_IN = {"caplog", "tmp_path_factory"}


@pytest.fixture(params=KITS, ids=lambda kit: kit.__name__)
def kit(request: pytest.FixtureRequest) -> Any:
    return request.param


def laws(kit: type[Any]) -> dict[str, Any]:
    return {name: getattr(kit, name) for name in dir(kit) if name.startswith("test_")}


def kit_of(cls: type[Any]) -> type[Any]:
    return next(base for base in cls.__mro__ if base in KITS)


def broken() -> Iterator[tuple[type[Any], set[str]]]:
    for file in Path(__file__).parent.glob("test_broken_*.py"):
        for value in vars(import_module(file.stem)).values():
            if isinstance(value, type) and hasattr(value, "breaks"):
                yield value, value.breaks.keys()


def test_a_law_says_what_it_is_in_one_line(kit):
    docs = [law.__doc__ for law in laws(kit).values()]

    assert [doc for doc in docs if not doc or "\n" in doc or not doc.endswith(".")] == []


def test_a_kit_uses_no_fixture_that_an_author_may_replace(kit):
    fixtures = {
        name: value.__wrapped__
        for name, value in inspect.getmembers_static(kit)
        if hasattr(value, "__wrapped__")
    }
    functions = [*fixtures.values(), *laws(kit).values()]
    used = {name for function in functions for name in inspect.signature(function).parameters}
    given = {mark.args[0] for law in functions for mark in getattr(law, "pytestmark", ())}

    assert used - given - fixtures.keys() - BUILT_IN == {"self"}


def test_every_law_is_broken_by_a_plugin(kit):
    named = set().union(*(names for cls, names in broken() if kit_of(cls) is kit))
    # Those that all plugins keep, an adapter breaks; those of a kit that this one extends, its own.
    others = [other for other in KITS if other is not kit]
    shared = {
        law
        for other in others
        if other is AdapterConformance or issubclass(kit, other)
        for law in laws(other)
    }

    assert named - shared == laws(kit).keys() - shared
