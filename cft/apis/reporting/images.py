"""Images of a run's data, as they are stored: before any transform."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.config import Config
from PIL import Image

from cft.datasets.sample_infos import parts_of, sample_infos
from cft.datasets.transforms import LoadImage
from cft.engine.config_nodes import innermost_dataset


class StoredImages:
    """The images of a data set by index, in RGB.

    Args:
        dataset: Wrappers are looked through.
        pipeline: Its transforms; the first may say how images of more than 8 bits are read.

    Example:
        >>> StoredImages(dataset, dataset.pipeline)(0).size  # doctest: +SKIP
        (640, 480)
    """

    def __init__(self, dataset: Any, pipeline: Sequence[dict] = ()) -> None:
        self._parts = parts_of(dataset)
        self._ends = np.cumsum([len(indices) for _, indices in self._parts])
        settings = next((dict(step) for step in pipeline if step.get('type') == 'cft.LoadImage'), {})
        settings.pop('type', None)
        self._load = LoadImage(**settings)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def info(self, index: int) -> dict:
        """What the annotations say of a sample."""
        number = int(np.searchsorted(self._ends, index, side='right'))
        part, indices = self._parts[number]
        [info] = sample_infos(part, [indices[index - (self._ends[number - 1] if number else 0)]])
        return info

    def __call__(self, index: int) -> Image.Image:
        info = self.info(index)
        wanted = {key: info[key] for key in ('img_path', 'img') if info.get(key) is not None}
        if 'img_path' in wanted:
            wanted.pop('img', None)
        return Image.fromarray(np.ascontiguousarray(self._load(wanted)['img'][..., ::-1]))

    def labels(self, index: int) -> list[int]:
        """Classes of a sample, or of its objects."""
        return labels_of(self.info(index))


def labels_of(info: dict) -> list[int]:
    """The class indices that an annotation names.

    Example:
        >>> labels_of({'gt_label': 3}), labels_of({'instances': [{'bbox_label': 1}, {'bbox_label': 1}]})
        ([3], [1, 1])
    """
    if 'gt_label' in info:
        return [int(label) for label in np.atleast_1d(info['gt_label'])]
    return [
        int(instance['bbox_label'])
        for instance in info.get('instances', ())
        if 'bbox_label' in instance and not instance.get('ignore_flag')
    ]


def pipeline_of(cfg: Config) -> Sequence[dict]:
    """The transforms of a test image, or of a training image."""
    for name in ('test_dataloader', 'val_dataloader', 'train_dataloader'):
        if cfg.get(name):
            return innermost_dataset(cfg[name].dataset).get('pipeline', ())
    return ()
