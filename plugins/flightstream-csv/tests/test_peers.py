"""The repository's data, against what pandas and Arrow read."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pytest

DATA = Path(__file__).parents[3] / "data"
FILES = sorted(path.name for path in DATA.glob("*.csv*"))


@pytest.mark.skipif(not FILES, reason="needs the repository's data/ beside the plugin")
@pytest.mark.parametrize("name", FILES)
def test_values_are_those_that_pandas_reads(serve: Any, name: str) -> None:
    served = serve((DATA / name).read_bytes(), name).read()
    moments = [c.name for c in served.schema if pa.types.is_temporal(c.type)]
    texts = [c.name for c in served.schema if pa.types.is_string(c.type)]

    # Some versions of pandas parse a double only nearly: Python does it exactly.
    doubles = [c.name for c in served.schema if pa.types.is_floating(c.type)]

    frame = pd.read_csv(
        DATA / name,
        keep_default_na=False,
        na_values={
            column: [""] if column in texts else ["", "NA"] for column in served.column_names
        },
        dtype=dict.fromkeys((*texts, *moments, *doubles), "str"),
        low_memory=False,
    )

    assert list(frame.columns) == served.column_names
    for column in served.column_names:
        ours, theirs = served[column].to_pandas(), frame[column]
        if column in texts:
            # Pandas cannot tell an empty field from a quoted empty one.
            assert ours.fillna("").tolist() == theirs.fillna("").tolist()
        elif column in moments:
            is_zoned = getattr(served.schema.field(column).type, "tz", None) is not None
            theirs = pd.to_datetime(theirs, utc=is_zoned, format="ISO8601")
            ours = pd.to_datetime(ours, utc=is_zoned).astype(theirs.dtype)
            assert ours.equals(theirs)
        else:
            if column in doubles:
                theirs = theirs.map(float, na_action="ignore")
            assert ours.astype("Float64").equals(theirs.astype("Float64"))


@pytest.mark.skipif(not FILES, reason="needs the repository's data/ beside the plugin")
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("block_bytes", [50_000, 2**21])
def test_values_are_those_that_arrow_reads_with_the_same_types(
    serve: Any, name: str, block_bytes: int
) -> None:
    served = serve((DATA / name).read_bytes(), name, block_bytes=block_bytes)
    columns = served.schema.names
    # In Arrow, the null that is adopted for numbers would be one in text too.
    if served.schema.metadata:
        columns = [c.name for c in served.schema if not pa.types.is_string(c.type)]
    table = served.read()

    theirs = pacsv.read_csv(
        DATA / name,
        parse_options=pacsv.ParseOptions(newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(
            column_types=served.schema,
            null_values=["", "NA"] if served.schema.metadata else [""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            include_columns=columns,
        ),
    )

    assert table.select(columns).equals(theirs)
