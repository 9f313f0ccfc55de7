"""The values that cross between the core and plugins."""

from flightstream.models.access import Credentials, Grant, Identity, Operation
from flightstream.models.failure import FailureReason, PluginFailure
from flightstream.models.flight import Flight, is_flight_name
from flightstream.models.mask import Mask, MaskKind
from flightstream.models.scan import ScanCounts, ScanEstimate, ScanRequest
from flightstream.models.server import (
    Action,
    Allowance,
    CallRecord,
    Phase,
    ServerInfo,
    StartedCall,
)
from flightstream.models.status import ServerStatus, SourceStatus
from flightstream.models.storage import Explain, Objects, RangedObjects, Storage, StoredObject

__all__ = [
    "Action",
    "Allowance",
    "CallRecord",
    "Credentials",
    "Explain",
    "FailureReason",
    "Flight",
    "Grant",
    "Identity",
    "Mask",
    "MaskKind",
    "Objects",
    "Operation",
    "Phase",
    "PluginFailure",
    "RangedObjects",
    "ScanCounts",
    "ScanEstimate",
    "ScanRequest",
    "ServerInfo",
    "ServerStatus",
    "SourceStatus",
    "StartedCall",
    "Storage",
    "StoredObject",
    "is_flight_name",
]
