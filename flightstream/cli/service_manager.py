"""What systemd, or whoever else started the process, is told of it."""

import os
import socket
import time
from collections.abc import Mapping
from threading import Lock

import structlog
from attrs import define, field

log = structlog.get_logger(__name__)

_TIMEOUT_SECONDS = 1.0  # its queue may be full


@define(eq=False)
class ServiceManager:
    """Sends states to the socket that ``NOTIFY_SOCKET`` names; without one it does nothing.

    The protocol is that of ``sd_notify(3)``. A manager that does not listen is
    logged once, and no reason to stop. Guarded by a lock.

    Args:
        address: A path; one that begins with ``@`` is in the abstract namespace of Linux.
        interval_seconds: How often it is told :meth:`alive`; ``None``: it need not be.
    """

    address: str | None
    interval_seconds: float | None = None
    _is_stopping: bool = field(default=False, init=False)
    _failed: bool = field(default=False, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "ServiceManager":
        """Return the one that the environment names."""
        address = environ.get("NOTIFY_SOCKET") or None
        microseconds = environ.get("WATCHDOG_USEC", "")
        is_meant = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        if address is None or not is_meant or not microseconds.isdecimal():
            return cls(address)
        # Half of the time after which it takes the process for dead, as sd_notify(3) advises.
        return cls(address, int(microseconds) / 2e6 or None)

    def ready(self, status: str) -> None:
        """Tell that calls are answered, after a start or a reload."""
        with self._lock:
            if not self._is_stopping:
                self._tell("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Tell that a reload has begun, to be ended by :meth:`ready`."""
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        with self._lock:
            if not self._is_stopping:
                self._tell("RELOADING=1", f"MONOTONIC_USEC={microseconds}", "STATUS=reloading")

    def stopping(self, status: str) -> None:
        """Tell that the end has begun; after it only :meth:`alive` is told."""
        with self._lock:
            self._is_stopping = True
            self._tell("STOPPING=1", f"STATUS={status}")

    def alive(self) -> None:
        """Tell that all is well."""
        with self._lock:
            self._tell("WATCHDOG=1")

    def _tell(self, *assignments: str) -> None:
        if self.address is None:
            return
        address = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
                sending.settimeout(_TIMEOUT_SECONDS)
                sending.connect(address)
                sending.sendall("\n".join(assignments).encode())
        except OSError as exc:
            if not self._failed:
                log.warning("service_manager_not_told", error=(exc.strerror or str(exc)).lower())
            self._failed = True
