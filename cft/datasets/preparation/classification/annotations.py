"""Data sets whose labels stand in MATLAB or JSON files: Cars, Flowers-102, iNaturalist."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from cft.datasets.preparation.classification.label_list import LabelledImage
from cft.errors import ConfigError

BRING = 'bring it there with prepare.py NAME --from DOWNLOADS'
AGAIN = 'download it again'


def read_cars(root: Path) -> list[LabelledImage]:
    """Structs with ``fname`` and ``class``, which counts the names of ``cars_meta.mat`` from 1."""
    names = np.atleast_1d(read_variable(root / 'devkit/cars_meta.mat', 'class_names'))
    annotations = {
        'train': ('cars_train', root / 'devkit/cars_train_annos.mat'),
        'test': ('cars_test', root / 'cars_test_annos_withlabels.mat'),
    }
    rows = []
    for split, (folder, path) in annotations.items():
        table = np.atleast_1d(read_variable(path, 'annotations'))
        if not {'fname', 'class'} <= set(table.dtype.names or ()):
            raise ConfigError(f'{path} has no file names and classes (the devkit has none for the test); {AGAIN}')
        for fname, number in zip(table['fname'], table['class'], strict=True):
            if not 1 <= int(number) <= len(names):
                raise ConfigError(f'{path} has the class {number} of 1 to {len(names)}; {AGAIN}')
            rows.append(LabelledImage(f'{folder}/{fname}', str(names[int(number) - 1]), split))
    return rows


def read_flowers102(root: Path) -> list[LabelledImage]:
    """Numbers of images for each split; classes have numbers alone, named so that text sorts them likewise."""
    labels = np.atleast_1d(read_variable(root / 'imagelabels.mat', 'labels'))
    path, rows = root / 'setid.mat', []
    for key, split in {'trnid': 'train', 'valid': 'train', 'tstid': 'test'}.items():
        for number in np.atleast_1d(read_variable(path, key)):
            if not 1 <= int(number) <= len(labels):
                raise ConfigError(f'{path} has the image {number} of 1 to {len(labels)}; {AGAIN}')
            label = f'{int(labels[int(number) - 1]):03d}'
            rows.append(LabelledImage(f'jpg/image_{int(number):05d}.jpg', label, split))
    return rows


def read_inat18(root: Path) -> list[LabelledImage]:
    """The lists of the competition of 2018."""
    return _inaturalist(root, '2018')


def read_inat17(root: Path) -> list[LabelledImage]:
    """The lists of the competition of 2017."""
    return _inaturalist(root, '2017')


def _inaturalist(root: Path, year: str) -> list[LabelledImage]:
    """COCO's lists of images, categories and annotations; a class is called by the number and name of its category."""
    rows = []
    for split, name in {'train': 'train', 'test': 'val'}.items():
        path = root / f'{name}{year}.json'
        try:
            content = json.loads(_bytes(path))
            files = {image['id']: str(image['file_name']) for image in content['images']}
            classes = {kind['id']: f'{int(kind["id"]):04d} {kind["name"]}' for kind in content['categories']}
            labels = {note['image_id']: classes[note['category_id']] for note in content['annotations']}
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f'{path} is no complete list ({type(error).__name__}: {error}); {AGAIN}') from error
        if not len(content['annotations']) == len(labels) == len(files) or files.keys() != labels.keys():
            raise ConfigError(f'{path} has not one label for each image; {AGAIN}')
        rows += [LabelledImage(file, labels[key], split) for key, file in files.items()]
    return rows


def read_variable(path: Path, name: str) -> Any:
    """A variable of a MATLAB file. SciPy's reader runs no code of the file.

    Raises:
        ConfigError: If there is no such file, it is damaged or lacks the variable.
    """
    # Here, as every run would wait for SciPy.
    from scipy.io import loadmat

    content = _bytes(path)
    try:
        return loadmat(io.BytesIO(content), squeeze_me=True)[name]
    except Exception as error:
        # A damaged file can raise almost anything from within the decoder.
        raise ConfigError(f'{path} is no complete MATLAB file with {name} ({type(error).__name__}); {AGAIN}') from error


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise ConfigError(f'no file {path}; {BRING}')
    return path.read_bytes()
