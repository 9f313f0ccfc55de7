"""Who may see which source, and how much of it."""

from flightstream import Grant, PermissionDenied, hookimpl, option, service


@service
class SharesService:
    """Shows a subject only what it was given a share of."""

    owners: tuple[str, ...] = option((), help="Subjects that may do everything.")
    shares: dict[str, tuple[str, ...]] = option(
        factory=dict, help="Columns that everybody else may read, for each source."
    )

    @hookimpl
    def authorize(self, identity, path, operation):
        if identity.subject in self.owners:
            return None  # no opinion: other plugins may still object
        if operation in ("list", "read") and path[0] in self.shares:
            return Grant(columns=self.shares[path[0]])
        raise PermissionDenied(f"{identity.subject!r} has no share of {path[0]!r}")
