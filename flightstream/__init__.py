"""Serve data where it lies over Arrow Flight, with plugins for every kind of it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flightstream.arrow_types import parse_type
    from flightstream.client import Client, DataWarning, connect
    from flightstream.errors import (
        Cancelled,
        ConfigError,
        FlightStreamError,
        InvalidCommand,
        InvalidData,
        LimitExceeded,
        NotFound,
        PermissionDenied,
        PluginError,
        PluginLoadError,
        Stale,
        Unauthenticated,
        Unavailable,
        Unsupported,
    )
    from flightstream.filters import Bounds, Filter, RowRule
    from flightstream.hookspecs import HOOKS_VERSION, hookimpl
    from flightstream.models import (
        Action,
        Allowance,
        CallRecord,
        Credentials,
        Flight,
        Grant,
        Identity,
        Mask,
        Objects,
        Phase,
        PluginFailure,
        RangedObjects,
        ScanCounts,
        ScanEstimate,
        ScanRequest,
        ServerInfo,
        ServerStatus,
        SourceStatus,
        StartedCall,
        Storage,
        StoredObject,
    )
    from flightstream.plugin import ByteSize, Secret, adapter, option, service
    from flightstream.server import Server
    from flightstream.storage import (
        BucketPath,
        File,
        FileSet,
        OpenedStores,
        Source,
        Store,
        StoreFailure,
        balanced,
        is_endpoint,
        is_usable_key,
        ranged_filesystem,
    )
    from flightstream.workers import Workers

__version__ = "0.1.0"
__all__ = [
    "HOOKS_VERSION",
    "Action",
    "Allowance",
    "Bounds",
    "BucketPath",
    "ByteSize",
    "CallRecord",
    "Cancelled",
    "Client",
    "ConfigError",
    "Credentials",
    "DataWarning",
    "File",
    "FileSet",
    "Filter",
    "Flight",
    "FlightStreamError",
    "Grant",
    "Identity",
    "InvalidCommand",
    "InvalidData",
    "LimitExceeded",
    "Mask",
    "NotFound",
    "Objects",
    "OpenedStores",
    "PermissionDenied",
    "Phase",
    "PluginError",
    "PluginFailure",
    "PluginLoadError",
    "RangedObjects",
    "RowRule",
    "ScanCounts",
    "ScanEstimate",
    "ScanRequest",
    "Secret",
    "Server",
    "ServerInfo",
    "ServerStatus",
    "Source",
    "SourceStatus",
    "Stale",
    "StartedCall",
    "Storage",
    "Store",
    "StoreFailure",
    "StoredObject",
    "Unauthenticated",
    "Unavailable",
    "Unsupported",
    "Workers",
    "adapter",
    "balanced",
    "connect",
    "hookimpl",
    "is_endpoint",
    "is_usable_key",
    "option",
    "parse_type",
    "ranged_filesystem",
    "service",
]

# Where the names are from; each module is loaded when one is first asked for that
# none before it has: the command line sets up what pyarrow reads when it is loaded,
# and a plugin has no need of pyarrow.flight, which the last two load.
_MODULES = (
    "errors",
    "arrow_types",
    "filters",
    "hookspecs",
    "models",
    "plugin",
    "storage",
    "workers",
    "client",
    "server",
)


def load_ipython_extension(shell: Any) -> None:
    """Add ``%flight`` and ``%%flight`` to a notebook: ``%load_ext flightstream``."""
    import_module("flightstream.notebook").extend(shell)


def __getattr__(name: str) -> Any:
    if name in __all__:
        for module in _MODULES:
            found = vars(import_module(f"flightstream.{module}"))
            if name in found:
                globals()[name] = found[name]
                return found[name]
    raise AttributeError(f"module 'flightstream' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
