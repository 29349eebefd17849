"""The configs of the papers' data sets for classification, and small data in the layouts that they read."""

from pathlib import Path

import pytest

from cft.apis import list_configs
from tests.datasets.voc_folder import thing, write_annotation, write_image, write_list
from tests.support.classification_downloads import MINI_SETS, write_miniature
from tests.support.digits_runs import CONFIGS
from tests.support.ssl_data_files import write_cifar, write_imagenet

METHODS = sorted(path.stem for path in (CONFIGS / '_base_' / 'methods').glob('*.py'))
# With one label for each image; other tasks and own folders have files of their own.
OTHERS = ('_seg', '_det', '_fpn', '_dg', '_folder', '_multilabel', '_adv')
R50 = sorted(path.stem for path in (CONFIGS / 'ce').glob('r50_*.py') if not path.stem.endswith(OTHERS))
BEIT = sorted(path.stem for path in (CONFIGS / 'ce').glob('beit_b16_*.py') if not path.stem.endswith(OTHERS))
# SCHaNe's other networks: files of `ce` are those of BEiT with the model replaced, those of methods the template.
NETWORKS = {'beit_b16': 'beit_b16_cls', 'beit3_b16': 'beit3_b16_cls', 'vit_b16_50e': 'vit_b16_dropout_cls'}
BEIT3 = [name.replace('beit_b16', 'beit3_b16') for name in BEIT]
VOC = 'r50_voc07_multilabel'
# All that come with cft but the copies of a method's template, of which tests/configs/test_method_files.py tells that
# nothing else is different.
COPIES = {f'{method}/{name}' for method in METHODS for name in R50 + BEIT + BEIT3 if name != 'r50_cifar10'}
# And of the few-shot benchmarks, of which tests/configs/test_few_shot_configs.py does.
FEW_SHOT = ('cifar_fs', 'fc100', 'miniimagenet', 'tieredimagenet')
FEW_SHOT_METHODS = ('ce_simclr', 'schane', 'scl')
COPIES |= {
    f'{method}/{net}_{data}' for method in FEW_SHOT_METHODS for net in ('beit3_b16', 'r12') for data in FEW_SHOT[1:]
}
DIFFERENT_CONFIGS = sorted(set(list_configs()) - COPIES)


def data_of(name: str) -> str:
    """The data set of a config: ``'cifar10'`` of ``'r50_cifar10_rotated'``."""
    return name.removeprefix('r50_').removeprefix('beit_b16_').removesuffix('_rotated').removesuffix('_multilabel')


def write_voc07(root: Path) -> Path:
    """``VOC2007`` with two classes; some objects are difficult."""
    names = {'trainval': [f'{index:06}' for index in range(6)], 'test': [f'{index:06}' for index in range(6, 10)]}
    for split, images in names.items():
        write_list(root / 'ImageSets' / 'Main' / f'{split}.txt', *images)
        for index, image in enumerate(images):
            write_image(root / 'JPEGImages' / f'{image}.jpg', (40, 32))
            objects = [thing(('aeroplane', 'bicycle')[index % 2], difficult=0)]
            objects += [thing('bird', difficult=int(index > 1))] if index else []
            write_annotation(root / 'Annotations' / f'{image}.xml', *objects, size=(40, 32))
    return root


def write_data_set(data: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the config of a data set is given as ``data_root``; written once.

    Args:
        data: Its name.
        folder: Of all data sets.
        monkeypatch: Lets mmpretrain read small CIFAR files.
    """
    if data in ('cifar10', 'cifar100'):
        return folder / 'cifar' if (folder / 'cifar').is_dir() else write_cifar(folder / 'cifar', monkeypatch)
    if data == 'imagenet':
        return folder / 'imagenet' if (folder / 'imagenet').is_dir() else write_imagenet(folder / 'imagenet')
    if data == 'voc07':
        return folder / 'voc07' if (folder / 'voc07').is_dir() else write_voc07(folder / 'voc07')
    assert data in MINI_SETS, f'{data} has no miniature'
    if not (folder / data).is_dir():
        write_miniature(data, folder)
    return folder / data / 'labels.csv'
