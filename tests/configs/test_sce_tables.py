"""SCE's tables of ablations: each row of the README is built as it says, and takes a step on real images."""

import re

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from mmengine.runner import Runner

from cft.apis import load_config
from cft.apis.tables.reading import read_table
from tests.configs.test_pretraining_configs import shrink
from tests.support.digits_runs import CONFIGS

TEXT = (CONFIGS / 'sce' / 'README.md').read_text()
ROWS = [
    [cell.strip().strip('`') for cell in line.strip('|').split('|')]
    for line in TEXT.splitlines()
    if '| `model.' in line
]


def test_every_row_of_the_paper_is_there() -> None:
    """Row by row, but table 6 column by column."""
    for number in ('1', '3', '4', '6'):
        cells = read_table(f'sce/table_{number}').cells
        if number == '6':
            cells = sorted(cells, key=lambda cell: cell.column)
        assert [row[3] for row in ROWS if row[0] == number] == [f'{cell.value:.2f}' for cell in cells], number
    assert {row[4] for row in ROWS} == {'not run'}
    assert len({row[2] for row in ROWS}) == len(ROWS) == 11 + 10 + 8 + 16


def check_words(row: list[str], cfg: Config) -> None:
    """What a row says of its temperatures, weights and views is what its config has."""
    head = cfg.model.head
    found = {
        'tau': head.temperature,
        'tau_m': head.target_temperature,
        'lambda': head.get('coefficient', head.get('contrastive_weight')),
        'mu': head.get('relational_weight'),
        'eta': head.get('ceiling_weight'),
    }
    told = {name: float(number) for name, number in re.findall(r'(\w+) ([\d.]+)', row[1])}
    for name, number in ({'tau': 0.1, 'tau_m': 0.05} | told).items():
        assert found[name] == number, name
    if row[0] == '4':
        views = cfg.train_dataloader.dataset.pipeline[1].transforms
        online, target, symmetric = re.match(r'([\w-]+) against ([\w-]+)(, symmetric)?$', row[1]).groups()
        assert [view[0].distribution for view in views] == [online, target]
        assert cfg.model.get('symmetric', False) == (symmetric is not None)


@pytest.mark.parametrize('row', ROWS, ids=lambda row: f'table {row[0]}, {row[1]}')
def test_one_step(row: list[str]) -> None:
    """On a narrow network and twenty digits; the loss is finite and moves the first layer."""
    cfg = load_config(CONFIGS / 'sce' / 'r50_imagenet100.py', row[2].split())
    check_words(row, cfg)
    shrink(cfg)
    cfg.model.backbone.update(num_stages=1, out_indices=(0,), strides=(2,), dilations=(1,), base_channels=8)
    cfg.model.backbone.update(stem_channels=8)
    cfg.model.neck.in_channels = 8
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(cfg.model)
        loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    batch = model.data_preprocessor(next(iter(loader)), training=True)
    loss = model(**batch, mode='loss')['loss']
    loss.backward()
    before = model.backbone.conv1.weight.detach().clone()
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    assert loss.isfinite() and loss > 0
    assert not torch.equal(model.backbone.conv1.weight, before) and model.backbone.conv1.weight.isfinite().all()
