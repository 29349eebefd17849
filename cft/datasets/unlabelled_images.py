"""Images for pre-training, wherever they lie below a folder."""

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mmengine.logging import print_log
from mmpretrain.datasets import BaseDataset

from cft.datasets.image_decoding import SUFFIXES
from cft.datasets.image_listing import list_images, told
from cft.errors import ConfigError
from cft.registry import DATASETS

SHOWN = 5


@DATASETS.register_module()
class UnlabelledImages(BaseDataset):
    """Every image below a folder, in any layout.

    Class folders, split folders and deeper ones are all read; their names mean
    nothing here. A log line says how many images came from which folder, so
    that test images or masks among them are seen, and a warning counts by
    suffix the files that are no images. Hidden files and folders are passed
    over; linked folders are followed once (:mod:`cft.datasets.image_listing`).

    Args:
        data_root: The folder.
        kwargs: Those of :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        ConfigError: If the folder is missing, holds no image or cannot be listed.

    Example:
        >>> UnlabelledImages('photos')  # doctest: +SKIP
    """

    def __init__(self, data_root: str, **kwargs: object) -> None:
        super().__init__(ann_file='', data_root=str(data_root), **kwargs)

    def load_data_list(self) -> list[dict]:
        root = Path(self.data_root)
        if not root.is_dir():
            raise ConfigError(f'no folder {root}; give the folder of your images with --cfg-options data_root=FOLDER')
        try:
            images, left_out = list_images(root)
        except OSError as error:
            raise ConfigError(f'{error.filename} cannot be listed: {error.strerror}; check its permissions') from error
        if not images:
            only = f' but {told(left_out)}' if left_out else ''
            raise ConfigError(f'{root} holds no image ({", ".join(SUFFIXES)}){only}; correct data_root')
        print_log(f'{root}: {origins(root, images)}', 'current')
        if left_out:
            print_log(f'{root}: left out what is no image: {told(left_out)}', 'current', logging.WARNING)
        return [{'img_path': str(image)} for image in images]


def origins(root: Path, images: Sequence[Path]) -> str:
    """How many images lie in which folder directly below ``root``, the largest first.

    Example:
        >>> origins(Path('x'), [Path('x/a/1.jpg'), Path('x/a/b/2.jpg'), Path('x/3.jpg')])
        '3 images without labels (2 in a, 1 in no folder)'
    """
    places = Counter(
        image.relative_to(root).parts[0] if image.parent != root else 'no folder' for image in images
    ).most_common()
    shown = [f'{number} in {place}' for place, number in places[:SHOWN]]
    if len(places) > SHOWN:
        shown.append(f'{sum(number for _, number in places[SHOWN:])} in {len(places) - SHOWN} more')
    return f'{len(images)} images without labels ({", ".join(shown)})'
