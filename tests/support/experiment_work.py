"""Work of plans in milliseconds: it says what it does in a file beside the runs, so that a test can count."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from cft.engine.stop_signals import StopSignals, TrainingStopped
from cft.errors import ConfigError
from cft.experiments import Run, RunRecord

HERE = 'tests.support.experiment_work'


def note(folder: Path, what: str) -> None:
    """Add a line to the list of all that happened; short appends of several processes do not mix."""
    with (folder.parents[1] / 'happened.txt').open('a') as file:
        file.write(f'{what}\n')


def happened(folder: Path) -> list[str]:
    path = folder / 'happened.txt'
    return path.read_text().splitlines() if path.exists() else []


def forked(task: Callable[[], object]) -> int:
    """A process that does a task; its exit status is 0 if that went well. Nothing here uses threads of torch."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        task()
        code = 0
    finally:
        os._exit(code)


def count(run: Run, folder: Path, inputs: Mapping[str, Path]) -> RunRecord:
    """A value that follows from config, seed and what the needed runs have left; in steps that can be interrupted."""
    value = run.seed + sum(int((path.parent / 'value.txt').read_text()) for path in inputs.values())
    for step in range(run.overrides.get('steps', 0)):
        (folder / 'step.txt').write_text(str(step))
        time.sleep(0.005)
    (folder / 'value.txt').write_text(str(value))
    print('the run', run.name, 'counts')
    note(folder, f'done {run.name}')
    return RunRecord(
        run.name, '', run.config, seed=run.seed, metrics={'val': {'value': value}}, checkpoint='value.txt',
        versions={'process': os.getpid(), 'threads': os.environ.get('OMP_NUM_THREADS')},
    )  # fmt: skip


def fail_where_asked(run: Run, folder: Path, inputs: Mapping[str, Path]) -> RunRecord:
    if run.overrides.get('wrong'):
        raise ConfigError(f'{run.name} has a wrong setting')
    if run.overrides.get('bug'):
        return 1 / 0
    if run.overrides.get('leaves'):
        raise SystemExit(3)
    return count(run, folder, inputs)


def die_first(run: Run, folder: Path, inputs: Mapping[str, Path]) -> RunRecord:
    """Is killed at its first attempt, or at each if ``always`` is set."""
    tries = len([line for line in happened(folder.parents[1]) if line == f'begun {run.name}'])
    note(folder, f'begun {run.name}')
    if run.overrides.get('dies') and (tries == 0 or run.overrides.get('always')):
        os.kill(os.getpid(), signal.SIGKILL)
    return count(run, folder, inputs)


def save_when_asked(run: Run, folder: Path, inputs: Mapping[str, Path]) -> RunRecord:
    """As a training: it counts to a number, and after a signal keeps how far it is and leaves."""
    signals = StopSignals()
    signals.install()
    place = folder / 'reached.txt'
    begin = int(place.read_text()) if place.exists() else 0
    note(folder, f'begun {run.name} at {begin}')
    try:
        for step in range(begin, run.overrides['steps']):
            time.sleep(0.01)
            if signals.received is not None:
                place.write_text(str(step + 1))
                raise TrainingStopped(75)
    finally:
        signals.restore()
    return count(run, folder, inputs)
