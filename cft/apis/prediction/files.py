"""Predictions in a file: CSV for a spreadsheet, JSON or JSON lines for a program."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from cft.errors import ConfigError
from cft.files import require_writable, write_atomically

COLUMNS = {
    'label': ('path', 'label', 'class', 'score'),
    'labels': ('path', 'label', 'class', 'score'),
    'fractions': ('path', 'class', 'fraction'),
    'boxes': ('path', 'label', 'class', 'score', 'x1', 'y1', 'x2', 'y2'),
}
FORMATS = ('.csv', '.json', '.jsonl')


def check_predictions_file(path: str | Path, force: bool = False) -> Path:
    """Check that predictions can be written to a file, before they are made.

    Args:
        path: Ends in ``.csv``, ``.json`` or ``.jsonl``; folders above it are made.
        force: Whether a file of that name may be replaced.

    Raises:
        ConfigError: If it has another ending, exists, is a folder or cannot be written.

    Example:
        >>> check_predictions_file('found.xlsx')
        Traceback (most recent call last):
        ...
        cft.errors.ConfigError: --out found.xlsx: predictions are written to .csv, .json, .jsonl
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f'--out {path}: predictions are written to {", ".join(FORMATS)}')
    if path.is_dir():
        raise ConfigError(f'--out {path}: this is a folder; name a file')
    if path.exists() and not force:
        raise ConfigError(f'--out {path} exists; name another file, or replace it with --force')
    require_writable(path.parent)
    return path


def write_predictions(path: Path, results: Sequence[dict]) -> None:
    """Write what :func:`cft.apis.predict` returns.

    Names of files keep their bytes, whatever their encoding: JSON escapes
    those that are no UTF-8, CSV has them as they are.

    Args:
        path: From :func:`check_predictions_file`.
        results: The predictions, of one task.
    """
    if path.suffix.lower() == '.csv':
        text = csv_text(results)
    elif path.suffix.lower() == '.json':
        text = json.dumps(results, indent=1)
    else:
        text = ''.join(f'{json.dumps(result)}\n' for result in results)
    write_atomically(path, text.encode(errors='surrogateescape'))


def csv_text(results: Sequence[dict]) -> str:
    r"""A table with a header; each label, class or box of an image has a row, an image without any an empty one.

    The columns are, of a classification, path, label, class and score; of a
    segmentation, path, class and fraction; of a detection, path, label, class,
    score, x1, y1, x2 and y2.

    Args:
        results: As :func:`cft.apis.predict` returns them.

    Example:
        >>> csv_text([dict(image='a,b.jpg', label=2, score=0.5, **{'class': 'rose'})])
        'path,label,class,score\r\n"a,b.jpg",2,rose,0.5\r\n'
    """
    kind = next(kind for kind in COLUMNS if kind in results[0])
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS[kind])
    writer.writeheader()
    for result in results:
        writer.writerows({'path': result['image'], **row} for row in _rows(result, kind))
    return table.getvalue()


def _rows(result: dict, kind: str) -> Iterator[dict]:
    if kind == 'label':
        yield {key: result[key] for key in ('label', 'class', 'score')}
    elif kind == 'fractions':
        yield from ({'class': name, 'fraction': part} for name, part in result['fractions'].items())
    elif kind == 'labels':
        yield from result['labels'] or [{}]
    else:
        for box in result['boxes']:
            corners = dict(zip(('x1', 'y1', 'x2', 'y2'), box['bbox'], strict=True))
            yield {key: box[key] for key in ('label', 'class', 'score')} | corners
        if not result['boxes']:
            yield {}
