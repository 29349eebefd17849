"""A small folder of images."""

from pathlib import Path

import cv2
import numpy as np


def fill(root: Path, per_class: int = 10) -> Path:
    """Two classes ``a`` and ``b`` of images with their own pixels."""
    for number, name in enumerate('ab'):
        (root / name).mkdir(parents=True)
        for index in range(per_class):
            pixels = np.random.default_rng([number, index]).integers(0, 256, (4, 4, 3), dtype=np.uint8)
            assert cv2.imwrite(str(root / name / f'{index + 1 if name == "b" else index}.png'), pixels)
    return root
