"""A pytest kit for plugin authors: ``pytest_plugins = ["flightstream.testing"]``.

It brings the fixtures ``serve``, ``registry``, ``captured_logs`` and
``make_config``, hypothesis strategies in ``flightstream.testing.strategies``,
and the laws that every plugin of a kind keeps: :class:`AdapterConformance`,
:class:`AuthenticatorConformance`, :class:`StorageConformance`,
:class:`RemoteStorageConformance` and :class:`ObserverConformance`. It needs
``pip install flightstream-core[testing]``.

Each law says itself what is wrong, so pytest need not: PYTEST_DONT_REWRITE, for
a test module has imported this one before it names it in ``pytest_plugins``.

.. versionadded:: 0.1
"""

from flightstream.testing.adapter import AdapterConformance
from flightstream.testing.authenticator import AuthenticatorConformance
from flightstream.testing.faulty import FaultyAdapter
from flightstream.testing.fixtures import captured_logs, make_config, registry
from flightstream.testing.observer import ObserverConformance
from flightstream.testing.options import options_table
from flightstream.testing.process import ServerProcess
from flightstream.testing.remote_storage import RemoteStorageConformance
from flightstream.testing.sample import Logins, Observed, Sample, StoredFiles
from flightstream.testing.serve import Served, serve
from flightstream.testing.storage import StorageConformance
from flightstream.testing.store_proxy import StoreProxy, StoreRequest
from flightstream.testing.subject import Subject

__all__ = [
    "AdapterConformance",
    "AuthenticatorConformance",
    "FaultyAdapter",
    "Logins",
    "Observed",
    "ObserverConformance",
    "RemoteStorageConformance",
    "Sample",
    "Served",
    "ServerProcess",
    "StorageConformance",
    "StoreProxy",
    "StoreRequest",
    "StoredFiles",
    "Subject",
    "captured_logs",
    "make_config",
    "options_table",
    "registry",
    "serve",
]
