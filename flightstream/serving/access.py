"""Who asks, and what of it they may see. Asked at every call, before any source."""

from attrs import define

from flightstream.errors import InvalidData, NotFound, PermissionDenied
from flightstream.models import Action, Grant, Identity, Operation
from flightstream.registry import Services


@define(eq=False)
class Access:
    """The answers of the plugins that authorize."""

    _services: Services

    def grant(
        self, identity: Identity, path: tuple[str, ...], operation: Operation
    ) -> Grant | None:
        """Return what an identity may see at a path, or ``None`` if it may not know of it."""
        try:
            return self._services.authorize(identity, path, operation)
        except (PermissionDenied, NotFound):
            return None

    def check_action(self, identity: Identity, action: Action) -> None:
        """Refuse an action to those who may not run it.

        Raises:
            PermissionDenied: The role is missing, or a plugin refused.
        """
        allowed = action.role is None or action.role in identity.roles
        if not allowed or self.grant(identity, (action.name,), "action") is None:
            raise PermissionDenied(
                f"the action {action.name!r} is not allowed to {identity.subject!r}"
            )


def conceal(error: InvalidData) -> InvalidData:
    """Return what those are told who may not see all: what does not fit may be hidden."""
    reason = "the data does not fit its schema: the log of the server says where"
    return InvalidData(reason, flight=error.flight, call=error.call)
