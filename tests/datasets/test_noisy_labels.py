"""NoisyLabels: how many labels are wrong, which, and that a training sees them."""

import numpy as np
import pytest
from mmengine.registry import DATASETS as MMENGINE_DATASETS

from cft.apis.running.data_digest import digest_data
from cft.datasets import NoisyLabels, StratifiedSubset
from cft.datasets.noisy_labels import wrong_labels
from cft.errors import ConfigError

SUBSET = {'type': 'cft.StratifiedSubset', 'per_class': 5, 'dataset': {'type': 'cft.Digits', 'size': 8}}


@pytest.mark.parametrize(('rate', 'wrong'), [(0, 0), (0.2, 10), (0.41, 20), (1, 50)])
def test_number_of_wrong_labels(rate: float, wrong: int) -> None:
    """The rounded part of all labels, each another class of the data set."""
    noisy = NoisyLabels(SUBSET, rate)
    clean = StratifiedSubset(**{key: value for key, value in SUBSET.items() if key != 'type'})
    assert int((noisy.get_gt_labels() != clean.get_gt_labels()).sum()) == wrong
    assert set(noisy.get_gt_labels()) <= set(range(10))


def test_wrong_labels_are_uniform_over_the_other_classes() -> None:
    """Of 9,000 labels of class 2 each of the other nine classes gets about a ninth (five standard deviations)."""
    counts = np.bincount(wrong_labels(np.full(9000, 2), num_classes=10, rate=1, seed=0), minlength=10)
    assert counts[2] == 0
    assert np.abs(np.delete(counts, 2) - 1000).max() < 5 * np.sqrt(9000 / 9 * 8 / 9)


def test_higher_rates_keep_the_wrong_labels() -> None:
    """With one seed, what is wrong at a lower rate is the same at a higher one; another seed chooses others."""
    labels = np.arange(100) % 4
    few, many, other = (wrong_labels(labels, 4, rate, seed) for rate, seed in ((0.2, 3), (0.4, 3), (0.2, 4)))
    changed = few != labels
    assert np.array_equal(few[changed], many[changed])
    assert not np.array_equal(changed, other != labels)
    assert np.array_equal(labels, np.arange(100) % 4)


@pytest.mark.parametrize('pipeline', [[], [{'type': 'mmpretrain.PackInputs'}]])
def test_samples_have_the_wrong_label(pipeline: list) -> None:
    """Before and after packing; the pixels stay."""
    subset = SUBSET | {'dataset': SUBSET['dataset'] | {'pipeline': pipeline}}
    noisy = MMENGINE_DATASETS.build({'type': 'cft.NoisyLabels', 'rate': 0.4, 'dataset': subset})
    found = [
        int(sample['data_samples'].gt_label) if pipeline else sample['gt_label']
        for sample in (noisy[index] for index in range(len(noisy)))
    ]
    assert found == noisy.get_gt_labels().tolist()
    key = 'inputs' if pipeline else 'img'
    assert np.array_equal(np.asarray(noisy[7][key]), np.asarray(noisy.source[7][key]))


def test_the_digest_of_the_data_tells_the_noise() -> None:
    """Runs on other wrong labels are other runs: the digest follows the labels that are trained on."""
    digests = [digest_data(NoisyLabels(SUBSET, rate, seed))['digest'] for rate, seed in ((0.2, 0), (0.2, 0), (0.4, 0))]
    assert digests[0] == digests[1] != digests[2]


def test_annotations_are_those_of_the_training() -> None:
    """What looks at annotations, such as counts of classes, meets the wrong labels; sizes and pixels stay."""
    noisy = NoisyLabels(SUBSET, 0.4, seed=1)
    infos = [noisy.get_data_info(index) for index in range(len(noisy))]
    assert [info['gt_label'] for info in infos] == noisy.get_gt_labels().tolist()
    assert all(np.array_equal(info['img'], noisy[index]['img']) for index, info in enumerate(infos))


@pytest.mark.parametrize('rate', [-0.1, 1.5, float('nan')])
def test_rate_is_a_part(rate: float) -> None:
    with pytest.raises(ConfigError, match='between 0 and 1'):
        NoisyLabels(SUBSET, rate)


@pytest.mark.parametrize('inner', [{'split': 'val'}, {'split': 'test'}, {'test_mode': True}])
def test_only_training_data(inner: dict) -> None:
    """Nobody is measured on wrong labels, through wrappers as well."""
    with pytest.raises(ConfigError, match='training data'):
        NoisyLabels(SUBSET | {'dataset': SUBSET['dataset'] | inner}, 0.2)


def test_one_class_has_no_other() -> None:
    with pytest.raises(ConfigError, match='two classes'):
        wrong_labels(np.zeros(3, int), num_classes=1, rate=0.5, seed=0)
