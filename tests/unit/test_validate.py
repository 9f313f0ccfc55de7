"""What a plugin's hooks may not be, told when the server starts."""

from typing import Any

import pluggy
import pytest
from attrs import field

from flightstream import Source, adapter, hookimpl, service
from flightstream.registry.validate import hook_names, hook_problems


def problems(cls: type[Any]) -> list[str]:
    return list(hook_problems(cls))


def service_with(**methods: Any) -> type[Any]:
    """Declare a service with these methods."""
    for name, method in methods.items():
        method.__name__ = name
    return service(type("Service", (), methods))


def test_a_whole_adapter_is_accepted(memory):
    @adapter
    class Lake(memory({})):
        state: int = field(init=False)

        @property
        def broken(self):
            raise RuntimeError("not a hook, so not looked at")

    assert problems(Lake) == []


def test_hooks_that_an_adapter_lacks_are_named():
    @adapter
    class Empty:
        source: Source

        def get_schema(self, flight):
            """Lacks the mark."""

    assert problems(Empty) == [
        f"an adapter needs {hook}: mark the method with @hookimpl"
        for hook in ("list_flights", "get_schema", "stream_batches")
    ]


def test_hooks_are_named_in_the_order_of_the_contract():
    @service
    class Auth:
        @hookimpl
        def on_startup(self): ...

        @hookimpl
        def authenticate(self): ...

        @hookimpl(wrapper=True)
        def get_schema(self):
            return (yield)

    assert hook_names(Auth) == (["authenticate", "on_startup"], ["get_schema"])


@pytest.mark.parametrize("option", ["tryfirst", "trylast"])
def test_what_would_change_the_order_is_refused(option):
    assert problems(service_with(authorize=hookimpl(lambda self: None, **{option: True}))) == [
        f"authorize is marked {option}: leave it out, the order of the configuration decides"
    ]


def test_a_hook_under_another_name_is_refused():
    check = hookimpl(lambda self: None, specname="authorize")

    assert problems(service_with(check=check)) == [
        "check is marked specname: leave it out, and name the method after the hook"
    ]


def test_the_old_kind_of_wrapper_is_refused():
    @service
    class Old:
        @hookimpl(hookwrapper=True)
        def get_schema(self):
            yield

    assert problems(Old) == [
        "get_schema is marked hookwrapper: write @hookimpl(wrapper=True), and in it"
        " result = yield and return result"
    ]


def test_a_service_may_wrap_what_an_adapter_owns():
    @service
    class Wraps:
        @hookimpl(wrapper=True)
        def list_flights(self):
            return (yield)

    assert problems(Wraps) == []


def test_a_service_may_not_answer_for_an_adapter():
    assert problems(service_with(get_schema=hookimpl(lambda self, flight: None))) == [
        "get_schema belongs to adapters: a service may only wrap it, @hookimpl(wrapper=True)"
    ]


def test_hooks_that_are_asked_apart_have_no_wrappers():
    @service
    class Wraps:
        @hookimpl(wrapper=True)
        def authorize(self):
            return (yield)

    assert problems(Wraps) == [
        "authorize is asked of each plugin apart, so nothing can wrap it: leave out wrapper"
    ]


def test_a_wrapper_that_never_yields_is_refused():
    assert problems(service_with(get_schema=hookimpl(lambda self: None, wrapper=True))) == [
        "get_schema is marked wrapper but never yields: let it yield once, where it is called"
    ]


def test_an_adapter_may_not_wrap(memory):
    @adapter
    class Lake(memory({})):
        @hookimpl(wrapper=True)
        def find_flight(self):
            return (yield)

    assert problems(Lake) == [
        "find_flight is marked wrapper, which only services may be: leave it out"
    ]


@pytest.mark.parametrize(
    "hook", ["authenticate", "admit_call", "authorize", "open_storage", "wrap_stream"]
)
def test_an_adapter_is_told_that_nobody_asks_its_hooks_of_services(memory, hook):
    lake = adapter(type("Lake", (memory({}),), {hook: hookimpl(lambda self: None)}))

    assert problems(lake) == [
        f"{hook} is never asked of adapters: move it to a class declared by @service"
    ]


def test_a_misspelled_hook_is_told_the_one_that_is_near():
    assert problems(service_with(on_start=hookimpl(lambda self, server: None))) == [
        "there is no hook 'on_start': did you mean 'on_startup'?"
    ]


def test_a_hook_like_no_other_is_told_which_there_are():
    assert problems(service_with(brew=hookimpl(lambda self: None))) == [
        "there is no hook 'brew': there are list_flights, find_flight, get_schema,"
        " plan_partitions, stream_batches, estimate_scan, write_batches, open_storage,"
        " authenticate, issue_token, admit_call, authorize, wrap_stream, on_startup, on_shutdown, on_call_finished, on_plugin_failed, list_actions"
    ]


def test_a_hook_of_a_later_contract_may_be_optional():
    assert problems(service_with(brew=hookimpl(lambda self: None, optionalhook=True))) == []


def test_a_hook_that_is_not_marked_would_never_be_asked():
    assert problems(service_with(authorize=lambda self, identity: None)) == [
        "authorize is not marked, so it is no hook: mark it with @hookimpl, or rename it"
    ]


@pytest.mark.parametrize(
    ("authorize", "problem"),
    [
        (
            lambda self, identity, flight: None,
            "authorize has no argument 'flight': it may take identity, path, operation",
        ),
        (
            lambda self, path=(): None,
            "authorize is never given 'path': declare it without a default, * or /",
        ),
        (
            lambda self, *, path: None,
            "authorize is never given 'path': declare it without a default, * or /",
        ),
        (
            lambda self, **rest: None,
            "authorize takes **rest, which is never filled: name the arguments it uses",
        ),
        (lambda path: None, "authorize has no self: it is a method"),
    ],
)
def test_an_argument_that_would_never_come_is_refused(authorize, problem):
    assert problems(service_with(authorize=hookimpl(authorize))) == [problem]


def test_a_hook_without_arguments_says_so():
    assert problems(service_with(on_shutdown=hookimpl(lambda self, server: None))) == [
        "on_shutdown has no argument 'server': it may take none"
    ]


def test_a_mark_of_another_project_is_no_hook():
    @service
    class Other:
        @pluggy.HookimplMarker("elsewhere")
        def get_menu(self, table):
            """Belong to somebody else."""

    assert problems(Other) == []
