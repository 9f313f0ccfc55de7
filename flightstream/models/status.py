"""How a server is, for those who ask it at any time."""

from attrs import frozen


@frozen(kw_only=True)
class SourceStatus:
    """What is known of a source, without asking it.

    Args:
        name: The source.
        adapters: The plugins that read it.
        flights: How many flights its last listing has.
        listed_seconds_ago: When that listing began; ``None`` if there was none yet.
        listing_seconds: How long it took.
        failed: Whether an adapter could not list the source then.
        is_due: Whether the next call that needs the listing makes another.
        listing_since_seconds: For how long a listing has been under way; ``None``
            if there is none now.

    .. versionadded:: 0.1
    """

    name: str
    adapters: tuple[str, ...] = ()
    flights: int = 0
    listed_seconds_ago: float | None = None
    listing_seconds: float | None = None
    failed: bool = False
    is_due: bool = True
    listing_since_seconds: float | None = None


@frozen(kw_only=True)
class ServerStatus:
    """What a server does at one moment.

    Args:
        ready: Whether every plugin has started, it listens, and it is not stopping.
        draining: Whether it is stopping: new calls are refused.
        active_calls: How many calls are under way, streams among them.
        active_scans: How many streams are under way, with those that wait.
        waiting_scans: How many of these wait for their turn.
        sources: Those that an adapter reads, in the order of the configuration.

    .. versionadded:: 0.1
    """

    ready: bool = False
    draining: bool = False
    active_calls: int = 0
    active_scans: int = 0
    waiting_scans: int = 0
    sources: tuple[SourceStatus, ...] = ()
