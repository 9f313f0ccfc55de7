"""What DoAction offers: the core's own actions and those of plugins."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flightstream.errors import ConfigError
from flightstream.models import Action, Identity

if TYPE_CHECKING:
    from flightstream.service.service import Service

_PROTOCOL_VERSION = 1
_CAPABILITIES = [
    "listFlights",
    "getFlightInfo",
    "getSchema",
    "doGet",
    "doAction",
    "listActions",
]


def collect_actions(service: "Service") -> dict[str, Action]:
    """Return all actions by name.

    Raises:
        ConfigError: Two plugins, or a plugin and the core, offer one name.
    """
    actions = {action.name: action for action in _core_actions(service)}
    owners = dict.fromkeys(actions, "the core")
    for plugin, action in service.registry.actions():
        if action.name in actions:
            raise ConfigError(
                f"the action {action.name!r} is offered by {owners[action.name]} and by the"
                f" plugin {plugin.name!r}: disable one of them"
            )
        actions[action.name], owners[action.name] = (
            action,
            f"the plugin {plugin.name!r}",
        )
    return actions


def _core_actions(service: "Service") -> Iterable[Action]:
    def refresh(identity: Identity, _body: bytes) -> Iterable[bytes]:
        service.catalog.refresh()
        return _as_json({"flights": len(_names(service, identity))})

    def refresh_datasets(identity: Identity, _body: bytes) -> Iterable[bytes]:
        service.catalog.refresh()
        names = _names(service, identity)
        message = f"Refreshed {len(names)} datasets"
        return _as_json({"status": "success", "message": message, "datasets": names})

    def server_info(identity: Identity, _body: bytes) -> Iterable[bytes]:
        return _as_json(
            {
                "server": "FlightStream",
                "version": service.version,
                "flights": len(_names(service, identity)),
                "sources": [source.name for source in service.catalog.sources],
                "plugins": {plugin.name: plugin.version for plugin in service.registry.plugins},
                "actions": sorted(service.actions),
            }
        )

    def get_server_info(identity: Identity, _body: bytes) -> Iterable[bytes]:
        names = _names(service, identity)
        return _as_json(
            {
                "server": "FlightStream",
                "version": service.version,
                "protocol_version": _PROTOCOL_VERSION,
                "datasets": {"count": len(names), "list": names},
                "capabilities": _CAPABILITIES,
                "timestamp": datetime.now(UTC).isoformat(),
            }
        )

    def health(_identity: Identity, _body: bytes) -> Iterable[bytes]:
        failed = [source.name for source in service.catalog.sources if source.failed]
        return _as_json({"status": "degraded" if failed else "ok", "failed_sources": failed})

    return (
        Action("refresh", "List all sources again", refresh),
        Action(
            "server-info",
            "Version, sources, plugins and actions of the server",
            server_info,
        ),
        Action("health", "Whether the server and its sources answer", health),
        Action(
            "refresh-datasets",
            "As refresh, in the words of older clients",
            refresh_datasets,
        ),
        Action(
            "get-server-info",
            "As server-info, in the words of older clients",
            get_server_info,
        ),
    )


def _names(service: "Service", identity: Identity) -> list[str]:
    return [str(entry) for entry, _grant in service.visible(identity, ())]


def _as_json(document: Mapping[str, Any]) -> Iterable[bytes]:
    return [json.dumps(document, ensure_ascii=False).encode()]
