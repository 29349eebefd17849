"""A validation split of images that come without one."""

import os
from pathlib import Path

from cft.datasets.group_splits import held_out_groups
from cft.errors import ConfigError


def held_out_images(paths: list[str], fraction: float, seed: int) -> set[str]:
    """The images that are held out for validation: whole sub-folders where there are several.

    Args:
        paths: Of the training images.
        fraction: Part of them, in (0, 1).
        seed: Which ones.

    Raises:
        ConfigError: If there is only one image, or the fraction is out of range.

    Example:
        >>> sorted(held_out_images(['v1/a.jpg', 'v1/b.jpg', 'v2/c.jpg', 'v2/d.jpg'], fraction=0.3, seed=0))[0][:2]
        'v1'
    """
    folders = {str(Path(path).parent) for path in paths}
    groups = {path: str(Path(path).parent) if len(folders) > 1 else os.path.basename(path) for path in paths}
    try:
        chosen = held_out_groups([groups[path] for path in paths], fraction, seed)
    except ValueError as error:
        raise ConfigError(f'no validation split can be made of the images of {min(folders)}: {error}') from error
    return {path for path in paths if groups[path] in chosen}
