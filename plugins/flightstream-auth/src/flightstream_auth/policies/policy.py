"""One policy, as it stands in the configuration."""

from typing import Any, Literal, TypeAlias

from attrs import Attribute, field, frozen

from flightstream import RowRule
from flightstream_auth.policies.columns import Columns
from flightstream_auth.policies.pattern import Pattern

FlightOperation: TypeAlias = Literal["list", "read", "write"]


def _check_texts(
    _instance: Any, attribute: "Attribute[Any]", texts: tuple[str, ...] | None
) -> None:
    if texts is not None and not all(texts or ("",)):  # made by a template, it may mean nobody
        raise ValueError(f"{attribute.name} is empty: leave it out, or name at least one")


def _check_flights(
    instance: Any, attribute: "Attribute[Any]", flights: tuple[str, ...] | None
) -> None:
    _check_texts(instance, attribute, flights)
    for flight in flights or ():
        Pattern.parse(flight)


def _check_rows(_instance: Any, _attribute: "Attribute[Any]", rows: str | None) -> None:
    if rows is not None:
        RowRule.parse(rows)


@frozen(kw_only=True)
class Policy:
    """What some people may do with some flights, and which actions they may run.

    Args:
        roles: Whom it is for, by role; ``"*"`` is everybody who is logged in.
        subjects: Whom it is for, by name. With neither, it is for everybody who
            is logged in, and with both for those of either.
        flights: Patterns of paths, see :class:`Pattern`.
        operations: What they may do with these flights: ``"read"`` is also
            ``"list"``. Nothing at all is an exception to later policies.
        columns: Which columns they see.
        rows: A filter on what they see, in which ``claims.NAME`` is a claim.
        actions: The names of actions that they may run; ``"*"`` is all.
    """

    roles: tuple[str, ...] | None = field(default=None, validator=_check_texts)
    subjects: tuple[str, ...] | None = field(default=None, validator=_check_texts)
    flights: tuple[str, ...] | None = field(default=None, validator=_check_flights)
    operations: tuple[FlightOperation, ...] = ("read",)
    columns: Columns = Columns()
    rows: str | None = field(default=None, validator=_check_rows)
    actions: tuple[str, ...] | None = field(default=None, validator=_check_texts)

    def __attrs_post_init__(self) -> None:
        is_narrow = self.rows is not None or not self.columns.show_all
        if self.flights is None and self.actions is None:
            raise ValueError("it names neither flights nor actions: 'flights = [\"**\"]' is all")
        if self.flights is None and is_narrow:
            raise ValueError("columns and rows are those of flights, and it names none")
        if "write" in self.operations and is_narrow:
            raise ValueError(
                "columns and rows are for those who read, and nothing holds a writer to them:"
                " let others write"
            )
