"""Which buffers of a batch belong to which column."""

from collections.abc import Iterable, Sequence

import pyarrow as pa
from attrs import frozen
from pyarrow import types

from flightstream_arrow.message import Message
from flightstream_arrow.problem import Problem


@frozen
class Shape:
    """How many buffers an array and those within it have.

    Args:
        buffers: Those that every array of its type has.
        views: How many arrays have buffers of values besides, which the message counts.
        unions: How many have one buffer more in messages of Arrow before 1.0.
    """

    buffers: int = 0
    views: int = 0
    unions: int = 0

    @classmethod
    def of(cls, type_: pa.DataType) -> "Shape":
        """Return the shape of an array of a type, as Arrow's columnar format has it."""
        if isinstance(type_, pa.BaseExtensionType):
            return cls.of(type_.storage_type)
        if types.is_dictionary(type_):
            return cls.of(type_.index_type)
        if types.is_null(type_):
            return cls()
        if types.is_run_end_encoded(type_):
            return cls.of(type_.run_end_type) + cls.of(type_.value_type)
        if types.is_string_view(type_) or types.is_binary_view(type_):
            return cls(2, views=1)
        if types.is_union(type_):
            own = cls(2 if type_.mode == "dense" else 1, unions=1)
        else:
            own = cls(_own_buffers(type_))
        for number in range(type_.num_fields):
            own += cls.of(type_.field(number).type)
        return own

    def __add__(self, other: "Shape") -> "Shape":
        return Shape(
            self.buffers + other.buffers, self.views + other.views, self.unions + other.unions
        )


@frozen
class Columns:
    """The columns to read of a file.

    Args:
        shapes: Those of all columns of the file.
        wanted: The numbers of the columns to read; ``None`` for all.
    """

    shapes: Sequence[Shape]
    wanted: frozenset[int] | None = None

    @classmethod
    def of(cls, schema: pa.Schema, names: Iterable[str]) -> "Columns":
        """Choose columns of a schema by their names."""
        wanted = frozenset(schema.get_field_index(name) for name in names)
        shapes = tuple(Shape.of(type_) for type_ in schema.types)
        return cls(shapes, None if len(wanted) == len(schema) else wanted)

    def buffers(self, message: Message) -> list[range]:
        """Return the numbers of the buffers of each wanted column.

        Raises:
            Problem: The message has not the buffers that the schema says.
        """
        found: list[range] = []
        start = view = 0
        for number, shape in enumerate(self.shapes):
            stop = start + shape.buffers + (shape.unions if message.is_v4 else 0)
            stop += sum(message.variadic[view : view + shape.views])
            view += shape.views
            if not start <= stop <= len(message.buffers) // 2:
                raise Problem("its data is not what the schema says")
            if self.wanted is None or number in self.wanted:
                found.append(range(start, stop))
            start = stop
        if start != len(message.buffers) // 2:
            raise Problem("its data is not what the schema says")
        return found


def _own_buffers(type_: pa.DataType) -> int:
    if types.is_struct(type_) or types.is_fixed_size_list(type_):
        return 1
    if types.is_list_view(type_) or types.is_large_list_view(type_):
        return 3
    if types.is_nested(type_):  # lists and maps
        return 2
    if types.is_fixed_size_binary(type_):
        return 2
    is_long = (
        types.is_string, types.is_binary, types.is_large_string, types.is_large_binary
    )  # fmt: skip
    return 3 if any(is_one(type_) for is_one in is_long) else 2
