"""The command line: ``flightstream serve``, ``ls``, ``head``, ``get``, ``check`` and more."""

from flightstream.cli.program import main

__all__ = ["main"]
