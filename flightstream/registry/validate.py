"""What pluggy lets pass and the contract does not."""

import inspect
from collections.abc import Iterator
from difflib import get_close_matches
from inspect import Parameter
from typing import Any

import pluggy

from flightstream import hookspecs
from flightstream.plugin import kind_of

_NEEDED = ("list_flights", "get_schema", "stream_batches")
_REFUSED = {
    "tryfirst": "leave it out, the order of the configuration decides",
    "trylast": "leave it out, the order of the configuration decides",
    "specname": "leave it out, and name the method after the hook",
    "hookwrapper": "write @hookimpl(wrapper=True), and in it result = yield and return result",
}
_OWNED = frozenset(
    {
        "list_flights", "find_flight", "get_schema", "plan_partitions", "stream_batches",
        "estimate_scan", "write_batches",
    }
)  # fmt: skip
# Never asked of an adapter: it would lock a door that nobody goes through.
_OF_SERVICES = frozenset(
    {
        "open_storage", "authenticate", "issue_token", "admit_call", "authorize", "wrap_stream",
    }
)  # fmt: skip


def hook_names(cls: type[Any]) -> tuple[list[str], list[str]]:
    """Return the hooks that a plugin class implements, and those that it wraps."""
    marked = _marked(cls)
    return (
        [name for name, options in marked.items() if not options["wrapper"]],
        [name for name, options in marked.items() if options["wrapper"]],
    )


def hook_problems(cls: type[Any]) -> Iterator[str]:
    """Yield what is wrong with the hooks of a plugin class, each with its cure."""
    specs, marked, kind = _specs(), _marked(cls), kind_of(cls)
    for method, options in marked.items():
        if options["specname"]:
            yield f"{method} is marked specname: {_REFUSED['specname']}"
        elif method in specs:
            yield from _implementation(cls, method, options, specs[method])
        elif not options["optionalhook"]:
            near = get_close_matches(method, specs, 1)
            cure = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(specs)}"
            yield f"there is no hook {method!r}: {cure}"
    for hook in specs:
        if kind == "adapter" and hook in _NEEDED and hook not in marked:
            yield f"an adapter needs {hook}: mark the method with @hookimpl"
        elif hook not in marked and inspect.isroutine(inspect.getattr_static(cls, hook, None)):
            yield f"{hook} is not marked, so it is no hook: mark it with @hookimpl, or rename it"


def _implementation(
    cls: type[Any], method: str, options: Any, given: tuple[str, ...]
) -> Iterator[str]:
    kind, wraps = kind_of(cls), options["wrapper"] or options["hookwrapper"]
    for option, cure in _REFUSED.items():
        if options[option]:
            yield f"{method} is marked {option}: {cure}"
    if kind == "adapter" and method in _OF_SERVICES:
        yield f"{method} is never asked of adapters: move it to a class declared by @service"
    elif kind == "adapter" and wraps:
        yield f"{method} is marked wrapper, which only services may be: leave it out"
    elif kind == "service" and wraps and method not in _OWNED:
        yield f"{method} is asked of each plugin apart, so nothing can wrap it: leave out wrapper"
    elif kind == "service" and method in _OWNED and not wraps:
        yield f"{method} belongs to adapters: a service may only wrap it, @hookimpl(wrapper=True)"
    function = inspect.unwrap(getattr(cls, method))
    if wraps and not inspect.isgeneratorfunction(function):
        yield f"{method} is marked wrapper but never yields: let it yield once, where it is called"
    yield from _arguments(cls, method, given)


def _arguments(cls: type[Any], method: str, given: tuple[str, ...]) -> Iterator[str]:
    """Yield the arguments that pluggy would refuse, or would never pass."""
    parameters = list(inspect.signature(getattr(cls, method)).parameters.values())
    if inspect.isfunction(inspect.getattr_static(cls, method)):
        if not parameters or parameters[0].name != "self":
            yield f"{method} has no self: it is a method"
            return
        del parameters[0]
    for one in parameters:
        if one.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
            yield f"{method} takes {one}, which is never filled: name the arguments it uses"
        elif one.name not in given:
            taken = ", ".join(given) if given else "none"
            yield f"{method} has no argument {one.name!r}: it may take {taken}"
        elif one.default is not Parameter.empty or one.kind is not Parameter.POSITIONAL_OR_KEYWORD:
            yield f"{method} is never given {one.name!r}: declare it without a default, * or /"


def _specs() -> dict[str, tuple[str, ...]]:
    """Return the hooks of the contract, with their arguments."""
    manager = pluggy.PluginManager("flightstream")
    return {
        name: tuple(inspect.signature(spec).parameters)
        for name, spec in vars(hookspecs).items()
        if manager.parse_hookspec_opts(hookspecs, name) is not None
    }


def _marked(cls: type[Any]) -> dict[str, Any]:
    """Return the marked methods with their marks: those of the contract first, in its order."""
    manager = pluggy.PluginManager("flightstream")
    found = {
        method: options
        for method in dir(cls)
        if (options := manager.parse_hookimpl_opts(cls, method)) is not None
    }
    return {hook: found[hook] for hook in [*_specs(), *found] if hook in found}
