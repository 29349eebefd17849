"""Image files given to mmpretrain's inference by their path, which it reads before any pipeline."""

from pathlib import Path
from types import ModuleType

import numpy as np

# They know no setting of a config's pipeline.
READING_MODULES = ('mmpretrain.apis.image_classification', 'mmpretrain.apis.feature_extractor')


def read_shown(image: str | Path | np.ndarray, *args: object, **kwargs: object) -> np.ndarray:
    """``mmcv.imread`` that shows a model the pixels that training showed it.

    Args:
        image: A file, or an array, which stays as it is.
        args: Those of ``mmcv.imread``, which are not used here.
        kwargs: Likewise.

    Raises:
        DataError: If the file cannot be read, or has more than 8 bits.
    """
    if isinstance(image, np.ndarray):
        return image
    from cft.datasets.image_errors import read_image
    from cft.errors import DataError

    pixels = read_image(str(image))
    if pixels.dtype != np.uint8:
        raise DataError(
            f'{image} has more than 8 bits a pixel, is signed or float; mmpretrain reads it without the value_range '
            'of the training: use cft.apis.predict, or give the pixels as an array'
        )
    return pixels


def serve_reading(module: ModuleType) -> None:
    """Let one of :data:`READING_MODULES` read as training does."""
    vars(module)['imread'] = read_shown
