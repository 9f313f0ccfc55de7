"""Configuration: TOML, environment and command line become attrs classes.

Every problem is found before anything stops. Nothing here knows which plugins
are installed: the registry asks ``Loaded.structure_options`` for each.
"""

from flightstream.config.given import Given
from flightstream.config.load import Loaded, load_config, load_mapping
from flightstream.config.models import (
    Config,
    FlightConfig,
    Limits,
    LogConfig,
    LoginLimits,
    PluginsConfig,
    ServerConfig,
    SourceConfig,
    TlsConfig,
)
from flightstream.config.problems import Problem, Row

__all__ = [
    "Config",
    "FlightConfig",
    "Given",
    "Limits",
    "Loaded",
    "LogConfig",
    "LoginLimits",
    "PluginsConfig",
    "Problem",
    "Row",
    "ServerConfig",
    "SourceConfig",
    "TlsConfig",
    "load_config",
    "load_mapping",
]
