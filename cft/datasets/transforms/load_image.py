"""Read an image file as it is meant, whatever its format and depth."""

import logging
from collections.abc import Sequence

import numpy as np
from mmengine.logging import print_log

from cft.datasets.image_errors import ImageReader
from cft.datasets.intensity import check_value_range, needs_range, rescale_intensity
from cft.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadImage(ImageReader):
    """Read an image as a viewer shows it: turned as EXIF says, its first frame, over white, as RGB.

    Of more than 8 bits, signed or float, its values are scaled from
    ``value_range`` to 0 to 255; those outside become black or white, as in the
    window of a viewer, and the first such image of each process is told in the
    log. 8-bit images stay as they are. An image that comes as an array, to be
    predicted, is scaled likewise.

    Adds ``img`` (H, W, 3; uint8; B, G, R), ``img_shape`` and ``ori_shape`` (H, W).

    Args:
        value_range: The values of black and of white; None: an image that
            needs them is an error.
        backend_args: Where the files are, as of ``mmengine.fileio.get``.

    Raises:
        ConfigError: If ``value_range`` is no pair of numbers, the smaller first.
        DataError: If the file of ``img_path`` cannot be read, or needs a range
            and there is none; the message names it.

    Example:
        >>> load = LoadImage(value_range=(0, 4095))
        >>> load(dict(img=np.full((2, 3, 3), 4095, np.uint16)))['img'].max()
        np.uint8(255)
    """

    def __init__(self, value_range: Sequence[float] | None = None, backend_args: dict | None = None) -> None:
        super().__init__(backend_args=backend_args)
        self.value_range = check_value_range(value_range)
        self._told = False

    def transform(self, results: dict) -> dict:
        if 'img_path' in results or 'img' not in results:
            results = super().transform(results)
        image = results['img']
        results['img'] = self.in_eight_bits(image, str(results.get('img_path', 'an image given as an array')))
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results

    def in_eight_bits(self, image: np.ndarray, name: str) -> np.ndarray:
        """Pixels of any depth, scaled from ``value_range``; those of 8 bits stay as they are.

        Args:
            image: (H, W, 3).
            name: Of the image, for messages.

        Raises:
            DataError: If they need a range and there is none.
        """
        if image.dtype == np.uint8:
            return image
        if self.value_range is None:
            raise needs_range(image, name)
        low, high = self.value_range
        if not self._told and (outside := float(np.mean((image < low) | (image > high)))):
            self._told = True
            print_log(
                f'{outside:.1%} of the values of {name} ({image.min()} to {image.max()}) lie outside of '
                f'value_range={low:g},{high:g} and are seen as black or white',
                'current',
                logging.WARNING,
            )
        return rescale_intensity(image, self.value_range)
