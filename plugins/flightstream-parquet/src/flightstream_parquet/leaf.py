"""The columns of a Parquet file as they are stored, where a nested one is several."""

from collections.abc import Sequence

from attrs import frozen

from flightstream_parquet.thrift import Malformed, Struct, natural, structs

_INTERVAL = 21  # a converted type whose values have no order
_REQUIRED, _REPEATED = 0, 2


@frozen
class Leaf:
    """A column as it is stored; a nested one of the schema is several.

    Args:
        physical: The number of its stored type.
        width: Bytes of a value of fixed length.
        is_flat: Whether it is a column of the schema itself.
        is_repeated: Whether a row may have many of its values.
        is_required: Whether no value is null.
        is_ordered: Whether the least and greatest values follow its type's order.
    """

    BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE, BYTE_ARRAY, FIXED = range(8)

    physical: int
    width: int
    is_flat: bool
    is_repeated: bool
    is_required: bool
    is_ordered: bool


def leaves_of(metadata: Struct) -> list[list[Leaf]]:
    """Return the leaves of each column of the schema.

    Args:
        metadata: The footer.

    Raises:
        Malformed: The schema is no tree.
    """
    elements = structs(metadata, 2)
    ordered = [1 in order for order in structs(metadata, 7)]
    columns: list[list[Leaf]] = []
    at, count = 1, 0
    try:
        for _ in range(natural(elements[0], 5, 0)):
            leaves, at = _leaves(elements, at, 1, repeated=False, ordered=ordered, count=count)
            columns.append(leaves)
            count += len(leaves)
    except (IndexError, RecursionError) as exc:
        raise Malformed from exc
    return columns


def _leaves(
    elements: Sequence[Struct],
    at: int,
    depth: int,
    *,
    repeated: bool,
    ordered: list[bool],
    count: int,
) -> tuple[list[Leaf], int]:
    element = elements[at]
    at += 1
    repetition = element.get(3, _REQUIRED)
    repeated = repeated or repetition == _REPEATED
    children = natural(element, 5, 0)
    if not children:
        leaf = Leaf(
            physical=natural(element, 1),
            width=natural(element, 2, 0),
            is_flat=depth == 1 and not repeated,
            is_repeated=repeated,
            is_required=depth == 1 and repetition == _REQUIRED,
            is_ordered=count < len(ordered) and ordered[count] and element.get(6) != _INTERVAL,
        )
        return [leaf], at
    leaves: list[Leaf] = []
    for _ in range(children):
        more, at = _leaves(
            elements, at, depth + 1, repeated=repeated, ordered=ordered, count=count + len(leaves)
        )
        leaves += more
    return leaves, at
