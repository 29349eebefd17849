"""Some of the classes: which images, and under which labels."""

import numpy as np
import pytest
from mmengine.registry import DefaultScope

from cft.apis.evaluation.data import sample_names
from cft.apis.running.data_digest import digest_data
from cft.datasets import ClassSubset, Digits
from cft.errors import ConfigError

DIGITS = dict(type='cft.Digits', split='val', pipeline=[dict(type='mmpretrain.PackInputs')])


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


def test_images_and_labels() -> None:
    """In the order of the whole, without the others; labels in the order of the classes that stay."""
    whole = Digits(split='val')
    kept = [index for index in range(len(whole)) if whole.get_data_info(index)['gt_label'] not in (0, 4)]
    part = ClassSubset(DIGITS, without=['4', '0'])
    assert part.metainfo['classes'] == tuple('12356789') and len(part) == len(kept)
    for index in (0, 7, len(part) - 1):
        info = whole.get_data_info(kept[index])
        name = part.metainfo['classes'][part.get_gt_labels()[index]]
        assert name == str(info['gt_label'])
        assert part.get_data_info(index)['gt_label'] == part.get_gt_labels()[index]
        sample = part[index]
        assert int(sample['data_samples'].gt_label) == part.get_gt_labels()[index]
        assert (sample['inputs'].permute(1, 2, 0).numpy() == info['img']).all()


def test_a_subset_inside() -> None:
    few = dict(type='cft.StratifiedSubset', per_class=2, dataset=DIGITS)
    part = ClassSubset(few, classes=['7', '3'])
    assert part.metainfo['classes'] == ('3', '7')
    assert np.bincount(part.get_gt_labels()).tolist() == [2, 2]
    assert [part.get_data_info(index)['gt_label'] for index in range(4)] == part.get_gt_labels().tolist()
    assert sample_names(part) == [f'index:{number}' for number in range(4)]
    assert digest_data(part)['samples'] == 4
    assert digest_data(part)['digest'] != digest_data(ClassSubset(few, classes=['7', '4']))['digest']


@pytest.mark.parametrize(
    ('arguments', 'told'),
    [
        ({}, 'either classes or without'),
        ({'classes': ['1'], 'without': ['2']}, 'either classes or without'),
        ({'without': ['10']}, "no class '10'; they have 0, 1"),
        ({'without': list('0123456789')}, 'no class is left'),
    ],
)
def test_mistakes(arguments: dict, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        ClassSubset(DIGITS, **arguments)
