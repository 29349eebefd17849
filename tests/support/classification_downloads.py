"""Miniature downloads of the classification data sets in their genuine layout, and data sets prepared from them."""

import dataclasses
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from scipy.io import savemat

from cft.datasets.preparation.classification.image_sets import IMAGE_SETS
from cft.datasets.preparation.classification.prepare import prepare_image_set
from tests.support.miniature import write_files, write_tar, write_zip

CLASSES, TRAIN, TEST = 2, 8, 4
# Where the split is drawn: 30 or 60 of each class are trained on.
DRAWN = {'caltech101': (60, 4), 'caltech256': (120, 4)}
# What is expected of the miniatures: counts of their own, and no sums.
MINI_SETS = {
    name: dataclasses.replace(
        published,
        classes=CLASSES,
        train=DRAWN.get(name, (TRAIN, TEST))[0],
        test=DRAWN.get(name, (TRAIN, TEST))[1],
        parts=tuple(dataclasses.replace(part, md5='') for part in published.parts),
    )
    for name, published in IMAGE_SETS.items()
}
Files = dict[str, bytes]


def picture(shade: int) -> bytes:
    """A JPEG; even shades are of the first class, shades from ``TRAIN`` on of the test."""
    noise = np.random.default_rng(shade).integers(0, 60, (24, 32, 3))
    stream = io.BytesIO()
    Image.fromarray((noise + shade % 2 * 150).astype(np.uint8)).save(stream, 'JPEG')
    return stream.getvalue()


def mat(**variables: object) -> bytes:
    stream = io.BytesIO()
    savemat(stream, variables)
    return stream.getvalue()


def text(rows: list[str]) -> bytes:
    return ''.join(f'{row}\n' for row in rows).encode()


def split_of(index: int) -> str:
    return 'train' if index < TRAIN else 'test'


IMAGES = range(TRAIN + TEST)


