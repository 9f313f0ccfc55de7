"""What pluggy lets pass and the contract does not."""

from collections.abc import Iterator
from typing import Any

import pluggy

from flightstream import hookspecs
from flightstream.plugin import PluginKind

_NEEDED = ("list_flights", "get_schema", "stream_batches")
_REFUSED = {
    "tryfirst": "the order of the configuration decides",
    "trylast": "the order of the configuration decides",
    "specname": "name the method after the hook",
    "hookwrapper": "use wrapper=True",
}
# Asked plugin by plugin, so there is no call to wrap.
_UNWRAPPED = frozenset(
    {
        "open_storage", "authenticate", "authorize", "wrap_stream", "on_startup",
        "on_shutdown", "on_call_finished", "list_actions",
    }
)  # fmt: skip
_OWNED = frozenset(
    {
        "list_flights", "find_flight", "get_schema", "plan_partitions", "stream_batches",
        "write_batches",
    }
)  # fmt: skip


def hook_problems(name: str, instance: Any, kind: PluginKind) -> Iterator[str]:
    """Yield what is wrong with a plugin's hooks, each with its cure."""
    manager = pluggy.PluginManager("flightstream")
    manager.add_hookspecs(hookspecs)
    found = {
        method: options
        for method in dir(type(instance))
        if (options := manager.parse_hookimpl_opts(type(instance), method)) is not None
    }
    for method, options in found.items():
        for option, cure in _REFUSED.items():
            if options[option]:  # type: ignore[literal-required]
                yield f"{method} is marked {option}: {cure}"
        wraps = options["wrapper"]
        if wraps and (kind == "adapter" or method in _UNWRAPPED):
            yield f"{method} is marked wrapper, which only services may be, and not for this hook"
        if kind == "service" and method in _OWNED and not wraps:
            yield f"{method} belongs to adapters: a service may only wrap it"
    if kind == "adapter":
        for hook in _NEEDED:
            if hook not in found:
                yield f"an adapter needs {hook}: mark the method with @hookimpl"
    try:
        manager.register(instance, name)
        manager.check_pending()
    except pluggy.PluginValidationError as exc:
        yield " ".join(str(exc).split())
