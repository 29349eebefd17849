"""CIFAR-10 and CIFAR-100 with their channels in the order that transforms and models expect."""

import numpy as np
from mmpretrain import datasets

from cft.registry import DATASETS


@DATASETS.register_module()
class CIFAR10(datasets.CIFAR10):
    """CIFAR-10 (Krizhevsky 2009) as mmpretrain reads it, with blue first.

    Samples hold ``img`` (32, 32, 3) uint8 in the order blue, green, red, as
    images from files do. The files of CIFAR and mmpretrain's reader have red
    first, for which transforms of colour weigh the wrong channels, and a model
    with ``to_rgb=True`` sees red and blue exchanged.

    Args:
        data_root: Folder that holds ``cifar-10-batches-py``.
        kwargs: Those of :class:`mmpretrain.datasets.CIFAR10`.

    Example:
        >>> CIFAR10('data/cifar10', split='test')  # doctest: +SKIP
    """

    def load_data_list(self) -> list[dict]:
        return blue_first(super().load_data_list())


@DATASETS.register_module()
class CIFAR100(datasets.CIFAR100):
    """CIFAR-100, as :class:`CIFAR10`.

    Args:
        data_root: Folder that holds ``cifar-100-python``.
        kwargs: Those of :class:`mmpretrain.datasets.CIFAR100`.

    Example:
        >>> CIFAR100('data/cifar100', split='test')  # doctest: +SKIP
    """

    def load_data_list(self) -> list[dict]:
        return blue_first(super().load_data_list())


def blue_first(samples: list[dict]) -> list[dict]:
    """Samples whose ``img`` (H, W, 3) has its channels in reversed order.

    Example:
        >>> blue_first([{'img': np.array([[[1, 2, 3]]]), 'gt_label': 0}])[0]['img'].tolist()
        [[[3, 2, 1]]]
    """
    return [{**sample, 'img': np.ascontiguousarray(sample['img'][..., ::-1])} for sample in samples]
