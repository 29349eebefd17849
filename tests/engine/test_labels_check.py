"""LabelsCheckHook on data sets of every task: what cannot be learnt or judged stops, what is missing is told."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.dataset import ConcatDataset
from PIL import Image
from torch import nn
from torch.utils.data import Dataset, Subset

from cft.datasets import Digits, DomainFolder, ImageFolder
from cft.datasets.class_occurrence import find_classes_in_use
from cft.engine.hooks import LabelsCheckHook
from cft.errors import ConfigError
from tests.datasets.test_masks import build as build_masks
from tests.datasets.test_masks import write_indexed
from tests.datasets.test_voc_detection import build as build_boxes
from tests.datasets.test_voc_detection import fill as fill_boxes
from tests.datasets.voc_folder import thing, write_image, write_list
from tests.support.image_folders import fill

CLASSES = ('none', 'rose', 'leaf')
PACK = [dict(type='PackInputs', meta_keys=['domain'])]


class Model(nn.Module):
    def __init__(self, num_classes: int | None) -> None:
        super().__init__()
        self.head = nn.Module()
        if num_classes is not None:
            self.head.num_classes = num_classes


def check(phase: str = 'train', num_classes: int | None = 3, max_masks: int = 2000, **datasets: Dataset) -> list[str]:
    """Call the hook as the loop does; its warnings."""
    lines: list[str] = []
    runner = SimpleNamespace(
        model=Model(num_classes), cfg={}, val_loop=None, logger=SimpleNamespace(warning=lines.append)
    )
    for split, dataset in datasets.items():
        runner.cfg[f'{split}_dataloader'] = {'dataset': {'type': split}}
        setattr(runner, f'{split}_dataloader', SimpleNamespace(dataset=dataset))
    if 'val' in datasets:
        runner.val_loop = 'there is one'
    getattr(LabelsCheckHook(max_masks), f'before_{phase}')(runner)
    return lines


def masks(root: Path, *labels: list[list[int]]):
    """A data set of masks of these labels, in three classes."""
    for number, values in enumerate(labels):
        write_image(root / f'JPEGImages/{number}.jpg', size=(len(values[0]), len(values)))
        path = root / f'SegmentationClass/{number}.png'
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.array(values, np.uint8)).save(path)
    write_list(root / 'train.txt', *map(str, range(len(labels))))
    return build_masks(root, metainfo={'classes': CLASSES})


def boxes(root: Path, *labels: str, difficult: int = 0):
    fill_boxes(root, a=[thing(label, difficult=difficult) for label in labels], b=[])
    return build_boxes(root)


def test_all_classes_are_there(tmp_path: Path) -> None:
    """Nothing to say, in any task."""
    folder = ImageFolder(str(fill(tmp_path / 'images')), split='train')
    data = {
        'masks': masks(tmp_path / 'masks', [[0, 1]], [[2, 255]]),
        'boxes': boxes(tmp_path / 'boxes', 'cat', 'dog'),
        'images': folder,
        'digits': Digits(split='train'),
        'wrapped': ConcatDataset([folder, folder]),
    }
    for phase in ('train', 'test'):
        for dataset in data.values():
            assert check(phase, **{phase: dataset}) == []


@pytest.mark.parametrize('split', ['train', 'val'])
def test_masks_of_0_and_255(split: str, tmp_path: Path) -> None:
    """As most tools save a binary mask: 255 is no label, so that nothing is learnt, and 100 % measured."""
    good, bad = masks(tmp_path / 'good', [[0, 1, 2]]), masks(tmp_path / 'bad', *[[[0, 255]]] * 5)
    data = {'train': good, 'val': good} | {split: bad}
    expected = (
        rf'^all pixels of the 5 {"training" if split == "train" else "validation"} masks that were read are of one '
        r'class only \(none\) or 255, which means no label; if 255 is the object, convert the masks with '
    )
    with pytest.raises(ConfigError, match=expected):
        check(**data)
    with pytest.raises(ConfigError, match='which means no label'):
        check('test', test=bad)


@pytest.mark.parametrize(
    ('value', 'name'), [(0, r'of one class only \(none\);'), (1, r'only \(rose\);'), (255, 'of no')]
)
def test_masks_of_one_value(value: int, name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf'^all pixels of the 2 training masks that were read are.*{name}'):
        check(train=masks(tmp_path, [[value, value]], [[value, value]]))


def test_a_class_that_no_mask_has(tmp_path: Path) -> None:
    """What was looked at is said; as many as the limit are."""
    dataset = masks(tmp_path, *[[[0, 2]]] * 6)
    absent = '(rose): they can be neither learnt nor judged there'
    assert check(train=dataset) == [f'1 of 3 classes never occur in the 6 training samples {absent}']
    assert check('test', test=dataset) == [f'1 of 3 classes never occur in the 6 test samples {absent}']
    assert check(train=dataset, max_masks=4) == [f'1 of 3 classes never occur in the 4 of 6 training samples {absent}']


def test_palettes_are_compared_before_training(tmp_path: Path) -> None:
    dataset = masks(tmp_path, [[0, 1]], [[0, 1]])
    red, green = (255, 0, 0), (0, 255, 0)
    for number, color in enumerate((red, green)):
        write_indexed(tmp_path / f'SegmentationClass/{number}.png', [[0, 1]], (0, 0, 0), color)
    with pytest.raises(ConfigError, match='index 1 has the colour'):
        check(train=dataset)
    named = build_masks(tmp_path, metainfo={'classes': CLASSES, 'palette': [[0, 0, 0], green, red]})
    with pytest.raises(ConfigError, match=r'0\.png has index 1 in the colour .* class 2 \(leaf\)'):
        check(train=named)


@pytest.mark.parametrize('split', ['train', 'val'])
def test_no_box_to_detect(split: str, tmp_path: Path) -> None:
    """Difficult ones are not looked for either; one class is enough for a detector."""
    data = {'train': boxes(tmp_path / 'a', 'cat', 'dog'), 'val': boxes(tmp_path / 'a', 'cat', 'dog')}
    for empty in (boxes(tmp_path / 'b'), boxes(tmp_path / 'c', 'cat', difficult=1)):
        with pytest.raises(ConfigError, match=r'^none of the 2 (training|validation) images has a box of a class to'):
            check(**data | {split: empty})
    lines = check(**data | {split: boxes(tmp_path / 'd', 'cat')})
    assert [line.partition(' never')[0] for line in lines] == ['1 of 2 classes']


@pytest.mark.parametrize('split', ['train', 'val', 'test'])
def test_images_of_one_class(split: str, tmp_path: Path) -> None:
    """Also a part of a data set; a test on one class is told, not refused."""
    whole = ImageFolder(str(fill(tmp_path / 'images', per_class=4)), split='train')
    one = whole.get_subset([index for index in range(len(whole)) if whole.get_cat_ids(index) == [0]])
    if split == 'test':
        assert [line.partition(' never')[0] for line in check('test', test=one)] == ['1 of 2 classes']
        return
    with pytest.raises(ConfigError, match=r'images are of one class only \(a\); add images of the others'):
        check(**{'train': whole, 'val': whole} | {split: one})


def test_a_class_that_the_validation_lacks(tmp_path: Path) -> None:
    root = tmp_path / 'domains'
    for domain, names in (('photo', 'ab'), ('sketch', 'abc'), ('art', 'ab')):
        for name in names:
            for number in range(4):
                write_image(root / domain / name / f'{number}.png')
    train = DomainFolder(str(root), test_domain='photo', pipeline=PACK)
    test = DomainFolder(str(root), test_domain='photo', split='test', pipeline=PACK)
    assert check(train=train) == []
    assert check('test', test=test)[0].startswith('1 of 3 classes never occur in the 8 test samples (c)')


def test_empty_data(tmp_path: Path) -> None:
    whole = ImageFolder(str(fill(tmp_path / 'images')), split='train')
    with pytest.raises(ConfigError, match='the training data are empty; check data_root'):
        check(train=Subset(whole, []))
    with pytest.raises(ConfigError, match='the validation data are empty'):
        check(train=whole, val=Subset(whole, []))


def test_pre_training_needs_no_classes(tmp_path: Path) -> None:
    for number in range(3):
        write_image(tmp_path / 'images/all' / f'{number}.png')
    dataset = ImageFolder(str(tmp_path / 'images'), split='train')
    assert check(train=dataset, num_classes=None) == []
    with pytest.raises(ConfigError, match='one class only'):
        check(train=dataset, num_classes=1)


def test_reading_stops_when_all_classes_were_met(tmp_path: Path) -> None:
    dataset = masks(tmp_path, *[[[0, 1, 2]]] * 9)
    found = find_classes_in_use(dataset, 3, max_masks=9)
    assert (found.kind, found.labels, found.looked_at, found.total) == ('masks', [0, 1, 2], 1, 9)


def test_argument() -> None:
    with pytest.raises(ConfigError, match='max_masks must be at least 1'):
        LabelsCheckHook(max_masks=0)
