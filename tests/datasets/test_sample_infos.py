"""parts_of and sample_infos against the samples that the data set itself gives."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.dataset import ConcatDataset, RepeatDataset
from torch.utils.data import Dataset

from cft.datasets import Digits, ImageFolder, StratifiedSubset
from cft.datasets.sample_infos import count_image_files, image_files, parts_of, sample_infos
from tests.datasets.image_files import fill

PIPELINE = []


def folder(root: Path) -> dict:
    if not root.exists():
        fill(root, a=6, b=4)
    return dict(type='cft.ImageFolder', data_root=str(root), pipeline=PIPELINE)


def named(dataset: Dataset) -> list[str]:
    return [dataset[index]['img_path'] for index in range(len(dataset))]


def test_wrappers(tmp_path: Path) -> None:
    whole = ImageFolder(**{k: v for k, v in folder(tmp_path / 'x').items() if k != 'type'})
    other = ImageFolder(**{k: v for k, v in folder(tmp_path / 'y').items() if k != 'type'})
    subset = StratifiedSubset(folder(tmp_path / 'x'), per_class=2, seed=1)
    nested = StratifiedSubset(
        dict(type='cft.StratifiedSubset', dataset=folder(tmp_path / 'x'), per_class=3), per_class=2, seed=5
    )
    for dataset in (whole, subset, nested, ConcatDataset([whole, other])):
        assert image_files(dataset) == named(dataset) and count_image_files(dataset) == len(dataset)
    assert image_files(RepeatDataset(whole, times=3)) == named(whole)


class Chosen(Dataset):
    def __init__(self, dataset: Dataset, indices: list[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> dict:
        return self.dataset[self.indices[index]]


def test_subset_of_a_concatenation(tmp_path: Path) -> None:
    """Parts come in the order of the concatenation."""
    both = ConcatDataset([ImageFolder(str(fill(tmp_path / name, a=5)), pipeline=[]) for name in 'xy'])
    chosen = Chosen(both, [1, 3, 6, 0])
    assert sorted(image_files(chosen)) == sorted(named(chosen))
    assert [len(indices) for _, indices in parts_of(chosen)] == [3, 1]


@pytest.mark.parametrize('serialize', [True, False])
def test_infos_are_those_of_the_data_set(serialize: bool, tmp_path: Path) -> None:
    dataset = ImageFolder(str(fill(tmp_path, a=5, b=3)), pipeline=[], serialize_data=serialize)
    indices = [0, 4, 2]
    for index, info in zip(indices, sample_infos(dataset, indices), strict=True):
        expected = dataset.get_data_info(index)
        assert info['img_path'] == expected['img_path'] and info['gt_label'] == expected['gt_label']


def test_images_in_memory_have_no_files() -> None:
    dataset = Digits(split='test', pipeline=[])
    assert image_files(dataset) == [] and count_image_files(dataset) == 0
    labels = [info['gt_label'] for info in sample_infos(dataset, range(len(dataset)))]
    assert np.array_equal(labels, dataset.get_gt_labels())
