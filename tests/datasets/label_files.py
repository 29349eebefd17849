"""Tables of labels beside image files."""

from collections.abc import Iterable
from pathlib import Path

from cft.datasets import LabelTable
from tests.datasets.image_files import write


def write_table(
    folder: Path,
    rows: Iterable[Iterable[object]],
    header: str = 'path,label',
    name: str = 'labels.csv',
    files: bool = True,
) -> Path:
    """A table of these rows, and an image file for the first cell of each."""
    rows = [[str(cell) for cell in row] for row in rows]
    if files:
        write(folder, *(row[0] for row in rows))
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join([header, *(','.join(row) for row in rows)]) + '\n')
    return path


def contents(table: Path, split: str = 'train', kind: type[LabelTable] = LabelTable, **options: object) -> list[tuple]:
    """Path relative to the table and label of every sample."""
    dataset = kind(str(table), split=split, serialize_data=False, **options)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    return [(str(Path(info['img_path']).relative_to(table.parent)), info['gt_label']) for info in infos]
