"""One call for each classification data set: take the downloads, check, and write the table that configs read."""

from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from cft.datasets.preparation.classification.annotations import (
    read_cars,
    read_flowers102,
    read_inat17,
    read_inat18,
)
from cft.datasets.preparation.classification.class_folders import (
    read_caltech101,
    read_caltech256,
    read_flowers,
    read_imagenet20,
    read_places365,
)
from cft.datasets.preparation.classification.downloads import take_parts
from cft.datasets.preparation.classification.image_sets import IMAGE_SETS, ImageSet
from cft.datasets.preparation.classification.label_list import TABLE, LabelledImage, check_images, table_of
from cft.datasets.preparation.classification.split_lists import (
    read_aircraft,
    read_cub,
    read_dtd,
    read_food101,
    read_pets,
    read_sun397,
)
from cft.datasets.preparation.completeness import report_findings
from cft.datasets.preparation.folders import write_complete
from cft.errors import ConfigError

READERS: Mapping[str, Callable[[Path], list[LabelledImage]]] = {
    'imagenet20': read_imagenet20,
    'caltech101': read_caltech101,
    'dtd': read_dtd,
    'aircraft': read_aircraft,
    'cars': read_cars,
    'pets': read_pets,
    'flowers': read_flowers,
    'flowers102': read_flowers102,
    'inat18': read_inat18,
    'inat17': read_inat17,
    'caltech256': read_caltech256,
    'cub': read_cub,
    'places365': read_places365,
    'food101': read_food101,
    'sun397': read_sun397,
}


def prepare_image_set(
    name: str,
    downloads: Path | None,
    root: Path,
    console: Console,
    image_sets: Mapping[str, ImageSet] = IMAGE_SETS,
) -> None:
    """Bring a data set into one folder, check it, and write ``labels.csv`` if it is complete.

    The table is written last, and removed while anything is missing: where it
    lies, the data set is whole.

    Args:
        name: Key of ``image_sets``.
        downloads: Folder with archives or unpacked folders, which is not changed; None only checks.
        root: Folder of the data set to fill.
        console: Where progress and the report go.
        image_sets: What is published.

    Raises:
        ConfigError: If the downloads are damaged, or something is missing in the end.

    Example:
        >>> prepare_image_set('cars', Path('downloads'), Path('data/cars'), Console())  # doctest: +SKIP
    """
    wanted, table = image_sets[name], root / TABLE
    if downloads is not None:
        table.unlink(missing_ok=True)
        take_parts(wanted.parts, downloads, root, wanted.page, console)
    with console.status('comparing lists and images'):
        images = READERS[name](root)
        findings = check_images(name, root, images, wanted)
        content = table_of(images)
    report_findings(findings, [name], console)
    if downloads is not None:
        write_complete(root / 'source.txt', lambda file: file.write(_told(name, wanted).encode()))
        write_complete(table, lambda file: file.write(content))
    elif not table.is_file() or table.read_bytes() != content:
        raise ConfigError(f'{table} is missing or says something else than the lists; write it again with --from')
    console.print(f'{table}: {wanted.reading}', soft_wrap=True, markup=False, highlight=False)


def told_preparation(table: str | Path) -> str:
    """How to prepare the data set of a missing table, to be said after how to give another; ``''`` of a user's own.

    Example:
        >>> told_preparation('data/dtd/labels.csv')
        ', or download DTD from https://www.robots.ox.ac.uk/~vgg/data/dtd/, then run python tools/datasets/prepare.py \
dtd --from DOWNLOADS'
    """
    name = Path(table).parent.name
    if name not in IMAGE_SETS or Path(table).name != TABLE:
        return ''
    wanted = IMAGE_SETS[name]
    command = f'python tools/datasets/prepare.py {name} --from DOWNLOADS'
    return f', or download {wanted.title} from {wanted.page}, then run {command}'


def _told(name: str, wanted: ImageSet) -> str:
    return (
        f'{wanted.title}: {wanted.classes:,} classes, {wanted.train:,} training and {wanted.test:,} test images\n'
        f'From: {wanted.page}\nLicence: {wanted.licence}\nSplit: {wanted.reading}\n'
        f'{TABLE} was written by tools/datasets/prepare.py {name}\n'
    )
