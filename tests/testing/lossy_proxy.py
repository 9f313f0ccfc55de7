"""Something between client and server that cuts, freezes or garbles what comes back."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

_BLOCK = 1024


class LossyProxy:
    """Passes bytes on, until it does not.

    Args:
        target: The port of the server; ``None`` hangs up at once.
        cut_after: How many bytes a connection brings back before it is cut; ``None``
            for all.
        on_cut: Called before that.
    """

    def __init__(
        self,
        target: int | None,
        cut_after: int | None = None,
        on_cut: Callable[[], None] = lambda: None,
    ) -> None:
        self.target, self.cut_after, self.on_cut = target, cut_after, on_cut
        self.cuts = 0
        self.frozen = threading.Event()
        self.garble_after: int | None = None
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._listening.close()
        for one in self._open:
            _close(one)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._open.append(client)
                if self.target is None:
                    _close(client)
                    continue
                server = socket.create_connection(("127.0.0.1", self.target))
                self._open.append(server)
                threading.Thread(target=self._ask, args=(client, server), daemon=True).start()
                threading.Thread(target=self._answer, args=(client, server), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(_BLOCK):
                server.sendall(data)
        _close(client)
        _close(server)

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        left, come = self.cut_after, 0
        with suppress(OSError):
            while left != 0 and (
                data := server.recv(_BLOCK if left is None else min(_BLOCK, left))
            ):
                if self.frozen.is_set():
                    return  # both stay open, and nothing comes
                come += len(data)
                garbled = self.garble_after is not None and come > self.garble_after
                client.sendall(bytes(len(data)) if garbled else data)
                left = None if left is None else left - len(data)
        if left == 0:
            self.cuts += 1
            self.on_cut()
        _close(client)
        _close(server)


def _close(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
