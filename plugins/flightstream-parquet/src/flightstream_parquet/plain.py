"""Types without dictionaries, and the texts in types."""

import pyarrow as pa


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """Return a schema with what dictionaries hold instead of them, however deep."""
    return pa.schema([_plain(column) for column in schema], schema.metadata)


def texts_of(column: pa.Field) -> list[str]:
    """Return the names and time zones in a column, for what is not UTF-8 shows itself only then."""
    type_ = column.type
    zones = [type_.tz or ""] if pa.types.is_timestamp(type_) else []
    inner = [type_.field(number) for number in range(type_.num_fields)]
    return [column.name, *zones, *(text for one in inner for text in texts_of(one))]


def plain_type(type_: pa.DataType) -> pa.DataType:
    """Return a type with what dictionaries hold instead of them."""
    is_ = pa.types
    if is_.is_dictionary(type_):
        return type_.value_type
    if is_.is_struct(type_):
        return pa.struct([_plain(field) for field in type_])
    if is_.is_map(type_):
        return pa.map_(_plain(type_.key_field), _plain(type_.item_field), type_.keys_sorted)
    if is_.is_fixed_size_list(type_):
        return pa.list_(_plain(type_.value_field), type_.list_size)
    if is_.is_large_list(type_):
        return pa.large_list(_plain(type_.value_field))
    return pa.list_(_plain(type_.value_field)) if is_.is_list(type_) else type_


def _plain(column: pa.Field) -> pa.Field:
    type_ = plain_type(column.type)
    return column if type_ == column.type else column.with_type(type_)
