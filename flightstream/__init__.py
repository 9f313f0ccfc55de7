"""Serve data where it lies over Arrow Flight, with plugins for every kind of it."""

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
from flightstream.filters import Filter
from flightstream.hookspecs import hookimpl
from flightstream.models import (
    Action,
    CallRecord,
    Credentials,
    Flight,
    Grant,
    Identity,
    ScanCounts,
    ScanRequest,
    ServerInfo,
    Storage,
)
from flightstream.plugin import ByteSize, Secret, adapter, option, service
from flightstream.storage import File, Source

__version__ = "0.1.0"
__all__ = [
    "Action",
    "ByteSize",
    "CallRecord",
    "Cancelled",
    "ConfigError",
    "Credentials",
    "File",
    "Filter",
    "Flight",
    "FlightStreamError",
    "Grant",
    "Identity",
    "InvalidCommand",
    "InvalidData",
    "LimitExceeded",
    "NotFound",
    "PermissionDenied",
    "PluginError",
    "PluginLoadError",
    "ScanCounts",
    "ScanRequest",
    "Secret",
    "ServerInfo",
    "Source",
    "Stale",
    "Storage",
    "Unauthenticated",
    "Unavailable",
    "Unsupported",
    "adapter",
    "hookimpl",
    "option",
    "service",
]
