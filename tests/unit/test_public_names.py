import subprocess
import sys
from textwrap import dedent

import flightstream


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", dedent(program)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout


def test_names_are_all_there():  # that they are sorted, ruff sees to
    assert [name for name in flightstream.__all__ if not hasattr(flightstream, name)] == []


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(flightstream, "srever")


def test_importing_the_package_loads_no_plugin_and_no_transport():
    loaded = run("""
        import sys
        import flightstream
        print(*(name for name in sys.modules
                if name == "pyarrow.flight" or name.startswith("flightstream_")))
    """)

    assert loaded == "\n"


def test_no_module_takes_the_place_of_a_public_name():
    """A plugin is imported after the server, and says `from flightstream import service`."""
    modules = run("""
        from importlib import import_module
        from inspect import ismodule
        from pkgutil import walk_packages
        import flightstream

        for module in walk_packages(flightstream.__path__, "flightstream."):
            import_module(module.name)
        print([name for name in flightstream.__all__ if ismodule(getattr(flightstream, name))])
    """)

    assert modules == "[]\n"
