"""The ablations and readings that the methods' READMEs list: each is read, built as it says, and takes a step."""

import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from cft.apis import load_config, train
from cft.engine.model_access import unwrap_model
from tests.support.digits_runs import CONFIGS
from tests.test_configs import shrink

# Core-tuning, appendix: tables 7, 14 and 15 on CIFAR-10, table 13 on ImageNet20 (the row of 0.8 and 0.8 stands once).
PAPER = {
    'CIFAR-10': ['94.70 ± 0.39', '95.33 ± 0.09', '95.43 ± 0.20', '97.01 ± 0.10', '96.13 ± 0.11', *['97.31 ± 0.09'] * 2],
    'ImageNet20': ['91.55', '91.94', '92.19', '92.36', '92.73', '92.68', '92.64', '92.60', '92.59'],
}


def overrides_of(method: str) -> list[tuple[str, ...]]:
    """What stands in back quotes in the table rows of a README and sets something."""
    text = (CONFIGS / method / 'README.md').read_text()
    rows = [re.findall(r'`([^`]*)`', line) for line in text.splitlines() if line.startswith('|')]
    return [tuple(code.split()) for codes in rows for code in codes if re.match(r'model\.head\.[\w.]+=', code)]


ALL = [(method, options) for method in ('coretuning', 'schane') for options in overrides_of(method)]


def trained(cfg: Config, work_dir: Path) -> dict[str, float]:
    """The losses of one step."""
    cfg.work_dir, cfg.experiment_name = str(work_dir), work_dir.name
    runner = train(cfg)
    assert runner.iter == 1
    model = unwrap_model(runner.model)
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())
    return {name: value.current() for name, value in runner.message_hub.log_scalars.items() if 'loss' in name}


def test_the_figures_are_those_of_the_tables() -> None:
    text = (CONFIGS / 'coretuning' / 'README.md').read_text()
    cells = [[cell.strip() for cell in line.strip('|').split('|')] for line in text.splitlines() if '`model.' in line]
    published = [row[-2] for row in cells if row[-1] == 'not run']
    assert published == PAPER['CIFAR-10'] + PAPER['ImageNet20']
    assert len(ALL) == len(published) + 6 + 4


@pytest.mark.parametrize(('method', 'options'), ALL, ids=lambda value: value if isinstance(value, str) else value[0])
def test_one_step(method: str, options: tuple[str, ...], tmp_path: Path) -> None:
    """On a narrow network; what was set is what the config of the run says."""
    cfg = load_config(CONFIGS / method / 'r50_cifar10.py', list(options))
    for option in options:
        name, _, text = option.partition('=')
        node: object = cfg
        for key in name.split('.'):
            node = node[key]
        assert str(node) == text
    shrink(cfg)
    cfg.model.backbone.update(depth=18, base_channels=8)
    cfg.model.head.in_channels = 64
    losses = trained(cfg, tmp_path)
    assert losses['train/loss_ce'] > 0
    contrast = cfg.model.head.contrastive is not None and 'model.head.loss_weights.loss_con=0' not in options
    assert (losses.get('train/loss_con', 0) > 0) == contrast
