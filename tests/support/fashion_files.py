"""Fashion-MNIST in miniature, in the genuine idx format."""

import gzip
import struct
from pathlib import Path

import numpy as np


def write_fashion_files(folder: Path) -> Path:
    """Forty training images and ten test images; pixel (0, 0) holds the label, (0, 1) the number in the file."""
    for name, count in (('train', 40), ('t10k', 10)):
        labels = np.arange(count, dtype=np.uint8) % 10
        images = np.zeros((count, 28, 28), np.uint8)
        images[:, 0, 0], images[:, 0, 1] = labels, np.arange(count)
        content = struct.pack('>IIII', 0x803, count, 28, 28) + images.tobytes()
        (folder / f'{name}-images-idx3-ubyte.gz').write_bytes(gzip.compress(content))
        # One of the two without compression, as after unpacking.
        (folder / f'{name}-labels-idx1-ubyte').write_bytes(struct.pack('>II', 0x801, count) + labels.tobytes())
    return folder
