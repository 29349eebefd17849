"""Anybody's class-per-folder images, with a validation split when there is none."""

import logging
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mmengine.logging import print_log
from mmpretrain.datasets import BaseDataset

from cft.datasets.held_out_parts import Division, HoldOut, Source, holding_out_classes, part_of_training, source_of
from cft.datasets.image_decoding import SUFFIXES
from cft.datasets.image_listing import list_images, outside_of_folders, told
from cft.datasets.table_file import is_table
from cft.errors import ConfigError
from cft.registry import DATASETS

SPLIT_FOLDERS = {'train': ('train', 'training'), 'val': ('val', 'valid', 'validation'), 'test': ('test', 'testing')}


def find_split_folder(root: Path, split: str) -> Path | None:
    """Folder of ``root`` that holds the split under one of its usual names, in small or capital letters."""
    folders = {entry.name.lower(): entry for entry in root.iterdir() if entry.is_dir()} if root.is_dir() else {}
    return next((folders[name] for name in SPLIT_FOLDERS[split] if name in folders), None)


def find_classes(folder: Path) -> list[str]:
    """Sorted names of the class folders; ``ConfigError`` if there are none."""
    if is_table(folder) and folder.is_file():
        raise ConfigError(
            f'{folder} is a table of labels, which cft.LabelTable reads: the cft command and tools put it in the place '
            'of cft.ImageFolder, with other tools write type="cft.LabelTable"'
        )
    if not folder.is_dir():
        raise ConfigError(f'no folder {folder}; give the folder of your images with --cfg-options data_root=FOLDER')
    classes = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith('.'))
    if not classes:
        raise ConfigError(f'{folder} has no class folders; put the images of each class into a folder named after it')
    return classes


def find_images(folder: Path) -> list[Path]:
    """Sorted image files below a class folder, hidden ones left out; ``ConfigError`` if there are none."""
    return images_of_classes([folder])[folder]


def images_of_classes(folders: Sequence[Path], beside: Path | None = None) -> dict[Path, list[Path]]:
    """Sorted image files below each class folder; one log line counts by suffix what is no image.

    Args:
        folders: Of the classes.
        beside: Files directly in this folder have no class; they are counted as well.

    Raises:
        ConfigError: If a folder holds no image, or cannot be listed.
    """
    found, left_out = {}, Counter[str]()
    loose = outside_of_folders(beside) if beside is not None else left_out
    for folder in folders:
        try:
            found[folder], others = list_images(folder) if folder.is_dir() else ([], Counter[str]())
        except OSError as error:
            raise ConfigError(f'{error.filename} cannot be listed: {error.strerror}; check its permissions') from error
        left_out += others
        if not found[folder]:
            only = f' but {told(others)}' if others else ''
            raise ConfigError(
                f'class folder {folder} holds no image ({", ".join(SUFFIXES)}){only}; fill it or remove it'
            )
    if left_out:
        where = os.path.commonpath(folders)
        print_log(f'{where}: left out what is no image: {told(left_out)}', 'current', logging.WARNING)
    if loose:
        print_log(f'{beside}: left out files outside of the class folders: {told(loose)}', 'current', logging.WARNING)
    return found


def train_folder(root: str | Path) -> Path:
    """Folder whose sub-folders are the classes: ``root/train`` or ``root`` itself."""
    return find_split_folder(Path(root), 'train') or Path(root)


