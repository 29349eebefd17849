"""torchrun, after which a user's mistake stands in the last line; _launch.sh starts it with torchrun's arguments.

Where the processes ended with such a mistake, only that is printed and the exit code is 2; where all have saved and
left after a signal to them, it is 75. An error of the program keeps its traceback and torchrun's summary, with code 1.
The code is 1 as well after a signal to the launcher itself, which passes it on.
"""

import logging
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import main as torchrun

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cft_cli.errors import FOLDER, INTERRUPTED, MISTAKE

# torchrun ends the other processes so when one has ended with an error.
ENDED_BY_TORCHRUN = -signal.SIGTERM
# What it says of that in its log.
COMMENTS = ('Sending process', 'failed (exitcode', 'Received')
LOGGERS = ('torch.distributed.elastic.multiprocessing.api', 'torch.distributed.elastic.agent.server.api')


class _Held(logging.Filter):
    """Keeps torchrun's comments until it is known whether they tell anything."""

    def __init__(self) -> None:
        super().__init__()
        self._records: list[logging.LogRecord] = []
        for name in LOGGERS:
            logging.getLogger(name).addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        held = str(record.msg).startswith(COMMENTS)
        if held:
            self._records.append(record)
        return not held

    def release(self) -> None:
        for record in self._records:
            logging.getLogger(record.name).callHandlers(record)


def launch(arguments: Sequence[str]) -> int:
    """Run torchrun to its end.

    Args:
        arguments: torchrun's.

    Returns:
        Exit code.
    """
    comments = _Held()
    with tempfile.TemporaryDirectory(prefix='cft_errors_') as folder:
        os.environ[FOLDER] = folder
        try:
            torchrun(arguments)
        except ChildFailedError as error:
            codes = {failure.exitcode for failure in error.failures.values()} - {ENDED_BY_TORCHRUN}
            explained = codes in ({MISTAKE}, {os.EX_TEMPFAIL})
            if not explained:
                comments.release()
                print(error, file=sys.stderr)
            return codes.pop() if explained else 1
        except (SignalException, KeyboardInterrupt) as stop:
            # They have been told why they end.
            return 1 if isinstance(stop, SignalException) else INTERRUPTED
        finally:
            _print_mistakes(Path(folder))
    return 0


def _print_mistakes(folder: Path) -> None:
    files = sorted(folder.glob('told.*')) or sorted(folder.glob('untold.*'))[:1]
    for message in dict.fromkeys(file.read_text(encoding='utf-8') for file in files):
        print(f'error: {message}', file=sys.stderr, flush=True)


if __name__ == '__main__':
    sys.exit(launch(sys.argv[1:]))
