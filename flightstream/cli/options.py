"""A plugin's options as people and programs read them."""

from typing import Any, get_type_hints

import attrs
from attrs import frozen

from flightstream.config.words import either, expected, shown, toml_text
from flightstream.plugin import ByteSize, Option, default_of, options_of

HEADER = ("Option", "Type", "Default", "Environment", "Meaning")


@frozen
class OptionRow:
    """One option.

    Args:
        name: As in ``[plugins.NAME]``.
        type: What it takes, and the bounds of that.
        default: TOML, ``None`` if it has to be set.
        env: The variable that sets it, if it has one of its own.
        meaning: Its help.
    """

    name: str
    type: str
    default: str | None
    env: str | None
    meaning: str

    def cells(self) -> tuple[str, ...]:
        """Return the texts below ``HEADER``."""
        default = "required" if self.default is None else self.default
        return (self.name, self.type, default, self.env or "", self.meaning)


def option_rows(plugin: type[Any]) -> list[OptionRow]:
    """Return the options of a plugin class, in order."""
    hints = get_type_hints(plugin)
    return [
        OptionRow(
            name,
            _type(hints[name], declared),
            _default(attribute, hints[name]),
            declared.env,
            " ".join(declared.help.split()),
        )
        for name, (attribute, declared) in options_of(plugin).items()
    ]


def markdown(rows: list[OptionRow]) -> str:
    """Return the table that a plugin's README contains."""
    lines = [HEADER, ("---",) * len(HEADER)]
    for row in rows:
        default = "required" if row.default is None else _code(row.default)
        lines.append(
            (f"`{row.name}`", _cell(row.type), default, _code(row.env), _cell(row.meaning))
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _type(type_: Any, declared: Option) -> str:
    if declared.choices is not None:
        return either([toml_text(choice) for choice in declared.choices])
    text = expected(type_)
    of_size = "ByteSize" in str(type_)
    for word, bound in (("at least", declared.minimum), ("at most", declared.maximum)):
        if bound is not None:
            text += f", {word} {ByteSize(int(bound)) if of_size else f'{bound:g}'}"
    return text


def _default(attribute: "attrs.Attribute[Any]", type_: Any) -> str | None:
    default = default_of(attribute)
    if default is attrs.NOTHING:
        return None
    return "" if default is None else shown(default, type_)


def _code(text: str | None) -> str:
    if not text:
        return ""
    # GitHub reads a backslash before | inside code, too, as the bar alone.
    text = text.replace("|", "\\|")
    fence = "``" if "`" in text else "`"
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "\\<").replace("*", "\\*")
