"""Laws of options: every mistake is told at once, and no secret is shown."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args, get_type_hints

import attrs
import pytest
from structlog.testing import capture_logs

from flightstream.config.types import is_union, mentions_secret
from flightstream.errors import ConfigError, FlightStreamError
from flightstream.plugin import Option, Secret, default_of, options_of
from flightstream.registry import Registry
from flightstream.testing.plugin_laws.base import Laws

_SECRETIVE = re.compile(r"password|passwd|secret|token|api_?key|private_?key|credential")
_UNKNOWN = "zz_unknown"


class OptionLaws(Laws):
    """What holds for the options of the plugin's class."""

    def test_every_option_says_what_it_is_for(self) -> None:
        """Every option has a help text, which ``flightstream plugins show`` prints."""
        bare = [name for name, (_, o) in options_of(self.plugin).items() if not o.help.strip()]
        assert not bare, f"the options {bare} have no help text"

    def test_wrong_options_are_told_at_once(self, sample: Any) -> None:
        """A wrong type for each option, and an unknown key, are all refused in one message."""
        wrong: dict[str, Any] = dict.fromkeys(options_of(self.plugin), _Nonsense())
        told = self._refused(sample, {**wrong, _UNKNOWN: 1})
        silent = [name for name in (*wrong, _UNKNOWN) if not _names(told, name)]
        assert not silent, (
            f"the options {silent} take values of any type: annotate them. Told was:\n{told}"
        )

    def test_bounds_are_told_at_once(self, sample: Any) -> None:
        """Each option beyond its declared bounds or choices is refused, all in one message."""
        beyond = {
            name: _beyond(declared)
            for name, (_, declared) in options_of(self.plugin).items()
            if _beyond(declared) is not None
        }
        if not beyond:
            pytest.skip("no option has a minimum, maximum or choices")
        told = self._refused(sample, beyond)
        silent = [name for name in beyond if not _names(told, name)]
        assert not silent, (
            f"{ {name: beyond[name] for name in silent} } is accepted beyond the declared bounds:"
            " declare with option(minimum=…, maximum=…, choices=…)"
        )

    def test_defaults_are_allowed_values(self, sample: Any) -> None:
        """Every default could be written in the configuration."""
        defaults = {
            name: default_of(attribute)
            for name, (attribute, _) in options_of(self.plugin).items()
            if name not in self.options and name not in sample.options
        }
        written = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in defaults.items()
            if isinstance(value, bool | int | float | str | list | tuple | dict)
        }
        told = self._refused(sample, written)
        assert not told, f"a default is not of its option's own type:\n{told}"

    def test_options_read_the_same_on_every_server(self, sample: Any) -> None:
        """Options have one text on every server: a ticket's version depends on it."""
        one, other = (self.mine(self.built(sample)).options for _ in range(2))
        assert one == other, f"the options are {one}, and on another server {other}: give a repr"

    def test_secrets_are_declared_as_such(self) -> None:
        """An option named like a secret is a ``Secret``."""
        texts = [
            text
            for name, type_ in _types(self.plugin).items()
            for text in _plain_texts((name,), type_)
        ]
        plain = sorted({".".join(text) for text in texts if _SECRETIVE.search(text[-1])})
        assert not plain, f"the options {plain} sound secret: annotate them as flightstream.Secret"

    def test_secrets_are_not_shown(self, sample: Any) -> None:
        """The representation of an instance shows no secret."""
        secrets, given = self._secrets(sample)
        shown = repr(self.mine(self.built(sample, **given)).instance)
        _check_hidden(secrets, shown, "repr() of the plugin")

    def test_secrets_are_not_logged(
        self,
        start: Callable[..., Registry],
        sample: Any,
        caplog: Any,
    ) -> None:
        """Nothing that the plugin logs or raises while it starts and is used holds a secret."""
        secrets, given = self._secrets(sample)
        told = ""
        with caplog.at_level("DEBUG"), capture_logs() as logged:
            try:
                self.use(start(**given), sample)
            except FlightStreamError as exc:  # the secrets are made up
                told = f"{exc.message} {exc.details()}"
        _check_hidden(secrets, f"{logged} {caplog.text}", "the log")
        _check_hidden(secrets, told, "an error")

    def _secrets(self, sample: Any) -> tuple[list[str], Mapping[str, Any]]:
        types = _types(self.plugin)
        known = {**self.options, **sample.options}
        made_up = {
            name: f"hidden-{name}"
            for name, type_ in types.items()
            if name not in known
            and Secret in (type_, *(get_args(type_) if is_union(type_) else ()))
        }
        try:
            instance = self.mine(self.built(sample, **made_up)).instance
        except ConfigError:  # they exclude each other, or what the sample logs in with
            made_up = {}
            instance = self.mine(self.built(sample)).instance
        secrets = [one for name in types for one in _revealed(getattr(instance, name)) if one]
        if not secrets:
            empty = sorted(name for name, type_ in types.items() if mentions_secret(type_))
            cure = f"give the options {empty} a value, with secrets in it"
            pytest.skip(cure if empty else "no option is a Secret")
        return secrets, made_up

    def _refused(self, sample: Any, options: Mapping[str, Any]) -> str:
        try:
            self.built(sample, **options)
        except ConfigError as exc:
            return exc.message
        return ""


class _Nonsense:
    """A value of no type that an option can have."""


def _names(told: str, option: str) -> bool:
    return re.search(rf"\.{re.escape(option)}\b", told) is not None


def _beyond(declared: Option) -> Any:
    if declared.choices is not None:
        return None if not all(isinstance(c, str) for c in declared.choices) else "zz-no-choice"
    if declared.minimum is not None:
        return int(declared.minimum) - 1
    return None if declared.maximum is None else int(declared.maximum) + 1


def _types(plugin: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(plugin)  # annotations may be text
    return {name: hints[name] for name in options_of(plugin)}


def _plain_texts(name: tuple[str, ...], type_: Any) -> Iterator[tuple[str, ...]]:
    """Yield the names of what is text and no secret, also within tables."""
    if type_ is str:
        yield name
    elif attrs.has(type_):
        for inner, hint in get_type_hints(type_).items():
            yield from _plain_texts((*name, inner), hint)
    elif not mentions_secret(type_):
        for argument in get_args(type_):
            yield from _plain_texts(name, argument)


def _revealed(value: Any) -> list[str]:
    if isinstance(value, Secret):
        return [value.reveal()]
    if isinstance(value, Mapping):
        value = list(value.values())
    elif attrs.has(type(value)):
        value = attrs.astuple(value, recurse=False)
    inner = value if isinstance(value, list | tuple | set | frozenset) else ()
    return [secret for one in inner for secret in _revealed(one)]


def _check_hidden(secrets: list[str], text: str, where: str) -> None:
    assert not any(secret in text for secret in secrets), (
        f"{where} shows the value of a Secret: call reveal() only where it is used"
    )
