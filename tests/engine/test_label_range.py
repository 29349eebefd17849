"""NumClassesCheckHook: labels of an annotation file."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from mmpretrain.datasets import CustomDataset, MultiLabelDataset
from torch import nn
from torch.utils.data import Dataset

from cft.datasets import StratifiedSubset
from cft.engine.hooks import NumClassesCheckHook
from cft.errors import ConfigError


def check(dataset: Dataset, num_classes: int = 3) -> None:
    model = nn.Module()
    model.head = nn.Module()
    model.head.num_classes = num_classes
    loader = SimpleNamespace(dataset=dataset)
    NumClassesCheckHook().before_train(SimpleNamespace(model=model, train_dataloader=loader, val_loop=None))


def listed(folder: Path, *labels: int) -> dict:
    path = folder / 'list.txt'
    path.write_text(''.join(f'{index}.jpg {label}\n' for index, label in enumerate(labels)))
    return dict(type='mmpretrain.CustomDataset', data_root=str(folder), ann_file=str(path), pipeline=[])


def build(config: dict) -> CustomDataset:
    return CustomDataset(**{key: value for key, value in config.items() if key != 'type'})


def test_all_in_range(tmp_path: Path) -> None:
    check(build(listed(tmp_path, 0, 1, 2, 2)))


@pytest.mark.parametrize('label', [3, 7, -1])
def test_one_out_of_range(label: int, tmp_path: Path) -> None:
    """The sample, its list and the number of classes are named."""
    with pytest.raises(ConfigError) as error:
        check(build(listed(tmp_path, 0, 1, label, 2)))
    message = str(error.value)
    assert f'2.jpg has the label {label} in {tmp_path / "list.txt"}' in message
    assert 'model.head.num_classes is 3: labels are 0 to 2' in message


def test_wrappers_are_looked_through(tmp_path: Path) -> None:
    """Only samples that are used count."""
    config = listed(tmp_path, 0, 0, 1, 1, 5, 5)
    with pytest.raises(ConfigError, match='has the label 5'):
        check(StratifiedSubset(config, per_class=1))
    subset = StratifiedSubset(config, per_class=1)
    subset.indices = subset.indices[:2]
    check(subset)


def test_several_labels_of_one_image(tmp_path: Path) -> None:
    path = tmp_path / 'many.json'
    path.write_text(
        '{"metainfo": {"classes": ["a", "b", "c"]}, "data_list": [{"img_path": "x.jpg", "gt_label": [0, 4]}]}'
    )
    with pytest.raises(ConfigError, match=r'x\.jpg has the label 4'):
        check(MultiLabelDataset(ann_file=str(path), data_root=str(tmp_path), pipeline=[]))
