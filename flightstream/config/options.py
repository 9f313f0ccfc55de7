"""The options of one declared class, from every table and variable that may set them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_type_hints

import attrs
from attrs import define, frozen
from cattrs import Converter

from flightstream.config.environment import named_variable
from flightstream.config.problems import Problem, Report, Row, dotted, unknown_key
from flightstream.config.settings import MISSING, Key, Layer, Origin, Settings
from flightstream.config.structure import Fault, Faulty, structure
from flightstream.config.words import found, shown
from flightstream.plugin import Option, default_of, options_of


@frozen
class _Given:
    """One place that sets an option, and its rank among them."""

    rank: tuple[int, int]
    key: Key
    raw: Any
    origin: Origin

    @property
    def is_variable(self) -> bool:
        # It may have been set for something else altogether: Kubernetes sets
        # FLIGHT_PORT to a URL where a service is named flight.
        return self.origin.layer is Layer.VARIABLE


@define(eq=False, repr=False)
class Reader:
    """Structures tables of the settings, and reports what is wrong with them.

    Args:
        settings: What was given.
        variables: Those that options may name with ``env``.
        converter: Makes values, of which paths are relative to a folder.
        report: Where problems, warnings and values are noted.
    """

    settings: Settings
    variables: Mapping[str, str]
    converter: Callable[[Path], Converter]
    report: Report

    def structure(
        self, cls: type[Any], tables: Sequence[Key], *, others: Sequence[str] = ()
    ) -> tuple[dict[str, Any], bool]:
        """Return the values that are set for a class's options.

        The latest layer wins, and within one the most specific table. All
        values are looked at, so that one that is overridden is right too.

        Args:
            cls: Its options are the known keys.
            tables: Where they may be set; a later table is more specific.
            others: Known keys that are no options.

        Returns:
            The values that are set and right, and whether all is right.
        """
        options, hints = options_of(cls), get_type_hints(cls)
        checked = [self._check_table(table, [*options, *others]) for table in tables]
        right = all(checked)
        values: dict[str, Any] = {}
        for name, (attribute, declared) in options.items():
            type_ = hints[name]
            given = self._given(name, declared, tables)
            for one in given:
                try:
                    converter = self.converter(one.origin.folder)
                    value = structure(one.raw, type_, attribute, converter)
                except Faulty as exc:
                    self._report(one, exc.faults)
                    right = right and one.is_variable
                    continue
                if name not in values:
                    values[name] = value
                    self.show(one.key, value, type_, one.origin)
            if name in values or not all(one.is_variable for one in given):
                continue
            default = default_of(attribute)
            if default is attrs.NOTHING:
                self.problem((*tables[0], name), f"required, but not set: {declared.help}")
                right = False
            else:
                self.show((*tables[0], name), default, type_, self.settings.default)
        return values, right

    def table(self, key: Key) -> Mapping[str, Any] | None:
        """Return the table at a key; if something else is there, report that."""
        raw = self.settings.get(key)
        if isinstance(raw, Mapping):
            return raw
        if raw is not MISSING:
            # What stands where a plugin's options belong may be its secret.
            what = found(raw, hidden=len(key) > 1)
            self.problem(key, f"expected a table, found {what}")
        return None

    def problem(self, key: tuple[Any, ...], message: str) -> None:
        """Report what is wrong with the value at a key, naming where it came from."""
        origin = self.settings.origin(key)
        name = "" if origin.layer is Layer.DEFAULT else origin.name
        if (row := self.report.rows.get(dotted(key))) and row.origin != self.settings.default.name:
            name = row.origin  # also a variable that the option names
        self.report.add(Problem(name, dotted(key), message), self.settings.position(key))

    def show(self, key: Key, value: Any, type_: Any, origin: Origin) -> None:
        """Note a value for ``flightstream check``."""
        self.report.rows[dotted(key)] = Row(dotted(key), shown(value, type_), origin.name)

    def _given(self, name: str, declared: Option, tables: Sequence[Key]) -> list[_Given]:
        """Return all that sets an option, beginning with what wins."""
        given = []
        for number, table in enumerate(tables):
            key = (*table, name)
            raw = self.settings.get(key)
            if raw is not MISSING:
                rank = (self.settings.layer(key), number)
                given.append(_Given(rank, key, raw, self.settings.origin(key)))
        variable = named_variable(self.variables, declared.env) if declared.env else None
        if variable is not None:
            folder = self.settings.default.folder
            origin = Origin(Layer.VARIABLE, f"environment {variable.name}", folder)
            key = (*tables[0], name)
            given.append(_Given((Layer.VARIABLE, 0), key, variable.value, origin))
        return sorted(given, key=lambda one: one.rank, reverse=True)

    def _report(self, given: _Given, faults: Sequence[Fault]) -> None:
        for path, message in faults:
            key = (*given.key, *path)
            if given.is_variable:
                self.report.warn(Problem(given.origin.name, dotted(key), f"ignored: {message}"))
            else:
                self.problem(key, message)

    def _check_table(self, key: Key, known: Sequence[str]) -> bool:
        raw = self.table(key)
        unknown = [name for name in raw or () if name not in known]
        for name in unknown:
            self.problem((*key, name), unknown_key(name, known))
        return not unknown and (raw is not None or self.settings.get(key) is MISSING)
