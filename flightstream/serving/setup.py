"""What one configuration makes of the server; calls that begin with it end with it."""

from attrs import define, field

from flightstream.config import Limits
from flightstream.models import Action
from flightstream.registry import Registry
from flightstream.serving.access import Access
from flightstream.serving.actions import collect_actions
from flightstream.serving.catalog import Catalog
from flightstream.serving.lookup import Lookup


@define(eq=False)
class Setup:
    """Plugins, flights, actions and sizes. A reload puts another in its place.

    Args:
        registry: The plugins.
        version: Of the server, for those who ask.
        batch_bytes: The size that batches are cut to.
        max_batch_bytes: The size that not even a single row may exceed.
        listing_ttl_seconds: How long a listing is kept.
        limits: How much is done at once, and how long it may take.

    Raises:
        FlightStreamError: Two plugins offer the same action, or one failed.
    """

    registry: Registry
    version: str
    batch_bytes: int
    max_batch_bytes: int
    listing_ttl_seconds: float
    limits: Limits = field(factory=Limits)
    is_draining: bool = field(default=False, init=False)
    lookup: Lookup = field(init=False)
    actions: dict[str, Action] = field(init=False)

    def __attrs_post_init__(self) -> None:
        catalog = Catalog(self.registry.mounts, self.listing_ttl_seconds)
        self.lookup = Lookup(catalog, Access(self.registry.services))
        self.actions = collect_actions(
            self.lookup, self.registry, self.version, lambda: self.is_draining
        )
