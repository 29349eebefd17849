"""Lists of labelled images: they nest, are those of a comparison, and any classification data set has them."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import DefaultScope

from cft.apis import load_config
from cft.apis.comparison.amounts import amount_label, read_amount
from cft.apis.comparison.label_lists import label_lists, write_label_lists
from cft.apis.comparison.runs import draw_overrides
from cft.datasets import FashionMNIST
from cft.datasets.sample_infos import image_files
from cft.errors import ConfigError
from cft.registry import DATASETS
from tests.apis.comparison.test_method_comparison import draw_classes


def test_lists_of_a_folder_nest_and_are_those_of_a_comparison(tmp_path: Path) -> None:
    root = draw_classes(tmp_path / 'data', number=40)
    given = {'data_root': str(root), 'backbone': 'resnet18'}
    amounts = [0.05, 0.1, 0.5, 3]
    lists = label_lists('ce/folder', amounts, draws=2, overrides=given)
    for draw in range(2):
        five, ten, half, three = (set(lists[amount_label(amount), draw]) for amount in amounts)
        assert five < ten < half and len(three) == 9
        assert three < half and (three <= ten or ten <= three)
    assert lists['10%', 0] != lists['10%', 1]
    cfg = load_config('ce/folder', {**given, **draw_overrides(load_config('ce/folder', given), 0.1, 1)})
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        trained = image_files(DATASETS.build(cfg.train_dataloader.dataset))
    assert [str(root / name) for name in lists['10%', 1]] == trained


def test_files(tmp_path: Path) -> None:
    lists = label_lists('quickstart/ce_fashion', [0.01, 5], draws=1)
    files = write_label_lists(lists, tmp_path)
    assert [path.name for path in files] == ['1percent_draw0.txt', '5_draw0.txt']
    names = [path.read_text().split() for path in files]
    assert [len(part) for part in names] == [20, 50] and set(names[0]) < set(names[1])
    # By the numbers of the whole data set.
    whole = FashionMNIST(split='train', train_per_class=200, val_per_class=100).get_gt_labels()
    indices = [int(name.removeprefix('index:')) for name in names[0]]
    assert np.bincount(whole[indices]).tolist() == [2] * 10 and max(indices) > 100


@pytest.mark.parametrize('text', ['0', '0%', '100%', '1..5%', '-1', '5.5', 'some', '', '%'])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ConfigError, match='^labels=.*: give whole numbers of each class, parts or all'):
        read_amount(text)


def test_amounts() -> None:
    amounts = [read_amount(text) for text in ('1%', '0.5%', '12', 'all')]
    assert amounts == [0.01, 0.005, 12, None]
    assert [amount_label(amount) for amount in amounts] == ['1%', '0.5%', 12, 'all']
