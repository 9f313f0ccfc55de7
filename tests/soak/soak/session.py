"""What a client works with, for as long as a round of it lasts."""

import time
from collections.abc import Collection
from random import Random
from urllib.parse import urlsplit

from attrs import frozen

from soak.caller import NOTHING, Caller
from soak.files import FILES, Files, ServedFile
from soak.selection import WHOLE, Selection, wrong


@frozen
class Session:
    """One thread of a client.

    Args:
        caller: Its connection.
        files: What is served.
        random: Decides what it does.
        metrics_port: The port of the HTTP server.
        ends_at: When it is to stop, by the monotonic clock.
    """

    caller: Caller
    files: Files
    random: Random
    metrics_port: int
    ends_at: float

    @property
    def goes_on(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self.ends_at

    @property
    def port(self) -> int:
        """The port of the Flight server."""
        port = urlsplit(self.caller.uri).port
        assert port is not None
        return port

    def any_file(self) -> ServedFile:
        """Choose one."""
        return self.random.choice(FILES)

    def pause(self, most_seconds: float) -> None:
        """Wait a while, but not beyond the end."""
        left = self.ends_at - time.monotonic()
        time.sleep(max(0.0, min(left, self.random.uniform(0, most_seconds))))

    def read(
        self,
        file: ServedFile,
        selection: Selection = WHOLE,
        *,
        also: Collection[str] = NOTHING,
        pause_seconds: float = 0.0,
    ) -> None:
        """Read what is selected of a file, and check it.

        Args:
            file: Which.
            selection: What of it.
            also: Codes that are no problem, beside those of the file.
            pause_seconds: The most that it waits after each batch.

        Raises:
            Refused: A call ended with an error.
        """
        allowed = {*file.codes, *also}
        published = self.files.published(file)
        info = self.caller.info(selection.as_command(file.flight), allowed)
        self.caller.get(
            info.endpoints[0].ticket.ticket,
            allowed,
            after_batch=lambda: self.pause(pause_seconds) if pause_seconds else None,
            wrong=lambda table: wrong(table, file, selection, published),
            name=file.flight,
        )
