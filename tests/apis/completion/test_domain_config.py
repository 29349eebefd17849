"""complete_domain_config: domains and classes are found, told and counted; the held-out domain must be named."""

from pathlib import Path

import pytest
from mmengine.config import Config

from cft.apis import load_config
from cft.apis.completion.completion import complete_config
from cft.apis.completion.domain_config import complete_domain_config
from cft.apis.experiments.checks import configured
from cft.apis.experiments.domain_generalization import held_out_runs
from cft.errors import ConfigError
from tests.support.digits_runs import CONFIGS
from tests.support.domain_files import draw_domains

SIZES = {
    'photo': {'cat': 4, 'dog': 4, 'elk': 4},
    'sketch': {'cat': 4, 'dog': 4},
    'art': {'cat': 4, 'dog': 4, 'elk': 4},
}


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_domains(tmp_path_factory.mktemp('data') / 'pictures', SIZES, side=8)


def complete(root: Path, *options: str) -> Config:
    cfg = load_config('schane/r50_folder_dg', [f'data_root={root}', *options])
    complete_domain_config(cfg)
    return cfg


def test_classes_and_domains(root: Path, capsys: pytest.CaptureFixture) -> None:
    cfg = complete(root, 'test_domain=photo')
    assert cfg.model.head.num_classes == 3
    assert {cfg[f'{split}_dataloader'].dataset.test_domain for split in ('train', 'val', 'test')} == {'photo'}
    output = ''.join(capsys.readouterr())
    assert '3 domains, 3 classes (cat, dog, elk); trained on art, sketch, tested on photo' in output
    assert 'domain sketch lacks 1 of the 3 classes: elk' in output
    assert complete(root, 'test_domain=photo', 'model.head.num_classes=5').model.head.num_classes == 5


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ((), r"has the domains \['art', 'photo', 'sketch'\]; say which is held out for the test: test_domain=NAME"),
        (('test_domain=foto',), r"test_domain='foto' is no domain of .*; it has \['art', 'photo', 'sketch'\]"),
    ],
)
def test_no_held_out_domain(options: tuple[str, ...], message: str, root: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        complete(root, *options)


def test_class_folders_without_domains(tmp_path: Path) -> None:
    (tmp_path / 'cat').mkdir()
    with pytest.raises(ConfigError, match=r'has 1 domain folder.*put the images into <domain>/<class>/'):
        complete(tmp_path, 'test_domain=cat')


def test_normalization_is_measured_without_the_held_out_domain(root: Path) -> None:
    import cv2
    import numpy as np

    from cft.datasets import DomainFolder

    cfg = load_config('ce/r50_folder_dg', [f'data_root={root}', 'test_domain=art', 'normalization=dataset'])
    complete_config(cfg)
    dataset = DomainFolder(str(root), 'art')
    files = [dataset.get_data_info(index)['img_path'] for index in range(len(dataset))]
    pixels = np.concatenate([cv2.imread(file)[..., ::-1].reshape(-1, 3) for file in files]).astype(float)
    assert cfg.model.data_preprocessor.mean == pytest.approx(pixels.mean(0), abs=1e-3)
    assert cfg.model.data_preprocessor.to_rgb is True and 'bgr_to_rgb' not in cfg.model.data_preprocessor


def test_each_domain_is_held_out_in_turn(root: Path) -> None:
    """The table's plan: nobody needs to name a domain."""
    config = CONFIGS / 'ce' / 'r50_folder_dg.py'
    runs = held_out_runs([config], [0, 1], [f'data_root={root}'])
    found = [(run.labels['test_domain'], run.seed) for run in runs]
    assert found == [(domain, seed) for domain in ('art', 'photo', 'sketch') for seed in (0, 1)]
    for run in runs:
        cfg = configured(run)
        complete_domain_config(cfg)
        assert cfg.model.head.num_classes == 3
