"""The laws without a test class, for ``flightstream plugins check``."""

import os
import tempfile
from collections.abc import (
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeAlias

import pytest
import structlog
from attrs import define, field, frozen
from hypothesis import settings

from flightstream.errors import ConfigError
from flightstream.testing.checked import kits_of

Outcome: TypeAlias = Literal["kept", "broken", "unchecked"]


@frozen
class Verdict:
    """What became of one law.

    Args:
        law: Its name in words, ``listing is repeatable``.
        meaning: What holds if it is kept.
        outcome: Kept, broken, or unchecked.
        why: What is wrong, or what it would have needed.
        log: The first failure that was logged meanwhile, where it is broken.
    """

    law: str
    meaning: str
    outcome: Outcome
    why: str
    log: str


def check(
    plugin: type[Any],
    uri: str | None,
    options: Mapping[str, Any],
    services: Sequence[type[Any]],
    progress: Callable[[int, int], None],
) -> list[Verdict]:
    """Hold a plugin against the laws of every kit whose hooks it has.

    Args:
        plugin: The class.
        uri: A source with data, for adapters and storages.
        options: The plugin's options.
        services: Service plugins that it needs, a storage for example.
        progress: Told after each law how many are done, of how many.

    Raises:
        FlightStreamError: The data cannot be read, so that nothing can be checked.
        ConfigError: The options are wrong, or no kit has laws for the plugin.
    """
    given = {"plugin": plugin, "options": options, "services": services, "uri": uri}
    cases: list[Any] = [type(kit.__name__, (kit,), given) for kit in kits_of(plugin)]
    if not cases:
        raise ConfigError(f"{plugin.__name__} has no hook that there are laws for")
    run = _Run(cases, progress)
    structlog.configure(processors=[run.note_failure])
    for case in cases:
        case.found()
    with tempfile.TemporaryDirectory() as folder, _pytest_alone():
        Path(folder, "pytest.ini").write_text("[pytest]\n")
        Path(folder, "laws.py").touch()
        settings.load_profile("ci")  # the same examples each time, and none kept
        quiet = ["-p", "no:terminal", "-p", "no:cacheprovider", f"--rootdir={folder}"]
        pytest.main([*quiet, f"{folder}/laws.py"], plugins=[run])
    return run.verdicts


@define(eq=False)
class _Run:
    """What pytest asks for its tests, and tells of them."""

    _cases: Sequence[type[Any]]
    _progress: Callable[[int, int], None]
    _verdicts: dict[str, Verdict] = field(factory=dict, init=False)
    _failures: list[str] = field(factory=list, init=False)
    _render: Any = field(init=False)

    @_render.default
    def _plain(self) -> Any:
        plain = structlog.dev.plain_traceback
        return structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain)

    @property
    def verdicts(self) -> list[Verdict]:
        """What became of each law."""
        return list(self._verdicts.values())

    def note_failure(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> NoReturn:
        """Keep what is logged of a failure, as a processor of structlog."""
        if method in ("error", "exception", "critical"):
            self._failures.append(self._render(logger, method, event))
        raise structlog.DropEvent

    def pytest_pycollect_makemodule(self, module_path: Path, parent: Any) -> Any:
        """Collect the classes instead of what the module has."""
        return _Module.from_parent(parent, path=module_path, cases=self._cases)

    def pytest_collection_modifyitems(self, items: list[pytest.Function]) -> None:
        """Leave out the laws that say nothing without an author."""
        items[:] = [item for item in items if item.originalname not in item.cls.left_out]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Function
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note what became of a law."""
        report = yield
        if report.when == "call" or report.outcome != "passed":
            law = item.originalname.removeprefix("test_").replace("_", " ")
            meaning = (item.function.__doc__ or "").strip()
            outcome, why = _judged(report)
            log = self._failures[0] if self._failures and outcome == "broken" else ""
            self._verdicts[item.nodeid] = Verdict(law, meaning, outcome, why, log)
            self._failures.clear()
            self._progress(len(self._verdicts), len(item.session.items))
        return report


class _Module(pytest.Module):
    """An empty module, to which the kits are added."""

    def __init__(self, *args: Any, cases: Sequence[type[Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._cases = cases

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        for case in self._cases:
            setattr(self.obj, f"Test{case.__name__}", case)
        return super().collect()


def _judged(report: pytest.TestReport) -> tuple[Outcome, str]:
    match report.longrepr:
        case None:
            return "kept", ""
        case (_, _, str(reason)):
            return "unchecked", reason.removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    message = str(crash.message if crash else report.longrepr)
    return "broken", message.removeprefix("AssertionError: ").removeprefix("Failed: ").strip()


@contextmanager
def _pytest_alone() -> Iterator[None]:
    """Keep out what else is installed for pytest, and what it writes."""
    variables = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
