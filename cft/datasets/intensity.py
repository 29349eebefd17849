"""From pixels of any depth to the 8 bits of a screen."""

import math
from collections.abc import Sequence

import numpy as np

from cft.errors import ConfigError, DataError

Range = tuple[float, float]


def check_value_range(value_range: object) -> Range | None:
    """The two numbers of a ``value_range``, or None.

    Raises:
        ConfigError: If it is anything else.

    Example:
        >>> check_value_range([0, 4095])
        (0.0, 4095.0)
    """
    if value_range is None:
        return None
    if value_range == 'dataset':
        raise ConfigError(
            "value_range='dataset' is measured when the config is given to the tools of cft; give the two numbers here"
        )
    pair = tuple(value_range) if isinstance(value_range, Sequence) and not isinstance(value_range, str) else ()
    numbers = [float(value) for value in pair if isinstance(value, int | float) and math.isfinite(value)]
    if len(pair) != 2 or len(numbers) != 2 or not numbers[0] < numbers[1]:
        raise ConfigError(
            f"value_range must be two numbers, that of black and a larger one of white, such as 0,4095, or 'dataset'; "
            f'got {value_range!r}'
        )
    return numbers[0], numbers[1]


def rescale_intensity(image: np.ndarray, value_range: Range) -> np.ndarray:
    """Map values linearly to 0 to 255, as the window of a viewer does.

    Args:
        image: Of any numeric type; 8-bit unsigned pixels stay as they are.
        value_range: The values that become 0 and 255; what lies outside is as dark or as bright.

    Returns:
        uint8 of the same shape, rounded.

    Example:
        >>> rescale_intensity(np.array([-5, 0, 2048, 4095], np.int16), (0, 4095)).tolist()
        [0, 0, 128, 255]
    """
    if image.dtype == np.uint8:
        return image
    low, high = value_range
    # float32 tells all values of 16 bits apart.
    values: np.ndarray = image.astype(np.float32 if image.dtype.itemsize <= 2 else np.float64)
    scaled = (values - low) * (255 / (high - low))
    return np.rint(scaled, out=scaled).clip(0, 255).astype(np.uint8)


def needs_range(image: np.ndarray, name: str) -> DataError:
    """The error for an image that cannot be shown without a ``value_range``."""
    bits = 8 * image.dtype.itemsize
    kind = {'u': 'unsigned', 'i': 'signed', 'f': 'float'}[image.dtype.kind]
    return DataError(
        f'{name} has {kind} pixels of {bits} bits, here {image.min()} to {image.max()}: say which values are black and '
        'white, such as --cfg-options value_range=0,4095; value_range=dataset takes the smallest and largest of the '
        'training images'
    )
