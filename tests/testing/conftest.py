"""How broken plugins are tried: a law they break has to fail, and say what is wrong.

A test class that subclasses a kit may have two attributes. With ``breaks``, only
the laws named there are collected, and each passes if it fails with that
message. With ``skips``, only the laws named there may be skipped.
"""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def plain_tracebacks() -> Iterator[None]:
    """Log what broken plugins raise without the frames that rich takes long to draw."""
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], renderer])
    yield
    structlog.reset_defaults()


def pytest_pycollect_makeitem(collector: pytest.Collector, name: str) -> list[pytest.Item] | None:
    breaks = getattr(getattr(collector, "obj", None), "breaks", None)
    is_left_out = breaks is not None and name.startswith("test") and name not in breaks
    return [] if is_left_out else None


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function):
    law = pyfuncitem.originalname
    breaks = getattr(pyfuncitem.cls, "breaks", None)
    try:
        done = yield
    except pytest.skip.Exception as exc:
        if breaks is not None or law not in getattr(pyfuncitem.cls, "skips", [law]):
            pytest.fail(f"the law is skipped: {exc}", pytrace=False)
        raise
    except AssertionError as exc:
        if breaks is None:
            raise
        if breaks[law] not in " ".join(str(exc).split()):
            exc.add_note(f"The expected message has {breaks[law]!r}.")
            raise
        return True
    if breaks is not None:
        pytest.fail("the law holds", pytrace=False)
    return done
