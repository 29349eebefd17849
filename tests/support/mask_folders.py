"""Small images with masks, in whatever layout a test asks for."""

from pathlib import Path

import numpy as np
from PIL import Image

PALETTE = np.array([[0, 0, 0], [220, 50, 47], [38, 139, 210], [133, 153, 0]], np.uint8)


def labels_of(seed: int, classes: int = 3, size: tuple[int, int] = (6, 8)) -> np.ndarray:
    """(H, W) labels of which each occurs."""
    labels = np.random.default_rng(seed).integers(0, classes, size, dtype=np.uint8)
    labels.ravel()[:classes] = np.arange(classes)
    return labels


def write_image(path: Path, seed: int, size: tuple[int, int] = (6, 8)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng([7, seed]).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def write_mask(path: Path, labels: np.ndarray, palette: np.ndarray | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(labels)
    if palette is not None:
        picture = picture.convert('P')
        picture.putpalette(palette.ravel().tolist())
    picture.save(path)
    return path


def write_pairs(root: Path, *names: tuple[str, str], classes: int = 3) -> Path:
    """Images and masks under the names of each pair, below the folder."""
    for seed, (image, mask) in enumerate(names):
        write_image(root / image, seed)
        write_mask(root / mask, labels_of(seed, classes))
    return root


def usual(root: Path, number: int = 10, classes: int = 3) -> Path:
    """``images/00.png`` and ``masks/00.png`` and so on."""
    return write_pairs(root, *((f'images/{i:02}.png', f'masks/{i:02}.png') for i in range(number)), classes=classes)
