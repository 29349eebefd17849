"""Anybody's class-per-folder images, with a validation split when there is none."""

from pathlib import Path

from mmengine.logging import print_log
from mmpretrain.datasets import BaseDataset

from cft.datasets.splits import stratified_indices
from cft.errors import ConfigError
from cft.registry import DATASETS

EXTENSIONS = ('.jpg', '.jpeg', '.png', '.bmp', '.ppm', '.pgm', '.tif', '.tiff', '.webp')
SPLIT_FOLDERS = {'train': ('train', 'training'), 'val': ('val', 'valid', 'validation'), 'test': ('test', 'testing')}


def find_split_folder(root: Path, split: str) -> Path | None:
    """Folder of ``root`` that holds the split under one of its usual names, in small or capital letters."""
    folders = {entry.name.lower(): entry for entry in root.iterdir() if entry.is_dir()} if root.is_dir() else {}
    return next((folders[name] for name in SPLIT_FOLDERS[split] if name in folders), None)


def find_classes(folder: Path) -> list[str]:
    """Sorted names of the class folders; ``ConfigError`` if there are none."""
    if not folder.is_dir():
        raise ConfigError(f'no folder {folder}; give the folder of your images with --cfg-options data_root=FOLDER')
    classes = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith('.'))
    if not classes:
        raise ConfigError(f'{folder} has no class folders; put the images of each class into a folder named after it')
    return classes


def find_images(folder: Path) -> list[Path]:
    """Sorted image files below a class folder, hidden ones left out; ``ConfigError`` if there are none."""
    visible = (p for p in folder.rglob('*') if not any(part.startswith('.') for part in p.relative_to(folder).parts))
    images = sorted(path for path in visible if path.suffix.lower() in EXTENSIONS and path.is_file())
    if not images:
        raise ConfigError(f'class folder {folder} holds no image ({", ".join(EXTENSIONS)}); fill it or remove it')
    return images


def train_folder(root: str | Path) -> Path:
    """Folder whose sub-folders are the classes: ``root/train`` or ``root`` itself."""
    return find_split_folder(Path(root), 'train') or Path(root)


@DATASETS.register_module()
class ImageFolder(BaseDataset):
    """Images in one folder per class, divided into train, val and test.

    Either ``data_root`` holds the split folders ``train`` and, if there are
    any, ``val`` and ``test``, or it holds the class folders. Without a ``val``
    folder, ``val_fraction`` of each class of the training images is held out,
    the same ones every time. Without a ``test`` folder, ``split='test'`` is the
    validation split, and a warning says so.

    Args:
        data_root: The folder.
        split: ``'train'``, ``'val'`` or ``'test'``.
        val_fraction: Part of each class held out when there is no val folder.
        seed: Which images are held out.
        kwargs: Those of :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        ConfigError: If the folder, its classes or a class's images are missing,
            or a split has a class that the training images lack.

    Example:
        >>> ImageFolder(data_root='flowers', split='val')  # doctest: +SKIP
    """

    def __init__(
        self, data_root: str, split: str = 'train', val_fraction: float = 0.1, seed: int = 0, **kwargs: object
    ) -> None:
        if split not in SPLIT_FOLDERS:
            raise ConfigError(f'split must be one of {sorted(SPLIT_FOLDERS)}, got {split!r}')
        self.split = split
        self.val_fraction = val_fraction
        self.seed = seed
        super().__init__(ann_file='', data_root=str(data_root), metainfo=self._metainfo_of(data_root), **kwargs)

    @staticmethod
    def _metainfo_of(data_root: str) -> dict:
        return {'classes': tuple(find_classes(train_folder(data_root)))}

    def load_data_list(self) -> list[dict]:
        folder, held_out = self._locate()
        classes = self.metainfo['classes']
        unknown = sorted(set(find_classes(folder)) - set(classes))
        if unknown:
            raise ConfigError(f'{folder} has classes {unknown} that {train_folder(self.data_root)} lacks')
        samples = [
            {'img_path': str(image), 'gt_label': label}
            for label, name in enumerate(classes)
            if (folder / name).is_dir()
            for image in find_images(folder / name)
        ]
        if held_out is None:
            return samples
        in_train = set(stratified_indices([s['gt_label'] for s in samples], self.seed, fraction=1 - self.val_fraction))
        return [sample for index, sample in enumerate(samples) if (index in in_train) != held_out]

    def _locate(self) -> tuple[Path, bool | None]:
        """Folder to read, and whether to keep the held-out part (None: all of it)."""
        root = Path(self.data_root)
        split = self.split
        if split == 'test' and find_split_folder(root, 'test') is None:
            print_log(f'{root} has no test folder: what is reported as test is the validation split', 'current', 30)
            split = 'val'
        if split in ('val', 'test') and find_split_folder(root, split) is not None:
            return find_split_folder(root, split), None
        if split == 'train' and find_split_folder(root, 'val') is not None:
            return train_folder(root), None
        return train_folder(root), split == 'val'
