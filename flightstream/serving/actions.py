"""What DoAction offers: the core's own actions and those of plugins."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from flightstream.errors import ConfigError
from flightstream.models import Action, Identity
from flightstream.registry import Registry
from flightstream.serving.explain import explain
from flightstream.serving.lookup import Lookup

HEALTH = "health"

_PROTOCOL_VERSION = 1
_CAPABILITIES = [
    "listFlights",
    "getFlightInfo",
    "getSchema",
    "doGet",
    "doAction",
    "listActions",
]


def collect_actions(
    lookup: Lookup, registry: Registry, version: str, is_draining: Callable[[], bool]
) -> dict[str, Action]:
    """Return all actions by name.

    Args:
        lookup: The flights.
        registry: The plugins, which may offer actions.
        version: Of the server, for those who ask.
        is_draining: Tells whether the server stops.

    Raises:
        ConfigError: Two plugins, or a plugin and the core, offer one name.
    """
    core = _core_actions(lookup, registry, version, is_draining)
    actions = {action.name: action for action in core}
    owners = dict.fromkeys(actions, "the core")
    for plugin, action in registry.actions():
        if action.name in actions:
            raise ConfigError(
                f"the action {action.name!r} is offered by {owners[action.name]} and by the"
                f" plugin {plugin.name!r}: disable one of them"
            )
        actions[action.name] = action
        owners[action.name] = f"the plugin {plugin.name!r}"
    return actions


def _core_actions(
    lookup: Lookup, registry: Registry, version: str, is_draining: Callable[[], bool]
) -> Iterable[Action]:
    catalog = lookup.catalog

    def names(identity: Identity) -> list[str]:
        return [str(entry) for entry, _grant in lookup.visible(identity)]

    def refresh(identity: Identity, _body: bytes) -> Iterable[bytes]:
        catalog.refresh()
        return _as_json({"flights": len(names(identity))})

    def refresh_datasets(identity: Identity, _body: bytes) -> Iterable[bytes]:
        catalog.refresh()
        found = names(identity)
        message = f"Refreshed {len(found)} datasets"
        return _as_json({"status": "success", "message": message, "datasets": found})

    def server_info(identity: Identity, _body: bytes) -> Iterable[bytes]:
        found = names(identity)
        return _as_json(
            {
                "server": "FlightStream",
                "version": version,
                "flights": len(found),
                "sources": list(dict.fromkeys(name.partition("/")[0] for name in found)),
                "plugins": {plugin.name: plugin.version for plugin in registry.plugins},
            }
        )

    def get_server_info(identity: Identity, _body: bytes) -> Iterable[bytes]:
        found = names(identity)
        return _as_json(
            {
                "server": "FlightStream",
                "version": version,
                "protocol_version": _PROTOCOL_VERSION,
                "datasets": {"count": len(found), "list": found},
                "capabilities": _CAPABILITIES,
                "timestamp": datetime.now(UTC).isoformat(),
            }
        )

    def health(_identity: Identity, _body: bytes) -> Iterable[bytes]:
        failed = [source.name for source in catalog.sources if source.failed]
        draining = is_draining()
        status = "draining" if draining else "degraded" if failed else "ok"
        return _as_json({"status": status, "ready": not draining, "failed_sources": failed})

    def explained(identity: Identity, body: bytes) -> Iterable[bytes]:
        return _as_json(explain(lookup, identity, body))

    return (
        Action("explain", "What a command would read, and who does what of it", explained),
        Action("refresh", "List all sources again", refresh),
        Action("server-info", "Version, sources and plugins of the server", server_info),
        Action(HEALTH, "Whether the server and its sources answer", health),
        Action("refresh-datasets", "As refresh, in the words of older clients", refresh_datasets),
        Action("get-server-info", "As server-info, in the words of older clients", get_server_info),
    )


def _as_json(document: Mapping[str, Any]) -> Iterable[bytes]:
    return [json.dumps(document, ensure_ascii=False).encode()]
