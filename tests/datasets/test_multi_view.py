"""cft.MultiView: the views of mmpretrain's, from pixels that are not copied."""

import random

import numpy as np
import pytest
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import DefaultScope
from mmpretrain.datasets.transforms import MultiView as CopyingMultiView

from cft.datasets.transforms import MultiView

IMAGE = np.random.default_rng(0).integers(0, 256, (40, 52, 3), dtype=np.uint8)


def views_of(multi_view: CopyingMultiView) -> dict:
    np.random.seed(3)
    random.seed(3)
    return multi_view({'img': IMAGE, 'gt_label': 4})


def test_views_are_those_of_mmpretrain() -> None:
    pipelines = [
        [dict(type='cft.ViewAugment', distribution=distribution, size=size)]
        for distribution, size in (('strong-alpha', 32), ('weak', 16))
    ]
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        found = views_of(MMENGINE_TRANSFORMS.build(dict(type='cft.MultiView', transforms=pipelines, num_views=[2, 3])))
        expected = views_of(CopyingMultiView(pipelines, num_views=[2, 3]))
    assert found.keys() == expected.keys() and found['gt_label'] == 4
    assert [view.shape[0] for view in found['img']] == [32, 32, 16, 16, 16]
    for view, other in zip(found['img'], expected['img'], strict=True):
        assert np.array_equal(view, other)
    # Another part of the same image.
    assert not np.array_equal(found['img'][0], found['img'][1])


def test_pixels_are_shared_and_cannot_be_written_to() -> None:
    before = IMAGE.copy()
    seen = MultiView([[lambda results: results]], num_views=2)({'img': IMAGE})['img']
    assert all(np.shares_memory(view, IMAGE) for view in seen)

    def write(results: dict) -> dict:
        results['img'][0] = 0
        return results

    with pytest.raises(ValueError, match='read-only'):
        MultiView([[write]], num_views=2)({'img': IMAGE})
    assert np.array_equal(IMAGE, before) and IMAGE.flags.writeable


@pytest.mark.parametrize('count', [1, 2, 3, 5, 8])
def test_first_views_are_those_of_all(count: int) -> None:
    """Draw for draw, and the transform stays as it is."""
    pipelines = [[dict(type='cft.ViewAugment', distribution='weak', size=size)] for size in (32, 16)]
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        whole = MultiView(pipelines, num_views=[2, 3])
    expected, found = (views_of(made)['img'] for made in (whole, whole.first_views(count)))
    assert len(found) == min(count, 5) and len(expected) == len(whole.transforms) == 5
    assert all(map(np.array_equal, found, expected))
