"""Image files in class folders, and what ImageFolder makes of them."""

from pathlib import Path

import cv2
import numpy as np

from cft.datasets import ImageFolder


def write(folder: Path, *names: str) -> None:
    """A PNG file of its own pixels for every name."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        seed = sum(map(ord, str(path)))
        assert cv2.imwrite(str(path), np.random.default_rng(seed).integers(0, 256, (4, 5, 3), dtype=np.uint8))


def fill(folder: Path, **sizes: int) -> Path:
    """A class folder per keyword, with that many images."""
    for name, size in sizes.items():
        write(folder / name, *(f'{name}_{i:02}.png' for i in range(size)))
    return folder


def contents(root: Path, split: str, **options: object) -> list[tuple[str, int]]:
    """Relative path and label of every sample."""
    dataset = ImageFolder(str(root), split=split, serialize_data=False, **options)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    return [(str(Path(info['img_path']).relative_to(root)), info['gt_label']) for info in infos]
