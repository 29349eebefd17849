"""Images whose labels stand in a CSV or TSV file."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log
from mmpretrain.datasets import BaseDataset

from cft.datasets.held_out_parts import Division, HoldOut, holding_out_classes, part_of_training, source_of
from cft.datasets.image_folder import SPLIT_FOLDERS
from cft.datasets.label_rows import BETWEEN_LABELS, Image, LabelRows, read_labels
from cft.datasets.preparation.classification import told_preparation
from cft.datasets.table_file import is_table
from cft.errors import ConfigError, DataError
from cft.registry import DATASETS

SHOWN = 10


@DATASETS.register_module()
class LabelTable(BaseDataset):
    """Images of a table ``path,label[,split][,group]``, one label each, divided into train, val and test.

    What the columns may be called and hold stands in
    :func:`cft.datasets.label_rows.read_labels`. Without rows of ``val``, a part
    of each class of the training images is held out, the same ones every time:
    of a table of class folders those that :class:`cft.datasets.ImageFolder`
    holds out, or whole groups where there is a column of them, such as
    ``patient``. Without rows of ``test``, ``test_fraction`` is held out before
    that likewise; if it is 0, ``split='test'`` is the validation split, and a
    warning says so.

    Args:
        data_root: The ``.csv`` or ``.tsv`` file.
        split: ``'train'``, ``'val'`` or ``'test'``.
        val_fraction: Part of each class held out when there are no val rows; 0: none.
        seed: Which images are held out.
        group_by: Column of the groups; None: one that is called ``group``,
            ``patient``, ``subject`` or ``video``, or one of these with ``_id``.
        test_fraction: Part of each class held out when there are no test rows; 0: none.
        test_seed: Which images these are; ``seed`` then moves the validation images alone.
        kwargs: Those of :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        ConfigError: If ``data_root`` is no such file or lacks the column ``group_by``.
        DataError: If the table says something else than one label for each
            image, or a split has a class that the training images lack.

    Example:
        >>> LabelTable(data_root='flowers/labels.csv', split='val')  # doctest: +SKIP
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
        **kwargs: Any,
    ) -> None:
        if split not in SPLIT_FOLDERS:
            raise ConfigError(f'split must be one of {sorted(SPLIT_FOLDERS)}, got {split!r}')
        if not is_table(data_root) or not Path(data_root).is_file():
            raise ConfigError(
                f'data_root={data_root}: there is no such .csv or .tsv file; give the table with data_root=FILE'
                f'{told_preparation(data_root)}'
            )
        self.table = Path(data_root)
        self.split = split
        self.division = Division(val_fraction, seed, test_fraction, test_seed)
        self.group_by = group_by
        # Until the list of samples is made; workers need no second one.
        self._rows: LabelRows | None = read_labels(self.table, group_by)
        self._check(self._rows)
        classes = self._classes(self._rows)
        super().__init__(
            ann_file=self.table.name, data_root=str(self.table.parent), metainfo={'classes': classes}, **kwargs
        )

    def load_data_list(self) -> list[dict]:
        rows, self._rows = self._rows or read_labels(self.table, self.group_by), None
        numbers = {name: label for label, name in enumerate(self.metainfo['classes'])}
        for image in rows.images:
            unknown = [name for name in image.labels if name not in numbers]
            if unknown:
                raise DataError(
                    f'{self.table}: {image.path} of {image.split} has the class {unknown[0]!r}, which no training '
                    'image has; add some, or remove it'
                )
        return [
            {'img_path': image.path, 'gt_label': self._label([numbers[name] for name in image.labels])}
            for image in self._of_split(rows, numbers)
        ]

    @staticmethod
    def _label(numbers: list[int]) -> Any:
        return numbers[0]

    def _check(self, rows: LabelRows) -> None:
        if rows.several:
            raise DataError(
                f'{self.table} may give an image several labels ({BETWEEN_LABELS} between them, or a column for each '
                'class), for which contrastive methods are not defined; train it with ce/folder_multilabel'
            )
        empty = [image.path for image in rows.images if not image.labels]
        if empty:
            raise DataError(
                f'{self.table}: {len(empty)} images have no label ({empty[0]}); fill it in, or remove their rows'
            )

    def _classes(self, rows: LabelRows) -> tuple[str, ...]:
        trained = [image for image in rows.images if image.split in ('train', '')]
        if not trained:
            raise DataError(f'{self.table} has no row of the split train; add some')
        return tuple(sorted({label for image in trained for label in image.labels}))

    def _of_split(self, rows: LabelRows, numbers: dict[str, int]) -> list[Image]:
        """The images of this split, in the order of their labels and paths."""
        images = sorted(rows.images, key=lambda image: [numbers[name] for name in image.labels])
        there = {image.split for image in images}
        if self.split == 'train':
            for note in [*rows.notes, self._told_classes()]:
                print_log(f'{self.table}: {note}', 'current')
        lacks = f'{self.table} has no row of the split test'
        source = source_of(self.split, there, self.division, lacks)
        if source.split != 'train' and source.own:
            return [image for image in images if image.split == source.split]
        trained = [image for image in images if image.split in ('train', '')]
        part = part_of_training(source, len(trained), self._hold_out(trained, numbers, rows.group_column))
        if not part:
            raise DataError(
                f'{self.table}: no image can be held out for {source.words}, as each class has only one; add some'
            )
        return [trained[index] for index in part]

    def _hold_out(self, images: list[Image], numbers: dict[str, int], group_column: str | None) -> HoldOut:
        """How a part of the training images is chosen."""
        labels = [[numbers[name] for name in image.labels] for image in images]
        if group_column is None:
            return self._hold_out_images(images, labels)
        groups = [image.group for image in images]
        where = f'{self.table}: column {group_column}'
        return holding_out_classes(labels, groups, where, tells=self.split == 'train')

    def _hold_out_images(self, images: list[Image], labels: list[list[int]]) -> HoldOut:
        return holding_out_classes(labels, None, str(self.table), tells=False)

    def _told_classes(self) -> str:
        classes = self.metainfo['classes']
        names = ', '.join(classes[:SHOWN]) + (', ...' if len(classes) > SHOWN else '')
        return f'{len(classes)} classes in this order: {names}'


