"""What is known of a finished run: one JSON file in its folder, read by tables, reports and statistics alike."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cft.errors import DataError
from cft.files import write_atomically

from .fingerprint import DIGITS

FILE = 'result.json'
RUNS = 'runs'


@dataclass(frozen=True)
class RunRecord:
    """The result of a run, JSON values only.

    Attributes:
        name: Of the run in its plan.
        fingerprint: Digest of what the result depends on.
        config: File or name.
        overrides: As the run had them, outputs of other runs filled in.
        seed: Of the run.
        labels: Coordinates in the plan, such as ``method`` and ``draw``.
        metrics: For each split, ``{'accuracy/top1': 91.2, 'knn/k20': 88.0, ...}``.
        curves: ``'train'`` and ``'val'``: a list ``step`` and as many values under the name of each loss and metric.
        stages: Steps at which a stage of the training began, without the first.
        checkpoint: The file that was evaluated, relative to the folder of the run.
        seconds: Of the run; of one that was interrupted, since it was begun the last time.
        step_seconds: Of the median training step; None where nothing was trained.
        peak_bytes: Most memory of the device, of the process on CPUs.
        data: For each split, ``images``, ``classes`` and ``counts`` (images per class), as far as known.
        versions: Of Python, the libraries, cft and its commit; ``device`` and ``machine``.
        started: Time in ISO format, UTC.
        complete: Whether the training had its whole length; a search stops those that promise little.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> RunRecord('ce-0', '0f', 'ce/folder', metrics={'test': {'accuracy/top1': 91.0}}).write(folder)
        >>> RunRecord.read(folder).metrics['test']
        {'accuracy/top1': 91.0}
    """

    name: str
    fingerprint: str
    config: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    labels: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    curves: Mapping[str, Mapping[str, list]] = field(default_factory=dict)
    stages: list[int] = field(default_factory=list)
    checkpoint: str | None = None
    seconds: float = 0.0
    step_seconds: float | None = None
    peak_bytes: int | None = None
    data: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    versions: Mapping[str, Any] = field(default_factory=dict)
    started: str = ''
    complete: bool = True

    def write(self, folder: Path) -> None:
        """Write the record into the folder of its run, whole or not at all."""
        write_atomically(folder / FILE, json.dumps(dataclasses.asdict(self), indent=1, allow_nan=True).encode())

    @classmethod
    def read(cls, folder: Path) -> 'RunRecord':
        """Read the record in the folder of a run.

        Raises:
            DataError: If it is there and no record.
            FileNotFoundError: If the run has not finished.
        """
        path = folder / FILE
        try:
            return cls(**json.loads(path.read_text()))
        except (ValueError, TypeError) as error:
            raise DataError(f'{path} is no record of a run ({error}); remove it, and the run is done again') from error


def read_records(folder: str | Path) -> list[RunRecord]:
    """The records of all finished runs in the folder of a plan, or of several plans, by the names of the runs.

    Runs of earlier plans that later ones do not have are among them: a changed
    setting makes another run. :func:`cft.experiments.execute` returns those of
    its own plan.

    Args:
        folder: As of :func:`cft.experiments.execute`.

    Raises:
        DataError: If one cannot be read.

    Example:
        >>> read_records('no/such/folder')
        []
    """
    return [RunRecord.read(path.parent) for path in sorted(Path(folder, RUNS).glob(f'*/{FILE}'))]


def folder_of(folder: str | Path, record: RunRecord) -> Path:
    """Where the run of a record lies, whatever it was called when it was done.

    Args:
        folder: As of :func:`cft.experiments.execute`.
        record: Of a run in it.

    Raises:
        DataError: If it is not there.

    Example:
        >>> folder_of('work_dirs/table', record)  # doctest: +SKIP
        PosixPath('work_dirs/table/runs/ce-0-1f3a5b7c9d')
    """
    found = sorted(Path(folder, RUNS).glob(f'*-{record.fingerprint[:DIGITS]}'))
    if not found:
        raise DataError(f'the run {record.name} is not in {Path(folder, RUNS)}')
    return found[0]
