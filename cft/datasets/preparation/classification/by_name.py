"""What ``tools/datasets/prepare.py`` does: one name for each data set, and a table of them."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from cft.datasets.preparation.classification.cifar import prepare_cifar
from cft.datasets.preparation.classification.image_sets import IMAGE_SETS, OTHER_SETS
from cft.datasets.preparation.classification.imagenet import prepare_imagenet
from cft.datasets.preparation.classification.prepare import prepare_image_set
from cft.datasets.preparation.voc import prepare_voc
from cft.errors import ConfigError


def prepare_classification(name: str, downloads: Path | None, data: Path, console: Console) -> None:
    """Prepare a data set for classification in a folder below ``data``.

    Args:
        name: Key of ``IMAGE_SETS`` or ``OTHER_SETS``.
        downloads: Folder with archives or unpacked folders, which is not changed; None only checks.
        data: Folder of all data sets.
        console: Where progress and the report go.

    Raises:
        ConfigError: If the downloads are damaged, or something is missing in the end.

    Example:
        >>> prepare_classification('cars', Path('downloads'), Path('data'), Console())  # doctest: +SKIP
    """
    if data.exists() and not data.is_dir():
        raise ConfigError(f'{data} is no folder; give the folder of all data sets with --to')
    if name in IMAGE_SETS:
        prepare_image_set(name, downloads, data / name, console)
    elif name == 'voc07':
        prepare_voc(downloads, data / 'VOCdevkit', [name], console)
    elif name == 'imagenet':
        prepare_imagenet(downloads, data / name, console)
    else:
        prepare_cifar(name, downloads, data / name, console)


def list_image_sets(console: Console) -> None:
    """Print every data set with its counts, its files, its licence and its home page.

    Example:
        >>> list_image_sets(Console(quiet=True))
    """
    table = Table('name', 'classes', 'train', 'test', 'GB', 'files', 'licence')
    for column in (1, 2, 3, 4):
        table.columns[column].justify = 'right'
    sets = IMAGE_SETS | OTHER_SETS
    for name, wanted in sets.items():
        files = ', '.join(dict.fromkeys(part.archive or part.place for part in wanted.parts))
        counts = (f'{count:,}' for count in (wanted.classes, wanted.train, wanted.test))
        table.add_row(name, *counts, f'{wanted.gigabytes:g}', files, wanted.licence)
    console.print(table)
    for name, wanted in sets.items():
        text = f'{name}: {wanted.title}, {wanted.page}\n    {wanted.reading}'
        console.print(text, soft_wrap=True, markup=False, highlight=False)
    console.print('Detection, segmentation and domains have prepare_voc.py, prepare_coco.py and prepare_domains.py.')
