"""Small data sets in the genuine files and folders of CIFAR, STL-10, Tiny ImageNet and ImageNet."""

import pickle
import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmpretrain.datasets import CIFAR10, CIFAR100

from cft.datasets.imagenet_subset import read_class_list


def random_pixels(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def write_jpeg(path: Path, height: int = 64, width: int = 64, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), random_pixels(height, width, 3, seed=seed))
    return path


def write_stl10(root: Path, train: int = 30, unlabeled: int = 6, test: int = 20) -> Path:
    """``stl10_binary``: images as rows of 3 x 96 x 96 bytes, labels as bytes from 1 to 10."""
    folder = root / 'stl10_binary'
    folder.mkdir(parents=True)
    for seed, (name, number) in enumerate({'train': train, 'unlabeled': unlabeled, 'test': test}.items()):
        random_pixels(number, 3, 96, 96, seed=seed).tofile(folder / f'{name}_X.bin')
        if name != 'unlabeled':
            (np.arange(number) % 10 + 1).astype(np.uint8).tofile(folder / f'{name}_y.bin')
    names = ['airplane', 'bird', 'car', 'cat', 'deer', 'dog', 'horse', 'monkey', 'ship', 'truck']
    (folder / 'class_names.txt').write_text('\n'.join(names) + '\n')
    return root


def write_tiny_imagenet(root: Path, classes: Sequence[str] = ('n01443537', 'n01629819'), per_class: int = 2) -> Path:
    """Training images in class folders, validation images in one, named by a table."""
    for label, name in enumerate(classes):
        for number in range(per_class):
            write_jpeg(root / 'train' / name / 'images' / f'{name}_{number}.JPEG', seed=label)
        (root / 'train' / name / f'{name}_boxes.txt').write_text(f'{name}_0.JPEG\t0\t0\t62\t62\n')
    table = ''
    # The last class comes first, as validation images have no order.
    for number, name in enumerate([*reversed(classes)] * per_class):
        write_jpeg(root / 'val' / 'images' / f'val_{number}.JPEG', seed=number)
        table += f'val_{number}.JPEG\t{name}\t0\t32\t44\t62\n'
    (root / 'val' / 'val_annotations.txt').write_text(table)
    return root


def write_imagenet(root: Path) -> Path:
    """The 1,000 class folders, with images of unequal sides in those of ImageNet-100."""
    classes = read_class_list('imagenet100')
    for split in ('train', 'val'):
        image = write_jpeg(root / f'{split}.JPEG', height=70, width=90)
        for name in [*classes, *(f'n990{number:05}' for number in range(1000 - len(classes)))]:
            (root / split / name).mkdir(parents=True)
        for name in classes:
            shutil.copy(image, root / split / name / f'{name}_1.JPEG')
    return root


def write_cifar(root: Path, monkeypatch: pytest.MonkeyPatch, images: int = 6) -> Path:
    """The pickled batches of CIFAR-10 and CIFAR-100, whose checksums mmpretrain then does not ask for."""
    for dataset in (CIFAR10, CIFAR100):
        folder = root / dataset.base_folder
        folder.mkdir(parents=True)
        labels = 'labels' if dataset is CIFAR10 else 'fine_labels'
        for seed, (name, _) in enumerate(dataset.train_list + dataset.test_list):
            classes = [number % (10 if dataset is CIFAR10 else 100) for number in range(images)]
            batch = {'data': random_pixels(images, 3 * 32 * 32, seed=seed), labels: classes}
            (folder / name).write_bytes(pickle.dumps(batch))
        for files in ('train_list', 'test_list'):
            monkeypatch.setattr(dataset, files, [[name, None] for name, _ in getattr(dataset, files)])
    return root
