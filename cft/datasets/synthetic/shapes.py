"""Pictures of shapes for segmentation and detection, in the layouts of VOC and COCO."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .arguments import require_integers
from .coco_annotations import CocoAnnotations
from .folder import complete_folder
from .preview import save_shapes_preview
from .scene import MAX_OBJECTS, SHAPES, draw_scene
from .voc_files import write_voc_files

# To be raised when the same arguments would draw other pictures.
VERSION = 1
SPLITS = ('train', 'val', 'test')
FOLDERS: tuple[str, ...] = (
    'JPEGImages',
    'Annotations',
    'SegmentationClass',
    'SegmentationObject',
    'ImageSets/Segmentation',
)
FOLDERS += ('ImageSets/Main', 'annotations')
# Training images number 7, 39, 71, ... hold no object: about 3 %, and some in every training set of 8 or more.
EMPTY_PERIOD, EMPTY_PHASE = 32, 7


def draw_shapes(
    root: str | Path,
    num_train: int = 300,
    num_val: int = 60,
    num_test: int = 60,
    size: int = 128,
    seed: int = 0,
    on_image: Callable[[], None] = lambda: None,
) -> None:
    """Draw circles, squares, triangles and stars with boxes and masks.

    One to three objects an image over a textured background, at least 60 % of
    each visible; about 3 % of the training images hold none. An image depends
    on ``seed``, ``size``, its split and its number alone.

    The folder has VOC's layout: ``JPEGImages/train_000000.jpg``,
    ``Annotations/*.xml`` (boxes 1-based and inclusive), ``SegmentationClass``
    and ``SegmentationObject`` (palette PNG; 0 background, 255 the border of one
    pixel around objects), ``ImageSets/Segmentation`` and ``ImageSets/Main``.
    ``annotations/instances_{train,val,test}.json`` says the same in COCO's
    format, masks run-length encoded. ``preview.png`` shows some images.

    Args:
        root: Folder to make; must not exist or be empty.
        num_train: Number of training images.
        num_val: Number of validation images.
        num_test: Number of test images.
        size: Side of the images in pixels, at least 64; objects are 7/32 to 1/2 of it.
        seed: Which pictures are drawn.
        on_image: Called after each image.

    Raises:
        FolderOccupied: If ``root`` is not empty.
        ConfigError: If a number is out of range, or ``root`` cannot be written.

    Example:
        >>> draw_shapes('data/shapes')  # doctest: +SKIP
    """
    numbers = {'num_train': num_train, 'num_val': num_val, 'num_test': num_test}
    require_integers(1, **numbers)
    require_integers(64, size=size)
    require_integers(0, seed=seed)
    arguments = numbers | {'size': size, 'seed': seed}
    record = {'type': 'shapes', 'version': VERSION, 'arguments': arguments, 'classes': SHAPES}
    with complete_folder(root, record) as folder:
        for name in FOLDERS:
            (folder / name).mkdir(parents=True)
        for split in SPLITS:
            _draw_split(folder, split, numbers[f'num_{split}'], size, seed, on_image)
        save_shapes_preview(folder)


def _draw_split(folder: Path, split: str, number: int, size: int, seed: int, on_image: Callable[[], None]) -> None:
    coco = CocoAnnotations()
    names = [f'{split}_{index:06}' for index in range(number)]
    for index, name in enumerate(names):
        rng = np.random.default_rng([seed, SPLITS.index(split), index])
        empty = split == 'train' and index % EMPTY_PERIOD == EMPTY_PHASE
        scene = draw_scene(rng, size, num_objects=0 if empty else int(rng.integers(1, MAX_OBJECTS + 1)))
        write_voc_files(folder, name, scene)
        coco.add(name, scene)
        on_image()
    for task in ('Segmentation', 'Main'):
        (folder / 'ImageSets' / task / f'{split}.txt').write_text('\n'.join(names) + '\n')
    (folder / 'annotations' / f'instances_{split}.json').write_text(json.dumps(coco.content()))