@DATASETS.register_module()
class ImageFolder(BaseDataset):
    """Images in one folder per class, divided into train, val and test.

    Either ``data_root`` holds the split folders ``train`` and, if there are
    any, ``val`` and ``test``, or it holds the class folders. Without a ``val``
    folder, ``val_fraction`` of each class of the training images is held out,
    the same ones every time. Without a ``test`` folder, ``test_fraction`` of
    each class is held out of them before that; if it is 0, ``split='test'`` is
    the validation split, and a warning says so.

    Args:
        data_root: The folder.
        split: ``'train'``, ``'val'`` or ``'test'``.
        val_fraction: Part of each class held out when there is no val folder; 0: none.
        seed: Which images are held out.
        test_fraction: Part of each class held out when there is no test folder; 0: none.
        test_seed: Which images these are; ``seed`` then moves the validation images alone.
        group_by: ``'folder'`` holds out whole groups: images belong together
            that lie in sub-folders of one name, directly below the class
            folders (``class/GROUP/1.jpg``: patients, videos). None: image by image.
        kwargs: Those of :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        ConfigError: If the folder, its classes or a class's images are missing,
            or a split has a class that the training images lack, or
            ``group_by`` is something else.

    Example:
        >>> ImageFolder(data_root='flowers', split='val')  # doctest: +SKIP
    """

    # What training, validation and test must agree in.
    DIVIDED_BY = (*Division._fields, 'group_by')

    def __init__(
        self,
        data_root: str,
        split: str = 'train',
        val_fraction: float = 0.1,
        seed: int = 0,
        group_by: str | None = None,
        test_fraction: float = 0.0,
        test_seed: int = 0,
        **kwargs: object,
    ) -> None:
        if group_by not in (None, 'folder'):
            raise ConfigError(
                f"group_by={group_by!r}: class folders can be divided by 'folder'; a column needs a .csv or .tsv file"
            )
        self.group_by = group_by
        if split not in SPLIT_FOLDERS:
            raise ConfigError(f'split must be one of {sorted(SPLIT_FOLDERS)}, got {split!r}')
        self.split = split
        self.division = Division(val_fraction, seed, test_fraction, test_seed)
        super().__init__(ann_file='', data_root=str(data_root), metainfo=self._metainfo_of(data_root), **kwargs)

    @staticmethod
    def _metainfo_of(data_root: str) -> dict:
        return {'classes': tuple(find_classes(train_folder(data_root)))}

    def load_data_list(self) -> list[dict]:
        folder, source = self._locate()
        classes = self.metainfo['classes']
        unknown = sorted(set(find_classes(folder)) - set(classes))
        if unknown:
            raise ConfigError(f'{folder} has classes {unknown} that {train_folder(self.data_root)} lacks')
        folders = {folder / name: label for label, name in enumerate(classes) if (folder / name).is_dir()}
        samples: list[dict] = [
            {'img_path': str(image), 'gt_label': folders[of_class]}
            for of_class, images in images_of_classes(list(folders), folder).items()
            for image in images
        ]
        if source.own:
            return samples
        part = part_of_training(source, len(samples), self._hold_out(folder, samples))
        if not part:
            raise ConfigError(
                f'{folder}: no image can be held out for {source.words}, as each class has only one; add some'
            )
        return [samples[index] for index in part]

    def _hold_out(self, folder: Path, samples: list[dict]) -> HoldOut:
        """How a part of the training images is chosen."""
        labels = [[sample['gt_label']] for sample in samples]
        below = [Path(sample['img_path']).relative_to(folder).parts for sample in samples]
        # An image beside the sub-folders is a group of its own.
        groups = [parts[1] if len(parts) > 2 else '/'.join(parts) for parts in below]
        nested = {group for parts, group in zip(below, groups, strict=True) if len(parts) > 2}
        tells = self.split == 'train'
        if self.group_by is None:
            if nested and tells:
                print_log(
                    f'{folder}: {len(nested)} sub-folders of the classes may be patients or videos, and validation '
                    'images are taken from all; group_by=folder keeps each on one side',
                    'current',
                )
            return holding_out_classes(labels, None, str(folder), tells)
        if not nested:
            raise ConfigError(
                f'group_by=folder: the class folders of {folder} have no sub-folders; leave group_by out, or put '
                'the images of each group into one: CLASS/GROUP/1.jpg'
            )
        return holding_out_classes(labels, groups, f'{folder}: sub-folders of the classes', tells)

    def _locate(self) -> tuple[Path, Source]:
        """Folder to read, and which of its images are those of the split."""
        root = Path(self.data_root)
        own = {name: folder for name in ('val', 'test') if (folder := find_split_folder(root, name)) is not None}
        lacks = f'{root} has no test folder'
        source = source_of(self.split, own, self.division, lacks)
        return own.get(source.split, train_folder(root)), source
