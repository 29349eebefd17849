"""Progress of a series of runs, images or other pieces of work: a live bar on a terminal, plain lines elsewhere."""

import sys
import time
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


class SeriesProgress:
    """Counts finished pieces of work and estimates the time left.

    Args:
        total: Number of pieces of equal weight.
        stream: Where to show them; None for standard output.

    Example:
        >>> progress = SeriesProgress(2)
        >>> progress.now('first run')
        [0/2] first run
        >>> progress.advance()
        >>> progress.close()
    """

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self.total = total
        self.done = 0
        self.started = time.perf_counter()
        self.stream = stream or sys.stdout
        self.bar = None
        if self.stream.isatty():
            columns = (
                TextColumn('{task.description}'),
                BarColumn(),
                TimeElapsedColumn(),
                TextColumn('{task.fields[eta]}'),
            )
            self.bar = Progress(*columns, console=Console(file=self.stream), redirect_stdout=False)
            self.task = self.bar.add_task('starting', total=total, eta='')
            self.bar.start()

    def now(self, what: str) -> None:
        """Tell what is being worked on."""
        if self.bar is not None:
            self.bar.update(self.task, description=what)
        else:
            print(f'[{self.done}/{self.total}] {what}', file=self.stream, flush=True)

    def say(self, text: str) -> None:
        """Print a line that stays."""
        if self.bar is not None:
            self.bar.console.print(text, highlight=False)
        else:
            print(text, file=self.stream, flush=True)

    def advance(self) -> None:
        """One more piece is finished."""
        self.done += 1
        if self.bar is not None:
            left = (time.perf_counter() - self.started) / self.done * (self.total - self.done)
            self.bar.update(self.task, completed=self.done, eta=f'about {left:.0f} s left')

    def close(self) -> None:
        """Give the terminal back."""
        if self.bar is not None:
            self.bar.stop()