@DATASETS.register_module()
class MultiLabelTable(LabelTable):
    """Images of a table with any number of labels each, none included.

    Labels stand in one column with ``|`` between them, or each class has a
    column with 0 and 1. The validation images are chosen so that each class is
    on both sides where it can be.

    Args:
        Those of :class:`cft.datasets.LabelTable`.

    Example:
        >>> MultiLabelTable(data_root='scenes/labels.csv', split='val')  # doctest: +SKIP
    """

    def get_gt_labels(self) -> np.ndarray:
        """Refused: images have several labels."""
        raise ConfigError(f'{self.table}: images have several labels, so that a subset of each class is not defined')

    def get_cat_ids(self, idx: int) -> list[int]:
        """Labels of an image."""
        return self.get_data_info(idx)['gt_label'].tolist()

    @staticmethod
    def _label(numbers: list[int]) -> np.ndarray:
        return np.array(numbers, dtype=np.int64)

    def _check(self, rows: LabelRows) -> None:
        if not any(image.labels for image in rows.images):
            raise DataError(f'{self.table}: no image has a label; fill in the column of the labels')

    def _classes(self, rows: LabelRows) -> tuple[str, ...]:
        trained = super()._classes(rows)
        return rows.class_columns or trained

    def _hold_out_images(self, images: list[Image], labels: list[list[int]]) -> HoldOut:
        names = [os.path.relpath(image.path, self.table.parent) for image in images]
        return holding_out_classes(labels, names, str(self.table), tells=False)
