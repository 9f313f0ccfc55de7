"""The progress of a transfer, for people at a terminal."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Timer

import pyarrow as pa
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from flightstream.cli.text import printable, size

# After so long, whoever waits wants to know whether something happens.
_SLOW_SECONDS = 1.0


class Transfer:
    """Counts what has arrived, and shows it.

    Args:
        progress: Where it is shown.
        total: The rows to expect, or -1.
    """

    def __init__(self, progress: Progress, total: int) -> None:
        self.rows = 0
        self._bytes = 0
        self._began = time.monotonic()
        self._progress = progress
        self._task = progress.add_task("", total=None if total < 0 else total)

    def add(self, batch: pa.RecordBatch) -> None:
        """Count a batch."""
        self.rows += batch.num_rows
        self._bytes += batch.nbytes
        seconds = max(time.monotonic() - self._began, 1e-3)
        speed = f"{self._bytes / 1e6 / seconds:,.1f} MB/s"
        counted = f"{self.rows:,} rows  {size(self._bytes)}  {speed}"
        self._progress.update(self._task, completed=self.rows, description=counted)

    def counted(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield batches, and count each when the next is asked for."""
        for batch in batches:
            yield batch
            self.add(batch)


@contextmanager
def shown_progress(name: str, total: int) -> Iterator[Transfer]:
    """Show a transfer on standard error if that is a terminal, and it takes over a second.

    Args:
        name: Of the flight, or what else stands before it.
        total: Its rows, or -1.
    """
    console = Console(stderr=True)
    console.quiet = not console.is_terminal  # older versions of rich end even a disabled line
    progress = Progress(
        TextColumn(printable(name), markup=False),
        BarColumn() if total >= 0 else SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=console.quiet,
    )
    begin = Timer(_SLOW_SECONDS, progress.start)
    begin.daemon = True
    begin.start()
    try:
        yield Transfer(progress, total)
    finally:
        begin.cancel()
        begin.join()
        if progress.live.is_started:
            progress.stop()
