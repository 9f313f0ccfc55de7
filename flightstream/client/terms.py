"""What is in an expression of Arrow.

Arrow shows that only when it is serialized: then it is a record batch whose columns
are its values, and whose metadata walks the tree, ``call greater``, ``field_ref fare``,
``literal 0``, ``end greater``. Metadata may repeat a key, which pyarrow does not show,
but the C data interface does.
"""

import ctypes
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from attrs import frozen

Token: TypeAlias = tuple[str, str]


@frozen
class Field:
    """A column."""

    name: str


@frozen
class Nested:
    """A field inside a column, by the names that lead to it."""

    names: tuple[str, ...]


@frozen
class Call:
    """A function of :mod:`pyarrow.compute`."""

    function: str
    arguments: tuple["Term", ...]
    options: dict[str, Any]


Term: TypeAlias = Field | Nested | Call | pa.Scalar


def parsed(expression: pc.Expression) -> tuple[Term, frozenset[str]] | None:
    """Return what an expression is, and the columns that it reads; ``None`` if it hides that."""
    try:
        walk = _Walk(expression)
        return walk.term(), frozenset(walk.columns)
    except (_Hidden, pa.ArrowException, ValueError, IndexError):
        return None


class _Hidden(Exception):
    """A kind of reference that does not name a column."""


class _Walk:
    """The way through a serialized expression."""

    def __init__(self, expression: pc.Expression) -> None:
        _deserialize, (buffer,) = expression.__reduce__()
        self._values = pa.ipc.open_file(buffer).get_batch(0)
        self.columns: set[str] = set()
        self._tokens = _metadata(self._values.schema)
        self._next = 0

    def term(self) -> Term:
        """Return what begins here, and go on behind it."""
        kind, text = self._step()
        match kind:
            case "field_ref":
                self.columns.add(text)
                return Field(text)
            case "nested_field_ref":
                return self._nested(int(text))
            case "literal":
                return self._values.column(int(text))[0]
            case "call":
                return self._call(text)
        raise _Hidden

    def _call(self, function: str) -> Call:
        arguments: list[Term] = []
        options: dict[str, Any] = {}
        while (token := self._tokens[self._next]) != ("end", function):
            if token[0] == "options":
                struct = self._values.column(int(token[1]))[0]
                options = {key: struct[key] for key in struct}
                self._next += 1
            else:
                arguments.append(self.term())
        self._next += 1
        return Call(function, tuple(arguments), options)

    def _nested(self, length: int) -> Nested:
        steps = [self._step() for _ in range(length)]
        if any(kind != "field_ref" for kind, _ in steps):
            raise _Hidden
        self.columns.add(steps[0][1])
        return Nested(tuple(text for _, text in steps))

    def _step(self) -> Token:
        self._next += 1
        return self._tokens[self._next - 1]


class _CSchema(ctypes.Structure):
    # The beginning of ArrowSchema, see "The Arrow C data interface".
    _fields_ = (
        ("format", ctypes.c_char_p),
        ("name", ctypes.c_char_p),
        ("metadata", ctypes.c_void_p),
    )


def _metadata(schema: pa.Schema) -> list[Token]:
    """Return all pairs of a schema's metadata: their number, then each text after its length."""
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    capsule = schema.__arrow_c_schema__()
    address = _CSchema.from_address(pointer(capsule, b"arrow_schema")).metadata

    def number() -> int:
        nonlocal address
        address += 4
        return ctypes.c_int32.from_address(address - 4).value

    def text() -> str:
        nonlocal address
        length = number()
        address += length
        return ctypes.string_at(address - length, length).decode()

    return [(text(), text()) for _ in range(number())]
