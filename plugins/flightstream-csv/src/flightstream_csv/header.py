"""The names of columns: from the file or made up, and always distinct."""

from collections.abc import Sequence


def made_up(number: int) -> list[str]:
    """Return names for columns that have none."""
    return [f"column_{position}" for position in range(1, number + 1)]


def distinct(found: Sequence[str]) -> list[str]:
    """Return the names with each empty one filled in and each double one numbered.

    The first column of a name keeps it, and a name that the file itself has
    is never given to another column: ``a,a,a_2`` becomes ``a,a_3,a_2``.
    """
    taken = set(found)
    seen: set[str] = set()
    numbers: dict[str, int] = {}
    names = []
    for name, generated in zip(found, made_up(len(found)), strict=True):
        base = name or generated
        if name and name not in seen:
            seen.add(name)
        elif not name and base not in taken:
            name = base
            taken.add(name)
        else:
            number = numbers.get(base, 2)
            while (name := f"{base}_{number}") in taken:
                number += 1
            numbers[base] = number + 1
            taken.add(name)
        names.append(name)
    return names
