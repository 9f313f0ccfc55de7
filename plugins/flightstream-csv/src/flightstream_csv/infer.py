"""Which columns a file has, and of what types."""

import json
import time

import pyarrow as pa
import pyarrow.compute as pc
import structlog

from flightstream import File, InvalidData
from flightstream_csv.cutter import Cutter
from flightstream_csv.dialect import Dialect
from flightstream_csv.header import distinct, made_up
from flightstream_csv.kinds import TEXT, Kind, declared, inferable
from flightstream_csv.layout import Layout
from flightstream_csv.locate import is_utf8
from flightstream_csv.records import RaggedRows, read_texts
from flightstream_csv.sample import Head, certain_records, read_head, read_windows
from flightstream_csv.text import compression

log = structlog.get_logger(__name__)

NULLS_KEY = b"flightstream.csv.null_values"
USUAL_NULLS = (
    "", "NA", "N/A", "n/a", "#N/A", "NULL", "Null", "null", "None", "none", "NaN", "nan", "-", "\\N",
)  # fmt: skip
_PROBE = 64


def infer(file: File, dialect: Dialect, infer_bytes: int) -> Layout:
    """Find out the layout of a file.

    Args:
        file: The file, unchanged since it was listed.
        dialect: How it is written.
        infer_bytes: How much of it to look at; a smaller file is looked at
            whole, so that none of its values can be a surprise.

    Raises:
        InvalidData: It has no columns.
        Stale: It changed.
    """
    began = time.monotonic()
    cutter = Cutter(dialect)
    is_all_head = file.size <= infer_bytes or compression(file) is not None
    head_bytes = infer_bytes if is_all_head else infer_bytes // 4
    head = read_head(file, dialect, cutter, head_bytes)
    names = _names(file, head, dialect)
    texts = _sample(file, head, names, dialect, cutter, infer_bytes)
    file.check_unchanged()
    kinds, adopted = _kinds(texts, names, dialect)
    layout = Layout(
        dialect,
        _schema(names, kinds, adopted),
        kinds,
        head.start,
        ("", *sorted({*adopted, *(dialect.null_values or ())} - {""})),
        quoted_nulls=bool(adopted),
        empty=frozenset(
            name
            for name, column, kind in zip(names, texts.columns, kinds, strict=True)
            if kind is TEXT and column.null_count == len(column)
        ),
    )
    log.debug(
        "csv_types_inferred",
        file=file.name,
        columns=len(names),
        sampled_rows=texts.num_rows,
        null_values=adopted,
        seconds=round(time.monotonic() - began, 3),
    )
    return layout


def choose(
    values: pa.StringArray, kinds: tuple[Kind, ...], null_values: tuple[str, ...]
) -> tuple[Kind, list[str]]:
    """Return the kind of a column that holds these texts.

    Returns:
        The kind, and the null values that had to be adopted for it.
    """
    values = values.drop_null().unique()
    if kind := _first(values, kinds):
        return kind, []
    is_null = pc.is_in(values, pa.array(null_values, pa.string()))
    if is_null.true_count and (kind := _first(values.filter(pc.invert(is_null)), kinds)):
        return kind, values.filter(is_null).to_pylist()
    return TEXT, []


def _first(values: pa.StringArray, kinds: tuple[Kind, ...]) -> Kind | None:
    if not len(values):
        return None
    few = values.slice(0, _PROBE)
    for kind in kinds:
        if kind.valid(few).false_count == 0 and (
            len(values) <= _PROBE or kind.valid(values).false_count == 0
        ):
            return kind
    return None


def _names(file: File, head: Head, dialect: Dialect) -> list[str]:
    if dialect.header is False:
        return made_up(len(head.fields))
    if dialect.header is True:
        found = head.fields
    else:
        found = list(dialect.header)
        if len(found) != len(head.fields):
            raise InvalidData(
                f"the file {file.name!r} has {len(head.fields)} columns,"
                f" but the option 'header' names {len(found)}"
            )
    names = distinct(found)
    if names != found:
        changed = [name for name, old in zip(names, found, strict=True) if name != old]
        log.warning("csv_header_names_changed", file=file.name, names=changed[:20])
    return names


def _sample(
    file: File,
    head: Head,
    names: list[str],
    dialect: Dialect,
    cutter: Cutter,
    size: int,
) -> pa.Table:
    texts = [_texts(head.records, names, dialect, RaggedRows(skip=True))]
    for data, at_end in read_windows(file, head, size):
        if cutter.count_quotes(data) and not head.is_strict:
            continue
        records = certain_records(data, cutter, at_end=at_end, quoted_lines=head.has_quoted_lines)
        if records:
            ragged = RaggedRows(skip=True)
            table = _texts(records, names, dialect, ragged)
            if not ragged.numbers:
                texts.append(table)
    return pa.concat_tables(texts).combine_chunks()


def _texts(records: bytes, names: list[str], dialect: Dialect, ragged: RaggedRows) -> pa.Table:
    if not is_utf8(records):  # the scan will tell where
        records = records.decode("utf-8", "replace").encode()
    return read_texts(records, names, dialect, ragged)


def _kinds(
    texts: pa.Table, names: list[str], dialect: Dialect
) -> tuple[tuple[Kind, ...], list[str]]:
    candidates = inferable(dialect)
    tokens = USUAL_NULLS if dialect.null_values is None else dialect.null_values
    kinds: list[Kind] = []
    adopted: set[str] = set()
    for name, column in zip(names, texts.columns, strict=True):
        if name in dialect.column_types:
            kinds.append(declared(dialect.column_types[name], dialect))
        else:
            values = column.chunk(0) if column.num_chunks else pa.array([], pa.string())
            kind, nulls = choose(values, candidates, tokens)
            kinds.append(kind)
            adopted.update(nulls)
    return tuple(kinds), sorted(adopted)


def _schema(names: list[str], kinds: tuple[Kind, ...], adopted: list[str]) -> pa.Schema:
    fields = [pa.field(name, kind.type) for name, kind in zip(names, kinds, strict=True)]
    return pa.schema(fields, {NULLS_KEY: json.dumps(adopted).encode()} if adopted else None)
