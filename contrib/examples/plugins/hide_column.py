"""Hide a column from everyone without a role."""

from fnmatch import fnmatchcase

from flightstream import Grant, hookimpl, option, service


@service
class HideColumn:
    """To others it does not exist: no schema has it, and no filter may name it."""

    flights: str = option("*", help="which flights, by SOURCE/NAME; * stands for anything")
    column: str = option(help="the column that is hidden")
    role: str = option(help="the role of those who see it all the same")

    @hookimpl
    def authorize(self, identity, path):
        if self.role in identity.roles or not fnmatchcase("/".join(path), self.flights):
            return None
        return Grant(hidden={self.column})
