"""What a plugin's README says of its options."""

from typing import Any

from flightstream.cli.options import markdown, option_rows


def options_table(plugin: type[Any]) -> str:
    """Return the table that ``flightstream plugins show NAME --markdown`` prints.

    ``assert options_table(LinesAdapter) in Path("README.md").read_text("utf-8")``
    holds a README to it.

    .. versionadded:: 0.1
    """
    return markdown(option_rows(plugin))