def imagenet20(folder: Path) -> None:
    for number, (name, wnid) in enumerate({'imagenette2': 'n01440764', 'imagewoof2': 'n02086240'}.items()):
        files = {f'{name}/noisy_{name}.csv': b'path,noisy_labels_0\n'}
        for index in range(TRAIN // 2):
            files[f'{name}/train/{wnid}/{wnid}_{index}.JPEG'] = picture(2 * index + number)
        for index in range(TEST // 2):
            files[f'{name}/val/{wnid}/{wnid}_{index + 900}.JPEG'] = picture(2 * index + 100 + number)
        write_tar(folder / f'{name}.tgz', files, 'w:gz')


def caltech(folder: Path, archive: str, classes: tuple[str, str], number: int, notes: Files) -> None:
    top = archive.split('.')[0]
    files = {f'{top}/{name}': content for name, content in notes.items()}
    for label, name in enumerate(classes):
        for index in range(1, number + 1):
            files[f'{top}/{name}/image_{index:04d}.jpg'] = picture(2 * index + label)
    write_tar(folder / archive, files, 'w:gz' if archive.endswith('.gz') else 'w')


def caltech101(folder: Path) -> None:
    """The background holds a file ``tmp``, as the genuine one."""
    caltech(folder, '101_ObjectCategories.tar.gz', ('BACKGROUND_Google', 'ant'), 32, {'BACKGROUND_Google/tmp': b'x'})


def caltech256(folder: Path) -> None:
    """The spiders hold a file ``RENAME2`` and the dogs a folder, as the genuine ones."""
    notes = {'198.spider/RENAME2': b'x', '198.spider/greg/1.jpg': picture(0)}
    caltech(folder, '256_ObjectCategories.tar', ('198.spider', '257.clutter'), 62, notes)


def dtd(folder: Path) -> None:
    names = {index: f'{"banded" if index % 2 == 0 else "zigzagged"}' for index in IMAGES}
    names = {index: f'{name}/{name}_{index:04d}.jpg' for index, name in names.items()}
    files = {f'dtd/images/{name}': picture(index) for index, name in names.items()}
    files['dtd/images/banded/.directory'] = b'x'
    for split, indices in {'train': range(4), 'val': range(4, 8), 'test': range(8, 12)}.items():
        files[f'dtd/labels/{split}1.txt'] = text([names[index] for index in indices])
        files[f'dtd/labels/{split}2.txt'] = text([names[index] for index in (0, 9)])
    files['dtd/imdb/imdb.mat'] = mat(images=1)
    write_tar(folder / 'dtd-r1.0.1.tar.gz', files, 'w:gz')


def aircraft(folder: Path) -> None:
    top, variants = 'fgvc-aircraft-2013b/data', ('707-320', 'Cessna 172')
    files = {f'{top}/images/{1000000 + index}.jpg': picture(index) for index in IMAGES}
    files[f'{top}/variants.txt'] = text([*variants])
    for file, indices in {'trainval': range(TRAIN), 'test': range(TRAIN, 12), 'train': range(4)}.items():
        rows = [f'{1000000 + index} {variants[index % 2]}' for index in indices]
        files[f'{top}/images_variant_{file}.txt'] = text(rows)
    write_tar(folder / 'fgvc-aircraft-2013b.tar.gz', files, 'w:gz')


def cars(folder: Path) -> None:
    names = ('AM General Hummer SUV 2000', 'Ram C/V Cargo Van Minivan 2012')
    for split, number, first in (('train', TRAIN, 0), ('test', TEST, 100)):
        images = {f'cars_{split}/{index + 1:05d}.jpg': picture(first + index) for index in range(number)}
        write_tar(folder / f'cars_{split}.tgz', images, 'w:gz')
    box = [(f'bbox_{corner}', 'O') for corner in ('x1', 'y1', 'x2', 'y2')]

    def annotations(number: int, labelled: bool) -> np.ndarray:
        kind = [*box, *([('class', 'O')] if labelled else []), ('fname', 'O')]
        rows = [(1, 1, 9, 9, *([index % 2 + 1] if labelled else []), f'{index + 1:05d}.jpg') for index in range(number)]
        return np.array(rows, dtype=kind)[None]

    class_names = np.array([names], dtype=object)
    devkit = {
        'devkit/cars_meta.mat': mat(class_names=class_names),
        'devkit/cars_train_annos.mat': mat(annotations=annotations(TRAIN, True)),
        'devkit/cars_test_annos.mat': mat(annotations=annotations(TEST, False)),
    }
    write_tar(folder / 'car_devkit.tgz', devkit, 'w:gz')
    write_files(folder, {'cars_test_annos_withlabels.mat': mat(annotations=annotations(TEST, True))})


def pets(folder: Path) -> None:
    breeds = ('Abyssinian', 'american_bulldog')
    names = {index: f'{breeds[index % 2]}_{index + 1}' for index in IMAGES}
    images = {f'images/{name}.jpg': picture(index) for index, name in names.items()}
    images['images/Abyssinian_100.mat'] = b'x'
    write_tar(folder / 'images.tar.gz', images, 'w:gz')
    files = {'annotations/list.txt': b'#Image CLASS-ID SPECIES BREED ID\n'}
    for file, indices in {'trainval': range(TRAIN), 'test': range(TRAIN, 12)}.items():
        rows = [f'{names[index]} {index % 2 + 1} {2 - index % 2} 1' for index in indices]
        files[f'annotations/{file}.txt'] = text(rows)
    write_tar(folder / 'annotations.tar.gz', files, 'w:gz')


def flowers(folder: Path) -> None:
    splits = {'train': range(TRAIN), 'valid': range(TRAIN, 12), 'test': range(12, 14)}
    files = {
        f'{split}/{(102, 9)[index % 2]}/image_{index:05d}.jpg': picture(index)
        for split, indices in splits.items()
        for index in indices
    }
    write_tar(folder / 'flower_data.tar.gz', files, 'w:gz')


def flowers102(folder: Path) -> None:
    files = {f'jpg/image_{index + 1:05d}.jpg': picture(index) for index in IMAGES}
    write_tar(folder / '102flowers.tgz', files, 'w:gz')
    ids = {'trnid': [1, 2, 3, 4], 'valid': [5, 6, 7, 8], 'tstid': [9, 10, 11, 12]}
    labels = np.array([[index % 2 * 76 + 1 for index in IMAGES]], dtype=np.uint8)
    variables = {key: np.array([numbers], dtype=np.uint16) for key, numbers in ids.items()}
    write_files(folder, {'imagelabels.mat': mat(labels=labels), 'setid.mat': mat(**variables)})


def inaturalist_list(top: str, indices: range) -> bytes:
    """In the order of the images' numbers, but annotations in another, as nothing promises an order."""
    kinds = [{'id': 0, 'name': 'Turdus merula'}, {'id': 1, 'name': 'Abies alba'}]
    content = {
        'info': {},
        'licenses': [],
        'categories': [{**kind, 'supercategory': 'Aves'} for kind in kinds],
        'images': [{'id': index, 'file_name': f'{top}/Aves/{index % 2}/{index}.jpg'} for index in indices],
        'annotations': [
            {'id': index, 'image_id': index, 'category_id': index % 2} for index in sorted(indices, reverse=True)
        ],
    }
    return json.dumps(content).encode()


def inat18(folder: Path) -> None:
    top = 'train_val2018'
    images = {f'{top}/Aves/{index % 2}/{index}.jpg': picture(index) for index in IMAGES}
    write_tar(folder / 'train_val2018.tar.gz', images, 'w:gz')
    for name, indices in {'train': range(TRAIN), 'val': range(TRAIN, 12)}.items():
        write_tar(folder / f'{name}2018.json.tar.gz', {f'{name}2018.json': inaturalist_list(top, indices)}, 'w:gz')


def inat17(folder: Path) -> None:
    top = 'train_val_images'
    images = {f'{top}/Aves/{index % 2}/{index}.jpg': picture(index) for index in IMAGES}
    write_tar(folder / 'train_val_images.tar.gz', images, 'w:gz')
    lists = {'train': range(TRAIN), 'val': range(TRAIN, 12)}
    write_zip(
        folder / 'train_val2017.zip',
        {f'{name}2017.json': inaturalist_list(top, indices) for name, indices in lists.items()},
    )


def cub(folder: Path) -> None:
    top, classes = 'CUB_200_2011', ('001.Black_footed_Albatross', '200.Common_Yellowthroat')
    names = {index: f'{classes[index % 2]}/{classes[index % 2][4:]}_{index:04d}_1.jpg' for index in IMAGES}
    files = {f'{top}/images/{name}': picture(index) for index, name in names.items()}
    lists = {
        'classes': [f'{number} {name}' for number, name in enumerate(classes, 1)],
        'images': [f'{index + 1} {name}' for index, name in names.items()],
        'image_class_labels': [f'{index + 1} {index % 2 + 1}' for index in IMAGES],
        'train_test_split': [f'{index + 1} {int(split_of(index) == "train")}' for index in IMAGES],
    }
    files |= {f'{top}/{name}.txt': text(rows) for name, rows in lists.items()}
    files['attributes.txt'] = b'1 has_bill_shape::curved_(up_or_down)\n'
    write_tar(folder / 'CUB_200_2011.tgz', files, 'w:gz')


def places365(folder: Path) -> None:
    top, scenes = 'places365_standard', ('airfield', 'zen_garden')
    files = {
        f'{top}/{"train" if index < TRAIN else "val"}/{scenes[index % 2]}/{index:08d}.jpg': picture(index)
        for index in IMAGES
    }
    files |= {f'{top}/{split}.txt': text([f'{split}/airfield/1.jpg']) for split in ('train', 'val')}
    write_tar(folder / 'places365standard_easyformat.tar', files)


def food101(folder: Path) -> None:
    dishes = ('apple_pie', 'waffles')
    names = {index: f'{dishes[index % 2]}/{1005649 + index}' for index in IMAGES}
    files = {f'food-101/images/{name}.jpg': picture(index) for index, name in names.items()}
    for split in ('train', 'test'):
        rows = [name for index, name in names.items() if split_of(index) == split]
        files[f'food-101/meta/{split}.txt'] = text(rows)
    write_tar(folder / 'food-101.tar.gz', files, 'w:gz')


def sun397(folder: Path) -> None:
    scenes = ('/a/abbey', '/c/church/outdoor')
    names = {index: f'{scenes[index % 2]}/sun_a{index}.jpg' for index in IMAGES}
    files = {f'SUN397{name}': picture(index) for index, name in names.items()}
    files['SUN397/README.txt'] = b'SUN'
    write_tar(folder / 'SUN397.tar.gz', files, 'w:gz')
    lists = {'ClassName.txt': text([*scenes])}
    for file, split in {'Training': 'train', 'Testing': 'test'}.items():
        rows = [name for index, name in names.items() if split_of(index) == split]
        lists |= {f'{file}_01.txt': text(rows), f'{file}_02.txt': text(rows[:1])}
    write_zip(folder / 'Partitions.zip', lists)


WRITERS: Mapping[str, Callable[[Path], None]] = {
    writer.__name__: writer
    for writer in (
        *(imagenet20, caltech101, dtd, aircraft, cars, pets, flowers, flowers102, inat18, inat17),
        *(caltech256, cub, places365, food101, sun397),
    )
}


def write_downloads(name: str, folder: Path) -> Path:
    """What a user has after the downloads of a data set, and nothing else."""
    WRITERS[name](folder)
    return folder


def write_miniature(name: str, folder: Path) -> Path:
    """``folder/NAME`` as ``tools/datasets/prepare.py NAME --to folder`` leaves it: two classes, labels.csv beside."""
    downloads = write_downloads(name, folder / f'{name}_downloads')
    prepare_image_set(name, downloads, folder / name, Console(quiet=True), MINI_SETS)
    return folder / name
