"""YOLO's text files, as the data set for training reads them."""

from pathlib import Path

from cft.datasets.conversion.labelled import Export, LabelledImage
from cft.datasets.detection_layout import find_layout
from cft.errors import ConfigError


def read_yolo(source: Path, images: Path | None) -> Export:
    """Read boxes and outlines of all splits.

    Args:
        source: Folder of ``data.yaml``, or of ``images`` and ``labels``.
        images: Refused: the labels are found by the images.

    Raises:
        ConfigError: If the data set is damaged.

    Example:
        >>> read_yolo(Path('chess'), None).classes  # doctest: +SKIP
        ['king', 'queen']
    """
    if images is not None:
        raise ConfigError('YOLO tells where its images are; leave the folder of the images out')
    layout = find_layout(source, 'yolo')
    export = Export()
    for split, part in layout.parts.items():
        listing = part.read(layout.label_frame)
        export.classes = list(listing.categories.values())
        by_id = {
            entry['id']: LabelledImage(
                Path(entry['file_name']), _below(entry['file_name'], source), (entry['width'], entry['height']), split
            )
            for entry in listing.images
        }
        export.images += by_id.values()
        export.read['images'] += len(by_id)
        export.read['shapes'] += len(listing.annotations)
        for annotation in listing.annotations:
            image, label = by_id[annotation['image_id']], listing.categories[annotation['category_id']]
            if 'segmentation' in annotation:
                export.add_outlines(image, label, annotation['segmentation'])
            else:
                x, y, width, height = annotation['bbox']
                export.add_box(image, label, [x, y, x + width, y + height])
    return export


def _below(file: str, source: Path) -> str:
    path = Path(file)
    return str(path.relative_to(source)) if path.is_relative_to(source) else path.name
