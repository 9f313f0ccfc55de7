"""The pages of the documentation, with what is generated in its place."""

import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="session")
def load() -> Callable[[str], ModuleType]:
    """Return a function that imports a file of ``docs`` by its path there."""
    return load_file


@pytest.fixture(scope="session")
def generated() -> ModuleType:
    return load_file("generated.py")


@pytest.fixture(scope="session")
def pages(generated: ModuleType) -> dict[str, str]:
    """Every page by its path, as a reader sees it."""
    return {
        path.relative_to(DOCS).as_posix(): generated.expand(path.read_text("utf-8"))
        for path in sorted(DOCS.rglob("*.md"))
    }


def load_file(path: str) -> ModuleType:
    name = "docs_" + path.removesuffix(".py").replace("/", "_")
    if name not in sys.modules:
        spec = spec_from_file_location(name, DOCS / path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]
