"""Figures as files."""

import io
from collections.abc import Sequence
from pathlib import Path

from cft.files import write_atomically

from .blocks import Panel
from .style import any_letters
from .svg import svg_bytes

FORMATS = ('svg', 'png', 'pdf')


def save_panels(panels: Sequence[Panel], folder: Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Write each figure in each format, and the numbers of each as CSV.

    Returns:
        The files.

    Example:
        >>> save_panels(curve_panels(curves), Path('figures'))  # doctest: +SKIP
    """
    from .tables import csv_text

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for panel in panels:
        for kind in formats:
            path = folder / f'{panel.name}.{kind}'
            if kind == 'svg':
                content = svg_bytes(panel.figure)
            else:
                stream = io.BytesIO()
                with any_letters():
                    panel.figure.savefig(stream, format=kind)
                content = stream.getvalue()
            write_atomically(path, content)
            written.append(path)
        if panel.table is not None:
            write_atomically(folder / f'{panel.name}.csv', csv_text(panel.table).encode())
            written.append(folder / f'{panel.name}.csv')
    return written
