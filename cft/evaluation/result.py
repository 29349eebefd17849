"""What an evaluation of a model on one split found: numbers, tables, and the files beside them."""

import csv
import dataclasses
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cft.errors import DataError
from cft.files import write_atomically


@dataclass(frozen=True)
class Evaluation:
    """The result of :func:`cft.apis.evaluate`, JSON values only.

    Attributes:
        task: ``'classification'``, ``'multi-label classification'``, ``'few-shot'``, ``'self-supervised'``,
            ``'segmentation'`` or ``'detection'``.
        split: ``'train'``, ``'val'`` or ``'test'``.
        metrics: Numbers by name, such as ``{'accuracy/top1': 91.2, 'knn/k20': 88.0}``; none is NaN or infinite.
        tables: For each name ``{'columns': [...], 'rows': [[...]]}``, such as ``per_class``, ``confusion`` and
            ``worst_mistakes``; the first column names the row, and None stands where a value is not defined.
        classes: Names of the classes, in the order of their labels.
        files: Names of the files in the same folder, by what they hold: ``predictions``, ``features``.
        images: Number of the images.
        checkpoint: The file that was evaluated; None for a model in memory.
        notes: What was left out, and why; a sentence each.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> Evaluation('classification', 'test', {'accuracy/top1': 91.2}).write(folder).name
        'evaluation_test.json'
        >>> Evaluation.read(folder, 'test').metrics
        {'accuracy/top1': 91.2}
    """

    task: str
    split: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    classes: Sequence[str] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    images: int = 0
    checkpoint: str | None = None
    notes: Sequence[str] = ()

    @staticmethod
    def path(folder: Path, split: str) -> Path:
        """The file of a split in a folder."""
        return folder / f'evaluation_{split}.json'

    def write(self, folder: Path) -> Path:
        """Write ``evaluation_<split>.json`` into a folder, whole or not at all.

        Returns:
            The file.
        """
        path = self.path(folder, self.split)
        write_atomically(path, self.json_text().encode())
        return path

    @classmethod
    def read(cls, folder: Path, split: str = 'test') -> 'Evaluation':
        """Read ``evaluation_<split>.json`` of a folder.

        Raises:
            DataError: If it is there and no evaluation.
            FileNotFoundError: If there is none.
        """
        path = cls.path(folder, split)
        try:
            return cls(**json.loads(path.read_text()))
        except (ValueError, TypeError) as error:
            raise DataError(f'{path} is no evaluation ({error}); remove it and evaluate again') from error

    def json_text(self) -> str:
        """All of it as JSON."""
        return json.dumps(dataclasses.asdict(self), indent=1, allow_nan=False)

    def csv_text(self) -> str:
        r"""All numbers in one table of four columns, which spreadsheets filter and pivot.

        Example:
            >>> Evaluation('classification', 'test', {'accuracy/top1': 91.2}).csv_text()
            'table,name,measure,value\r\nmetrics,test,accuracy/top1,91.2\r\n'
        """
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(['table', 'name', 'measure', 'value'])
        writer.writerows(['metrics', self.split, name, value] for name, value in self.metrics.items())
        for table, content in self.tables.items():
            for name, *values in content['rows']:
                columns = zip(content['columns'][1:], values, strict=True)
                writer.writerows([table, name, column, value] for column, value in columns)
        return text.getvalue()
