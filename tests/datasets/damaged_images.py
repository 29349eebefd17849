"""Image files that cannot be read, as they occur."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np


def pixels() -> np.ndarray:
    small = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return cv2.resize(small, (90, 70))


def cut(path: Path, part: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


# Suffix, what is done to a whole image, and what the error says.
DAMAGES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    'missing': ('.jpg', Path.unlink, 'does not exist'),
    'empty': ('.jpg', lambda path: path.write_bytes(b''), 'is empty'),
    'text': ('.jpg', lambda path: path.write_text('<html>404</html>'), 'is no readable image'),
    'half a JPEG': ('.jpg', lambda path: cut(path, 0.5), 'is cut off'),
    'JPEG without its end': ('.jpg', lambda path: cut(path, 0.99), 'is cut off'),
    'head of a JPEG': ('.jpg', lambda path: path.write_bytes(path.read_bytes()[:20]), 'is no readable image'),
    'half a PNG': ('.png', lambda path: cut(path, 0.5), 'is no readable image'),
    'half a BMP': ('.bmp', lambda path: cut(path, 0.5), 'is no readable image'),
    'folder': ('.jpg', make_folder, 'cannot be read'),
}


def damaged_image(folder: Path, damage: str, name: str = 'image') -> tuple[Path, str]:
    """Path of the image, and what its error says."""
    suffix, change, message = DAMAGES[damage]
    path = folder / f'{name}{suffix}'
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels())
    change(path)
    return path, message
