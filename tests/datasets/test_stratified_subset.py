"""StratifiedSubset: the samples it keeps, and the data set interface it offers."""

import numpy as np
import pytest
from mmengine.registry import DATASETS as MMENGINE_DATASETS

from cft.datasets import Digits, StratifiedSubset
from cft.datasets.splits import stratified_indices

DIGITS = {'type': 'cft.Digits', 'split': 'val', 'size': 8}


@pytest.fixture(scope='module')
def digits() -> Digits:
    return Digits(split='val', size=8)


def images(dataset: Digits | StratifiedSubset) -> list[bytes]:
    return [dataset[index]['img'].tobytes() for index in range(len(dataset))]


@pytest.mark.parametrize('options', [{'per_class': 5}, {'fraction': 0.9}, {'per_class': 2, 'seed': 3}])
def test_keeps_the_drawn_samples(digits: Digits, options: dict) -> None:
    """Item i is the i-th drawn sample of the whole, with its own label."""
    subset = StratifiedSubset(DIGITS, **options)
    drawn = stratified_indices(digits.get_gt_labels(), **{'seed': 0} | options)
    assert len(subset) == len(drawn)
    assert images(subset) == [images(digits)[index] for index in drawn]
    assert [subset[i]['gt_label'] for i in range(len(subset))] == digits.get_gt_labels()[drawn].tolist()
    assert subset.get_gt_labels().tolist() == digits.get_gt_labels()[drawn].tolist()


@pytest.mark.parametrize('options', [{'per_class': 5}, {'fraction': 0.9}, {'fraction': 0.5, 'seed': 7}])
def test_held_out_is_the_complement(digits: Digits, options: dict) -> None:
    """Training and validation part share no sample and lose none."""
    kept, held_out = StratifiedSubset(DIGITS, **options), StratifiedSubset(DIGITS, held_out=True, **options)
    assert not set(kept.indices) & set(held_out.indices)
    assert sorted(images(kept) + images(held_out)) == sorted(images(digits))


def test_per_class_counts() -> None:
    """Five labels of each of the ten classes."""
    assert np.bincount(StratifiedSubset(DIGITS, per_class=5).get_gt_labels()).tolist() == [5] * 10


def test_seed_changes_the_draw() -> None:
    draws = [tuple(StratifiedSubset(DIGITS, per_class=5, seed=seed).indices) for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]


def test_pipeline_of_the_data_set_runs() -> None:
    """The transforms stay with the wrapped data set."""
    subset = StratifiedSubset(DIGITS | {'pipeline': [{'type': 'mmpretrain.PackInputs'}]}, per_class=1)
    assert subset[9]['inputs'].shape == (3, 8, 8)
    assert subset[9]['data_samples'].gt_label.item() == subset.get_gt_labels()[9]


def test_is_a_data_set_for_the_runner(digits: Digits) -> None:
    """Found under its scope; names of the classes come through; a lazy data set is loaded."""
    config = {'type': 'cft.StratifiedSubset', 'per_class': 2, 'dataset': DIGITS | {'lazy_init': True}}
    subset = MMENGINE_DATASETS.build(config)
    subset.full_init()
    assert type(subset) is StratifiedSubset
    assert subset.metainfo['classes'] == digits.metainfo['classes']
    assert len(subset) == 20


def test_end_of_the_data_set() -> None:
    """Iteration ends with the last item of the subset, not of the whole."""
    with pytest.raises(IndexError):
        StratifiedSubset(DIGITS, per_class=1)[10]


def test_too_many_per_class() -> None:
    with pytest.raises(ValueError, match='fewer than per_class=200'):
        StratifiedSubset(DIGITS, per_class=200)
