"""What a plugin's hooks may not be, told when the server starts."""

from typing import Any

import pluggy
import pytest
from attrs import field

from flightstream import Source, adapter, hookimpl, service
from flightstream.registry.validate import hook_problems


def problems(instance: Any, kind: Any = "service") -> list[str]:
    return list(hook_problems("p", instance, kind))


def test_a_whole_adapter_is_accepted(memory):
    @adapter
    class Lake(memory({})):
        state: int = field(init=False)

        @property
        def broken(self):
            raise RuntimeError("not a hook, so not looked at")

    assert problems(Lake(source=None), "adapter") == []


def test_hooks_that_an_adapter_lacks_are_named():
    @adapter
    class Empty:
        source: Source

        def get_schema(self, flight):
            """Lacks the mark."""

    assert problems(Empty(source=None), "adapter") == [
        f"an adapter needs {hook}: mark the method with @hookimpl"
        for hook in ("list_flights", "get_schema", "stream_batches")
    ]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"tryfirst": True}, "is marked tryfirst: the order of the configuration decides"),
        ({"trylast": True}, "is marked trylast: the order of the configuration decides"),
        ({"specname": "authorize"}, "is marked specname: name the method after the hook"),
    ],
)
def test_what_would_change_the_order_or_hide_a_hook_is_refused(options, problem):
    @service
    class Auth:
        @hookimpl(**options)
        def authorize(self):
            """Have no opinion."""

    assert problems(Auth()) == [f"authorize {problem}"]


def test_the_old_kind_of_wrapper_is_refused():
    @service
    class Old:
        @hookimpl(hookwrapper=True)
        def get_schema(self):
            yield

    assert problems(Old())[0] == "get_schema is marked hookwrapper: use wrapper=True"


def test_a_service_may_wrap_what_an_adapter_owns():
    @service
    class Wraps:
        @hookimpl(wrapper=True)
        def list_flights(self):
            return (yield)

    assert problems(Wraps()) == []


def test_a_service_may_not_answer_for_an_adapter():
    @service
    class Greedy:
        @hookimpl
        def get_schema(self, flight):
            """Answer for every adapter."""

    assert problems(Greedy()) == ["get_schema belongs to adapters: a service may only wrap it"]


def test_hooks_that_are_asked_apart_have_no_wrappers():
    @service
    class Wraps:
        @hookimpl(wrapper=True)
        def authorize(self):
            return (yield)

    assert problems(Wraps()) == [
        "authorize is marked wrapper, which only services may be, and not for this hook"
    ]


def test_an_adapter_may_not_wrap(memory):
    @adapter
    class Lake(memory({})):
        @hookimpl(wrapper=True)
        def find_flight(self):
            return (yield)

    assert problems(Lake(source=None), "adapter") == [
        "find_flight is marked wrapper, which only services may be, and not for this hook"
    ]


def test_a_misspelled_hook_is_named():
    @service
    class Typo:
        @hookimpl
        def on_start(self, server):
            """Never be called."""

    [problem] = problems(Typo())
    assert problem.startswith("unknown hook 'on_start' in plugin")


def test_an_argument_that_the_hook_does_not_have_is_named():
    @service
    class Asks:
        @hookimpl
        def authorize(self, identity, flight):
            """Never be called."""

    [problem] = problems(Asks())
    assert "Argument(s) {'flight'} are declared in the hookimpl but can not be found" in problem


def test_a_mark_of_another_project_is_no_hook():
    @service
    class Other:
        @pluggy.HookimplMarker("elsewhere")
        def get_schema(self, flight):
            """Belong to somebody else."""

    assert problems(Other()) == []
