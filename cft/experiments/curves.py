"""The curves of a run, from what MMEngine has logged in its work dir."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

FILE = 'vis_data/scalars.json'
RECORD = 'record.json'
# Of the clock and the machine, not of the model.
LEFT_OUT = {'step', 'iter', 'epoch', 'time', 'data_time', 'memory'}

Curves = dict[str, dict[str, list]]


def read_curves(work_dir: str | Path, steps_per_epoch: int | None = None) -> Curves:
    """Losses, learning rate and validation metrics by training step.

    A run that was interrupted has one log for each start; where they overlap,
    the later one counts.

    Args:
        work_dir: Of the run.
        steps_per_epoch: Of one that counts epochs. MMEngine logs its validations by epoch; None: each stands at the
            last step that was logged before it.

    Returns:
        ``'train'`` and ``'val'``, each with a list ``step`` and a list of as many values for every name; a value is
        None where the name was not logged.

    Example:
        >>> read_curves('work_dirs/no_run')
        {'train': {'step': []}, 'val': {'step': []}}
    """
    rows: dict[str, dict[int, dict]] = {'train': {}, 'val': {}}
    interval, last = _validations(Path(work_dir, RECORD))
    for path in sorted(Path(work_dir).glob(f'*/{FILE}')):
        begun, trained, judged = False, max(rows['train'], default=0), max(rows['val'], default=0)
        for record in _records(path):
            values = {name: value for name, value in record.items() if name not in LEFT_OUT}
            if 'loss' in record:
                if not begun:
                    # What an earlier start did beyond its checkpoint has been done again.
                    rows = {split: _before(record['step'], kind) for split, kind in rows.items()}
                    begun, judged = True, max(rows['val'], default=0)
                trained = record['step']
                rows['train'][trained] = values
            elif values:
                if steps_per_epoch:
                    judged = record['step'] * steps_per_epoch
                else:
                    # Validations of a run that counts iterations are logged without their step.
                    judged = _next_validation(trained, judged, interval, last) if interval and last else trained
                rows['val'][judged] = values
    return {split: _columns(found) for split, found in rows.items()}


def _before(step: int, rows: dict[int, dict]) -> dict[int, dict]:
    return {other: row for other, row in rows.items() if other < step}


def _next_validation(trained: int, judged: int, interval: int, last: int) -> int:
    """The step of a validation after the training step that was logged last and the validation before."""
    return min(max(-(-trained // interval), judged // interval + 1) * interval, last)


def _records(path: Path) -> Iterator[dict]:
    for line in path.read_text().splitlines():
        # The last line of a process that was killed may be cut.
        with contextlib.suppress(ValueError):
            record = json.loads(line)
            if isinstance(record, dict) and isinstance(record.get('step'), int):
                yield record


def _validations(path: Path) -> tuple[int, int]:
    """Steps between two validations and all steps of a run that counts iterations; 0 if they are not known."""
    try:
        settings = json.loads(path.read_text())['starts'][-1]['config']['train_cfg']
        return int(settings.get('val_interval') or 0), int(settings.get('max_iters') or 0)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return 0, 0


def _columns(rows: dict[int, dict]) -> dict[str, list]:
    names = dict.fromkeys(name for values in rows.values() for name in values)
    steps = sorted(rows)
    return {'step': steps, **{name: [rows[step].get(name) for step in steps] for name in names}}
