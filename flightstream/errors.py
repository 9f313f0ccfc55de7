"""The exceptions of FlightStream; each carries the code it has on the wire.

FlightStreamError            internal
├── ConfigError              config_error        configuration or usage, all problems at once
├── PluginLoadError          plugin_load_error   a selected plugin is missing, broken or misdeclared
├── PluginError              plugin_error        a plugin failed, or broke the contract, in one call
├── NotFound                 not_found           no such flight, action, …
├── Unauthenticated          unauthenticated     credentials missing or refused
├── PermissionDenied         permission_denied   known, but not allowed
├── InvalidCommand           invalid_command     a descriptor, ticket, filter or action that makes no sense
├── InvalidData              invalid_data        the data does not fit its schema
├── Stale                    stale               the data changed since the plan was made
├── Unavailable              unavailable         try again later
├── Cancelled                cancelled           the client went away or its deadline passed
├── Unsupported              unsupported         nothing here can do that
└── LimitExceeded            limit_exceeded      larger, longer or more than is allowed
"""

from typing import Any, ClassVar

import attrs
from attrs import define, field


@define(eq=False, slots=False, repr=False)
class FlightStreamError(Exception):
    """Something that a caller can act on, in one lower-case sentence.

    The message travels to clients, so it never holds a path of the server, a
    secret, or the text of a foreign exception.

    Args:
        flight: The flight's path, ``sales/2024/orders``.
        call: The id of the call in the server's log.
    """

    code: ClassVar[str] = "internal"

    message: str = field(converter=str)
    flight: str | None = field(default=None, kw_only=True)
    call: str | None = field(default=None, kw_only=True)

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r})"

    def details(self) -> dict[str, Any]:
        """Return what is known beside the message, as JSON values."""
        known = attrs.asdict(self, filter=lambda attribute, value: value is not None)
        return {name: value for name, value in known.items() if name != "message"}

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.details())


def _rebuild(
    error: type[FlightStreamError], message: str, details: dict[str, Any]
) -> FlightStreamError:
    return error(message, **details)


@define(eq=False, slots=False, repr=False)
class ConfigError(FlightStreamError):
    """The configuration, or the command line, cannot be used.

    The message has one line for each problem.
    """

    code = "config_error"


@define(eq=False, slots=False, repr=False)
class PluginLoadError(ConfigError):
    """A selected plugin is not installed, cannot be imported or is misdeclared."""

    code = "plugin_load_error"


@define(eq=False, slots=False, repr=False)
class PluginError(FlightStreamError):
    """A plugin raised, or returned what its hook does not allow."""

    code = "plugin_error"

    plugin: str | None = field(default=None, kw_only=True)


@define(eq=False, slots=False, repr=False)
class NotFound(FlightStreamError):
    """There is no such thing, or it may not be seen by who asks."""

    code = "not_found"


@define(eq=False, slots=False, repr=False)
class Unauthenticated(FlightStreamError):
    """Credentials are missing or were refused."""

    code = "unauthenticated"


@define(eq=False, slots=False, repr=False)
class PermissionDenied(FlightStreamError):
    """Who asks is known, and may not do that."""

    code = "permission_denied"


@define(eq=False, slots=False, repr=False)
class InvalidCommand(FlightStreamError):
    """A descriptor, ticket, filter or request that cannot be carried out as it stands."""

    code = "invalid_command"


@define(eq=False, slots=False, repr=False)
class InvalidData(FlightStreamError):
    """The data does not fit the schema that was announced for it.

    Args:
        row: The record's number, 1 for the first record after the header.
        column: The column's name.
        value: The offending text, shortened to 100 characters.
    """

    code = "invalid_data"

    row: int | None = field(default=None, kw_only=True)
    column: str | None = field(default=None, kw_only=True)
    value: str | None = field(default=None, kw_only=True)


@define(eq=False, slots=False, repr=False)
class Stale(FlightStreamError):
    """The data changed since the ticket was made or the scan began: plan again."""

    code = "stale"


@define(eq=False, slots=False, repr=False)
class Unavailable(FlightStreamError):
    """The server or a source cannot answer now; the same call may succeed later."""

    code = "unavailable"

    retry_after_seconds: float | None = field(default=None, kw_only=True)


@define(eq=False, slots=False, repr=False)
class Cancelled(FlightStreamError):
    """The client cancelled, vanished, or its deadline passed."""

    code = "cancelled"


@define(eq=False, slots=False, repr=False)
class Unsupported(FlightStreamError):
    """Neither the server nor a plugin can do what was asked."""

    code = "unsupported"


@define(eq=False, slots=False, repr=False)
class LimitExceeded(FlightStreamError):
    """Something is larger, longer or more frequent than the server allows."""

    code = "limit_exceeded"

    retry_after_seconds: float | None = field(default=None, kw_only=True)
