"""Parts of images that come without splits."""

import os
from collections.abc import Sequence
from pathlib import Path

from cft.datasets.held_out_parts import HoldOut, holding_out_groups


def holding_out_images(paths: Sequence[str]) -> HoldOut:
    """A choice of images: whole sub-folders where there are several.

    Args:
        paths: Of the training images.

    Raises:
        ConfigError: When it is used, if there is only one image, or the fraction is out of range.

    Example:
        >>> from cft.datasets.held_out_parts import Part
        >>> paths = ['v1/a.jpg', 'v1/b.jpg', 'v2/c.jpg', 'v2/d.jpg']
        >>> len(holding_out_images(paths)(range(4), Part('val', 0.3, seed=0)))
        2
    """
    folders = {str(Path(path).parent) for path in paths}
    groups = [str(Path(path).parent) if len(folders) > 1 else os.path.basename(path) for path in paths]
    return holding_out_groups(groups, min(folders, default='the training split'))
