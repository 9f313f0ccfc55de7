"""What an author is told of an error."""

from flightstream.errors import FlightStreamError, PluginError


def told(error: FlightStreamError) -> str:
    """Return an error as text, with what the plugin raised, which clients are not told."""
    raised = error.__context__ if isinstance(error, PluginError) else None
    return repr(error) if raised is None else f"{error!r}, for it raised {raised!r}"
