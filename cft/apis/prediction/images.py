"""The images that are predicted: what each is called, its pixels, and where its pictures go."""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.logging import print_log
from PIL import Image

from cft.datasets.image_listing import list_images, told
from cft.datasets.image_objects import pixels_of
from cft.datasets.transforms import LoadImage
from cft.engine.config_nodes import innermost_dataset
from cft.errors import ConfigError, DataError

Picture = str | Path | Image.Image | np.ndarray


def pictures_of(given: Sequence[Picture]) -> Iterator[tuple[str, str, Picture]]:
    """What each image is called in the results, its name below the folder that was given, and the image."""
    for index, picture in enumerate(given):
        if isinstance(picture, Image.Image | np.ndarray):
            yield f'images[{index}]', f'{index}', picture
            continue
        if not isinstance(picture, str | Path):
            raise DataError(
                f'images[{index}] is a {type(picture).__name__}; give a path, a Pillow image or a NumPy array (H, W, '
                '3) in the order R, G, B'
            )
        path = Path(picture)
        if path.is_dir():
            found, left_out = list_images(path)
            if left_out:
                print_log(f'{path}: left out what is no image: {told(left_out)}', 'current', logging.WARNING)
            yield from ((str(file), str(file.relative_to(path)), file) for file in found)
        elif path.is_file():
            yield str(path), path.name, path
        else:
            raise ConfigError(f'{path}: no such image or folder')


def output_places(out: Path, names: Sequence[Path]) -> list[Path]:
    """Where the pictures of each image go, none over another's.

    Args:
        out: The folder.
        names: Of the images, with the folders below the one that was given.

    Returns:
        Paths without a suffix: that of the image is left out where it is not
        needed to tell two apart.

    Raises:
        ConfigError: If two images have the same name.

    Example:
        >>> [str(place) for place in output_places(Path('out'), [Path('a/1.jpg'), Path('b/1.jpg'), Path('b/1.png')])]
        ['out/a/1', 'out/b/1', 'out/b/1.png']
    """
    taken: set[Path] = set()
    places = []
    for name in names:
        place = next((p for p in (name.with_suffix(''), name) if not {p, mask_place(p)} & taken), None)
        if place is None:
            raise ConfigError(
                f'two images are named {name}, and one would be written over the other; predict them apart'
            )
        taken |= {place, mask_place(place)}
        places.append(out / place)
    return places


def mask_place(place: Path) -> Path:
    """Of the picture of a mask, beside that of the prediction."""
    return place.with_name(f'{place.name}_mask')


def image_reader(cfg: Config) -> Callable[[Picture, str], np.ndarray]:
    """From an image and its name to its (H, W, 3) B, G, R pixels of 8 bits, as the test pipeline has them.

    Args:
        cfg: With the ``value_range`` of its test pipeline.
    """
    first = innermost_dataset(cfg.test_dataloader.dataset)['pipeline'][:1]
    settings = {key: value for load in first if load.get('type') == 'cft.LoadImage' for key, value in load.items()}
    settings.pop('type', None)
    load = LoadImage(**settings)

    def read(picture: Picture, name: str) -> np.ndarray:
        if isinstance(picture, str | Path):
            return load({'img_path': str(picture)})['img']
        return load.in_eight_bits(pixels_of(picture, name), name)

    return read
