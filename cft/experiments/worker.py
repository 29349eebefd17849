"""A process that does runs for another one, started as ``python -m cft.experiments.worker FILE_DESCRIPTOR``."""

import contextlib
import os
import queue
import signal
import sys
import threading
from multiprocessing.connection import Connection

from .job import Job, perform
from .printing import print_to


def main() -> None:
    """Do the jobs that come through the connection, and tell how each ended.

    When the other process is gone, a run that is going on is asked to save and
    leave, as by SIGTERM.
    """
    connection = Connection(int(sys.argv[1]))
    jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, jobs), daemon=True).start()
    while (job := jobs.get()) is not None:
        print_to(job.log)
        outcome = perform(job)
        # Nobody may be there any more to be told.
        with contextlib.suppress(OSError):
            connection.send(outcome)


def _receive(connection: Connection, jobs: queue.SimpleQueue) -> None:
    try:
        while True:
            jobs.put(connection.recv())
    except (EOFError, OSError):
        jobs.put(None)
        os.kill(os.getpid(), signal.SIGTERM)


if __name__ == '__main__':
    main()
