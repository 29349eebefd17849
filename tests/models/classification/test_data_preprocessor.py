"""MultiViewDataPreprocessor: every view is treated as a batch of its own."""

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate, pseudo_collate
from mmpretrain.models import ClsDataPreprocessor
from mmpretrain.structures import DataSample
from torch import Tensor

from cft.models.classification import MultiViewDataPreprocessor

SETTINGS = {'mean': [10.0, 20.0, 30.0], 'std': [2.0, 4.0, 8.0], 'to_rgb': True}
COLLATES = pytest.mark.parametrize('collate', [default_collate, pseudo_collate])


def items(*sizes: int, count: int = 3) -> list[dict]:
    """What the data set yields after MultiView and PackInputs: BGR bytes, one tensor per view."""
    return [
        {
            'inputs': [torch.randint(0, 256, (3, size, size), dtype=torch.uint8) for size in sizes],
            'data_samples': DataSample(name=f'image {i}').set_gt_label(i % 2),
        }
        for i in range(count)
    ]


def by_hand(image: Tensor) -> Tensor:
    """BGR to RGB, then (value - mean) / std of the RGB channels."""
    blue, green, red = image.float()
    return torch.stack([(red - 10) / 2, (green - 20) / 4, (blue - 30) / 8])


@COLLATES
@pytest.mark.parametrize(
    ('sizes', 'count'), [((4, 4), 3), ((4, 6), 3), ((4, 6, 4), 3), ((4, 4), 2), ((4, 6), 1), ((5,), 3)]
)
def test_each_view_as_if_alone(collate: Callable, sizes: tuple[int, ...], count: int) -> None:
    """V tensors (N, C, H, W), view v of image i in row i, also where V equals N and where sizes differ."""
    batch = items(*sizes, count=count)
    views = MultiViewDataPreprocessor(**SETTINGS)(collate(batch))['inputs']
    assert [view.shape for view in views] == [(count, 3, size, size) for size in sizes]
    for v, view in enumerate(views):
        for i, image in enumerate(view):
            torch.testing.assert_close(image, by_hand(batch[i]['inputs'][v]), rtol=1e-6, atol=1e-6)


@COLLATES
def test_one_view_is_mmpretrains(collate: Callable) -> None:
    """An ordinary batch (no MultiView) stays one tensor and goes the ordinary way, batch augmentation included."""
    batch = [{**item, 'inputs': item['inputs'][0]} for item in items(4)]
    mixup = {'batch_augments': {'augments': [{'type': 'mmpretrain.Mixup', 'alpha': 1.0}]}, 'num_classes': 2}
    for settings, training in ((SETTINGS, False), (SETTINGS | mixup, True)):
        results = []
        for kind in (MultiViewDataPreprocessor, ClsDataPreprocessor):
            np.random.seed(0)
            torch.manual_seed(0)
            results.append(kind(**copy.deepcopy(settings))(collate(copy.deepcopy(batch)), training))
        ours, theirs = results
        assert isinstance(ours['inputs'], Tensor)
        assert torch.equal(ours['inputs'], theirs['inputs'])
        for sample, expected in zip(ours['data_samples'], theirs['data_samples'], strict=True):
            assert sample.to_dict().keys() == expected.to_dict().keys()
            assert torch.equal(sample.get('gt_score', sample.gt_label), expected.get('gt_score', expected.gt_label))
        assert ('gt_score' in ours['data_samples'][0]) == training


@COLLATES
def test_views_are_padded_each_to_its_own_multiple(collate: Callable) -> None:
    """The other settings of mmpretrain's preprocessor hold per view."""
    views = MultiViewDataPreprocessor(pad_size_divisor=4)(collate(items(3, 6)))['inputs']
    assert [view.shape[-1] for view in views] == [4, 8]
    assert not views[0][..., 3].any()
    assert not views[1][..., 6:].any()


@COLLATES
def test_data_samples_pass_through(collate: Callable) -> None:
    """One sample per image, not per view, with its label and its other fields."""
    samples = MultiViewDataPreprocessor(**SETTINGS)(collate(items(4, 4)))['data_samples']
    assert [(sample.name, sample.gt_label.tolist()) for sample in samples] == [
        ('image 0', [0]), ('image 1', [1]), ('image 2', [0])
    ]  # fmt: skip


def test_views_without_labels() -> None:
    """Unlabelled images have no data samples to pass on."""
    batch = default_collate([{'inputs': item['inputs']} for item in items(4, 4)])
    processed = MultiViewDataPreprocessor()(batch)
    assert [view.shape for view in processed['inputs']] == [(3, 3, 4, 4)] * 2
    assert processed['data_samples'] is None


@COLLATES
def test_batch_augmentation_does_not_go_with_views(collate: Callable) -> None:
    """In training it is refused, naming both settings; evaluation does not augment and goes through."""
    preprocessor = MultiViewDataPreprocessor(
        batch_augments={'augments': [{'type': 'mmpretrain.Mixup', 'alpha': 1.0}]}, num_classes=2
    )
    with pytest.raises(ValueError, match=r'batch_augments.*MultiView'):
        preprocessor(collate(items(4, 4)), training=True)
    assert len(preprocessor(collate(items(4, 4)))['inputs']) == 2
