"""What may be asked of a flight, and which rows that has to give."""

from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from attrs import frozen

from soak import rows
from soak.files import MAX_ROWS, ServedFile

# What tells the version of a row, without which nobody can check it.
_NEEDED = ("version", "total", "row")


@frozen
class Selection:
    """Columns, a filter, a limit and an offset."""

    columns: tuple[str, ...] | None = None
    below: int | None = None
    limit: int | None = None
    offset: int = 0

    @property
    def filter(self) -> str | None:
        """The filter as it is sent."""
        return None if self.below is None else f"bucket < {self.below} OR bucket IS NULL"

    def as_command(self, flight: str, **more: Any) -> dict[str, Any]:
        """Return the command that asks for it."""
        command: dict[str, Any] = {"flight": flight, "offset": self.offset, **more}
        if self.columns is not None:
            command["columns"] = list(self.columns)
        if self.filter is not None:
            command["filter"] = self.filter
        if self.limit is not None:
            command["limit"] = self.limit
        return command

    def of(self, table: pa.Table) -> pa.Table:
        """Return what it takes from a whole flight."""
        if self.below is not None:
            table = table.filter(pc.less(table["bucket"], self.below))
        table = table.slice(self.offset, self.limit)
        return table if self.columns is None else table.select(self.columns)


WHOLE = Selection()


def any_selection(random: Random) -> Selection:
    """Return one that takes some rows of any flight here, and what is needed to check them."""
    others = [name for name in rows.SCHEMA.names if name not in _NEEDED]
    columns = [*_NEEDED, *random.sample(others, random.randrange(len(others)))]
    random.shuffle(columns)
    return Selection(
        columns=random.choice([None, tuple(columns)]),
        below=random.choice([None, random.randrange(20, 100)]),
        limit=random.choice([None, random.randrange(1, 30_000)]),
        offset=random.choice([0, random.randrange(200)]),
    )


def wrong(
    found: pa.Table, file: ServedFile, selection: Selection, published: tuple[int, int]
) -> str | None:
    """Say what is wrong with the rows that a complete stream had; ``None`` if nothing is.

    Args:
        found: The rows.
        file: Of which file.
        selection: What was asked for.
        published: What was whole before anybody asked, see :meth:`Files.published`.
    """
    if file.is_cut_anywhere and found.num_rows < 2:
        return None if file.change == "torn" else f"there are {found.num_rows} rows"
    if not found.num_rows:
        return "there are no rows"
    version, total = found["version"][0].as_py(), found["total"][0].as_py()
    if not isinstance(total, int) or not 0 < total <= MAX_ROWS:
        return f"its first row says that there are {total!r} rows"
    if file.change == "appended" and (version, found.num_rows) < published:
        return f"it is version {version} with {found.num_rows} rows, after {published} was whole"
    if version < published[0]:
        return f"it is version {version}, after {published[0]} was whole"
    expected = selection.of(rows.table(file.flight, version, total))
    if file.is_cut_anywhere:  # perhaps within the last record
        end = found.num_rows - 1
        found, expected = found.slice(0, end), expected.slice(0, end)
    problem = rows.difference(found, expected)
    return problem and f"of version {version}, {problem}"
