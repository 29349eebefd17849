"""Detection data in COCO's format, checked before training starts."""

from pathlib import Path

from mmdet.datasets import CocoDataset
from mmengine.fileio import load
from mmengine.logging import print_log

from cft.datasets.files import require_files
from cft.errors import ConfigError
from cft.registry import DATASETS


@DATASETS.register_module()
class CocoDetection(CocoDataset):
    """mmdet's ``CocoDataset`` that tells what it cannot use.

    Annotations without area, outside their image or marked to be ignored are
    left out, as COCO's tools do; a log line gives their number.

    Args:
        kwargs: Those of :class:`mmdet.datasets.CocoDataset`.

    Raises:
        ConfigError: If the annotation file is missing or unreadable, lacks a
            class, has the classes in another order, or names an image that is
            missing.

    Example:
        >>> CocoDetection(data_root='data/coco', ann_file='annotations/instances_val2017.json',
        ...     data_prefix=dict(img='val2017'))  # doctest: +SKIP
    """

    def load_data_list(self) -> list[dict]:
        if not Path(self.ann_file).is_file():
            raise ConfigError(f'no annotations {self.ann_file}; prepare the data (tools/datasets) first')
        self._left_out = 0
        try:
            names = [entry['name'] for entry in load(self.ann_file)['categories']]
            samples = super().load_data_list()
        except (AssertionError, KeyError, TypeError, ValueError) as error:
            reason = f'{type(error).__name__}: {error}'
            raise ConfigError(f'{self.ann_file} is no COCO annotation file ({reason})') from error
        self._check_classes(names)
        if not samples:
            raise ConfigError(f'{self.ann_file} holds no image')
        require_files([sample['img_path'] for sample in samples], f'images named in {self.ann_file}')
        if self._left_out:
            print_log(f'{self.ann_file}: {self._left_out} annotations without usable area left out', 'current')
        return samples

    def _check_classes(self, names: list[str]) -> None:
        """mmdet and COCO's tools number the classes in the order of the file, whatever order the config has."""
        classes = list(self.metainfo['classes'])
        lacking = [name for name in classes if name not in names]
        if lacking:
            raise ConfigError(f'{self.ann_file} lacks the classes {lacking}; it has {names}')
        expected = [name for name in names if name in classes]
        if classes != expected:
            raise ConfigError(f'the classes must stand in the order of {self.ann_file}: metainfo.classes = {expected}')

    def parse_data_info(self, raw_data_info: dict) -> dict:
        sample = super().parse_data_info(raw_data_info)
        known = [ann for ann in raw_data_info['raw_ann_info'] if ann['category_id'] in self.cat_ids]
        self._left_out += len(known) - len(sample['instances'])
        return sample
