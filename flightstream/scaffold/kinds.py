"""The kinds of plugins that can be begun from a template."""

from attrs import frozen

from flightstream.registry.discover import GROUP, SERVICES


@frozen
class Kind:
    """What is special to one kind; the rest is in the folder of its templates.

    Args:
        name: As in ``--kind``, and of the folder of its templates.
        noun: What the plugin is, and the module with its class.
        group: The group of its entry point.
        summary: What the template does, in one sentence without its full stop.
        imports: The distributions that it imports beside the core.
        begins: The module that an author changes first.
    """

    name: str
    noun: str
    group: str
    summary: str
    imports: tuple[str, ...]
    begins: str


_ALL = (
    Kind(
        "adapter",
        noun="adapter",
        group=GROUP,
        summary="Serves files of JSON lines over Arrow Flight",
        imports=("pyarrow",),
        begins="records",
    ),
    Kind(
        "storage",
        noun="storage",
        group=GROUP,
        summary="Opens folders below one root by URI",
        imports=("pyarrow",),
        begins="storage",
    ),
    Kind(
        "auth",
        noun="authenticator",
        group=SERVICES,
        summary="Knows users by their tokens",
        imports=("attrs",),
        begins="authenticator",
    ),
    Kind(
        "observer",
        noun="observer",
        group=SERVICES,
        summary="Adds a line to a file for each call",
        imports=("attrs",),
        begins="observer",
    ),
)
KINDS = {kind.name: kind for kind in _ALL}
