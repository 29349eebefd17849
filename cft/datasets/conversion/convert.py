"""From an export to a folder for training: read, write, report."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as rle  # type: ignore[import-untyped]  # it has no types

from cft.datasets.conversion.cvat import read_cvat
from cft.datasets.conversion.labelled import Export, LabelledImage
from cft.datasets.conversion.labelme import read_labelme
from cft.datasets.conversion.yolo import read_yolo
from cft.datasets.image_folder import SPLIT_FOLDERS
from cft.datasets.preparation.completeness import some
from cft.errors import ConfigError
from cft.files import require_writable, write_atomically

READERS: dict[str, Callable[[Path, Path | None], Export]] = {
    'cvat': read_cvat,
    'labelme': read_labelme,
    'yolo': read_yolo,
}
BACKGROUND = 'background'


def convert_labels(
    kind: str,
    source: str | Path,
    out: str | Path,
    images: str | Path | None = None,
    copy: bool = False,
    masks: bool = False,
) -> str:
    """Make COCO JSON of an export; the folder is then the ``data_root`` of ``folder_det``.

    Args:
        kind: One of :data:`READERS`.
        source: File or folder of the export.
        out: New folder: ``instances_train.json``, and the same of other splits.
        images: Folder of the images, where the export does not have them.
        copy: Copy the images into ``out/images``; otherwise they stay where they are, and the JSON leads there.
        masks: Also write a mask of class numbers for each image (``out/masks``, 0 is the background, later objects
            over earlier ones) and ``classes.txt``, as ``folder_seg`` takes them; the images are copied.

    Returns:
        A report in lines: what was read, converted, changed and skipped, with reasons.

    Raises:
        ConfigError: If the export is damaged, nothing in it can be used, or ``out`` is not empty.

    Example:
        >>> print(convert_labels('labelme', 'street', 'street_coco'))  # doctest: +SKIP
        read: 512 shapes, 120 images
        converted: 120 images (3 without objects), 508 objects (508 with a mask) of 2 classes: car 300, person 208
        skipped: 4 points
        written: street_coco/instances_train.json
    """
    if kind not in READERS:
        raise ConfigError(f'labels of {kind!r} are not read; known are {", ".join(READERS)}')
    source, out = Path(source), Path(out)
    if not source.exists():
        raise ConfigError(f'no file or folder {source}; give the export')
    if out.is_dir() and any(out.iterdir()):
        raise ConfigError(f'{out} is not empty; name a new folder')
    export = READERS[kind](source, Path(images) if images else None)
    if not any(image.objects for image in export.images):
        raise ConfigError(
            f'{source} holds nothing that can be used: {_listed(export.skipped) or "no object"}{_missing(export)}'
        )
    require_writable(out)
    if masks or copy:
        _copy_images(export, out)
    if masks:
        _write_masks(export, out)
    files = _write_json(export, out, kind)
    return _report(export, files)


def _copy_images(export: Export, out: Path) -> None:
    several = len({image.split for image in export.images}) > 1
    taken: set[Path] = set()
    for image in export.images:
        # A mask is named by what stands before the suffix.
        parts = [part for part in Path(image.name).parts if part not in ('..', '/', 'images')]
        parts = parts[1:] if several and len(parts) > 1 and parts[0].lower() in SPLIT_FOLDERS[image.split] else parts
        target = out / 'images' / (image.split if several else '') / Path(*parts)
        if target.with_suffix('') in taken:
            raise ConfigError(f'two images would be copied to {target.with_suffix("")}; rename one, or do not copy')
        taken.add(target.with_suffix(''))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(image.file, target)
        image.file = target


def _write_masks(export: Export, out: Path) -> None:
    if len(export.classes) > 254:
        raise ConfigError(f'{len(export.classes)} classes do not fit a mask of 8 bits; leave the masks out')
    labels = {name: number for number, name in enumerate(export.classes, start=1)}
    for image in export.images:
        width, height = image.size
        mask = np.zeros((height, width), np.uint8)
        for entry in image.objects:
            x, y, w, h = entry['bbox']
            drawn = entry.get('segmentation')
            if not drawn:
                export.changed['boxes without an outline, filled in the masks'] += 1
                drawn = [[x, y, x + w, y, x + w, y + h, x, y + h]]
            packed = rle.frPyObjects(drawn, height, width)
            mask[rle.decode(rle.merge(packed) if isinstance(packed, list) else packed) > 0] = labels[entry['label']]
        target = (out / 'masks' / image.file.relative_to(out / 'images')).with_suffix('.png')
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(target)
    (out / 'classes.txt').write_text('\n'.join([BACKGROUND, *export.classes]) + '\n', encoding='utf-8')


def _write_json(export: Export, out: Path, kind: str) -> list[Path]:
    files = []
    for split in SPLIT_FOLDERS:
        images = [image for image in export.images if image.split == split]
        if images:
            files.append(out / f'instances_{split}.json')
            content = {'info': {'description': f'converted from {kind}'}, **_coco(images, export.classes, out)}
            write_atomically(files[-1], json.dumps(content).encode())
    return files


def _coco(images: list[LabelledImage], classes: list[str], out: Path) -> dict:
    ids = {name: number for number, name in enumerate(classes, start=1)}
    annotations: list[dict] = []
    for number, image in enumerate(images, start=1):
        for entry in image.objects:
            fields = {key: value for key, value in entry.items() if key != 'label'}
            _, _, width, height = entry['bbox']
            numbers = {'id': len(annotations) + 1, 'image_id': number, 'category_id': ids[entry['label']]}
            annotations.append({**numbers, 'iscrowd': 0, 'area': width * height, **fields})
    return {
        'images': [_image(image, number, out) for number, image in enumerate(images, start=1)],
        'annotations': annotations,
        'categories': [{'id': number, 'name': name} for name, number in ids.items()],
    }


def _image(image: LabelledImage, number: int, out: Path) -> dict:
    name = os.path.relpath(image.file.resolve(), out.resolve())
    return {'id': number, 'file_name': name, 'width': image.size[0], 'height': image.size[1]}


def _report(export: Export, files: list[Path]) -> str:
    counts = Counter(entry['label'] for image in export.images for entry in image.objects)
    with_mask = f'{sum("segmentation" in entry for image in export.images for entry in image.objects)} with a mask'
    images = f'{len(export.images)} images ({sum(not image.objects for image in export.images)} without objects)'
    found = ', '.join(f'{name} {counts[name]}' for name in export.classes)
    lines = [
        f'read: {_listed(export.read)}',
        f'converted: {images}, {counts.total()} objects ({with_mask}) of {len(export.classes)} classes: {found}',
        f'changed: {_listed(export.changed)}' if export.changed.total() else '',
        f'skipped: {_listed(export.skipped) or "nothing"}' + _missing(export),
        f'written: {", ".join(map(str, files))}',
    ]
    return '\n'.join(line for line in lines if line)


def _missing(export: Export) -> str:
    if not export.missing:
        return ''
    return f'; missing are {some(export.missing)}: if they lie elsewhere, give their folder with --images DIR'


def _listed(counts: Counter[str]) -> str:
    return ', '.join(f'{number} {what}' for what, number in counts.most_common() if number)
