"""Slow streams down or cut them off, to see what a client does then."""

from contextlib import closing
from threading import Event

from attrs import field

from flightstream import Unavailable, hookimpl, option, service


@service
class Unreliable:
    """Changes no row that it lets through."""

    delay_seconds: float = option(0.0, help="how long each batch is held back", minimum=0)
    cut_after_rows: int | None = option(
        None, help="after how many rows a stream ends with Unavailable", minimum=0
    )
    _stopping: Event = field(factory=Event, init=False)

    @hookimpl
    def wrap_stream(self):
        return self.read_badly

    def read_badly(self, request, read):
        left = self.cut_after_rows
        with closing(read(request)) as batches:
            for batch in batches:
                self._stopping.wait(self.delay_seconds)
                if left is not None and batch.num_rows > left:
                    yield batch.slice(0, left)
                    raise Unavailable("the stream was cut off, as configured")
                left = left and left - batch.num_rows
                yield batch

    @hookimpl
    def on_shutdown(self):
        self._stopping.set()  # a server that stops waits for no delay
