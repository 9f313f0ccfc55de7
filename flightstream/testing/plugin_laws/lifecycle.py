"""Laws of starting and stopping: nothing is opened too soon, or left open."""

import json
import os
import subprocess
import sys
from typing import Any

from flightstream.errors import FlightStreamError
from flightstream.testing.fixtures import SERVER
from flightstream.testing.handles import held, held_at_first, still_held
from flightstream.testing.plugin_laws.base import Laws
from flightstream.testing.process import clean_environment
from flightstream.testing.told import told

_IMPORT = """
import json, sys
import flightstream
from flightstream.testing.child import load
from flightstream.testing.handles import held, still_held
before = held()
load(**json.loads(sys.argv[1]))
print(json.dumps(still_held(before, 0.2)))
"""


class LifecycleLaws(Laws):
    """What holds for a plugin's import, ``on_startup`` and ``on_shutdown``."""

    def test_importing_opens_nothing(self) -> None:
        """Importing the plugin's module opens no file or socket and starts no thread."""
        module = self.plugin.__module__
        plugin = {
            "module": module,
            "file": getattr(sys.modules[module], "__file__", None),
            "name": self.plugin.__qualname__,
        }
        path = os.pathsep.join(entry or "." for entry in sys.path)
        done = subprocess.run(
            [sys.executable, "-P", "-c", _IMPORT, json.dumps(plugin)],
            env=clean_environment({"PYTHONPATH": path}),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{module} cannot be imported alone: {done.stderr}"
        opened = json.loads(done.stdout.splitlines()[-1])
        assert not opened, f"importing {module} opens {opened}: do it in on_startup"

    def test_building_opens_nothing(self, sample: Any) -> None:
        """An instance opens nothing before ``on_startup``: ``flightstream check`` builds it too."""
        first = self.built(sample)  # loads what is loaded on first use
        before = held_at_first()
        second = self.built(sample)
        opened = sorted(held() - before)
        del first, second
        assert not opened, f"building the plugin opens {opened}: do it in on_startup"

    def test_shutdown_closes_everything(self, sample: Any) -> None:
        """After ``on_shutdown`` nothing is open that was not before ``on_startup``."""
        self._live(sample)  # libraries keep what they open on their first use
        before = held_at_first()
        self._live(sample)
        left = still_held(before)
        assert not left, f"after on_shutdown, still open: {left}"

    def test_two_instances_do_not_disturb_each_other(self, sample: Any) -> None:
        """Two servers in one process have an instance each, and one may stop before the other."""
        one, other = self.built(sample), self.built(sample)
        one.startup(SERVER)
        other.startup(SERVER)
        try:
            self.use(one, sample)
            one.shutdown()
            self.use(other, sample)
        except FlightStreamError as exc:
            raise AssertionError(
                f"beside another instance that starts and stops, one gives {told(exc)}: keep in"
                " self what an instance opens"
            ) from exc
        finally:
            one.shutdown()
            other.shutdown()

    def _live(self, sample: Any) -> None:
        registry = self.built(sample)
        registry.startup(SERVER)
        try:
            self.use(registry, sample)
        finally:
            registry.shutdown()
