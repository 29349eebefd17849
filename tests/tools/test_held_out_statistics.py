"""Statistics of the held-out images in the place of those of training."""

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from cft.apis import load_config, train
from tests.support.command_line import ROOT
from tests.support.domain_runs import CE, draw, settings


@pytest.fixture(scope='module')
def tool() -> SimpleNamespace:
    path = list(sys.path)
    try:
        sys.path.insert(0, str(ROOT / 'tools'))
        return SimpleNamespace(**runpy.run_path(str(ROOT / 'tools' / 'analysis' / 'held_out_statistics.py')))
    finally:
        sys.path[:] = path


@pytest.mark.slow
@pytest.mark.parametrize('norm_eval', [False, True])
def test_statistics_that_fit_nothing_are_mended(tool: SimpleNamespace, tmp_path: Path, norm_eval: bool) -> None:
    """With a spoilt mean one class is predicted throughout; with the images' own one the run's accuracy is back."""
    values = settings(draw(tmp_path / 'domains'), iterations=30, train_cfg__val_interval=30, test_domain='photo')
    values['default_hooks.checkpoint.interval'] = 30
    cfg = load_config(CE, values)
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'].dataset.test_domain = 'photo'
    cfg.work_dir, cfg.experiment_name = str(tmp_path / 'run'), f'held_out_{norm_eval}'
    cfg.default_hooks.checkpoint.save_best = None
    cfg.default_hooks.checkpoint.pop('rule')
    runner = train(cfg)
    expected = runner.test()['accuracy/average']
    file = tmp_path / 'run' / 'iter_30.pth'
    content = torch.load(file, weights_only=False)
    for name, value in content['state_dict'].items():
        if name.endswith('running_mean'):
            value.add_(1000)
    torch.save(content, file)
    (dumped,) = (tmp_path / 'run').glob('*.py')
    if norm_eval:
        dumped.write_text(f'{dumped.read_text()}\nmodel["backbone"]["norm_eval"] = True\n')
    (spoilt, commonest), (mended, _) = tool.measure(str(tmp_path / 'run'))
    assert spoilt == pytest.approx(100 / 3, abs=0.1) and commonest == 100
    assert expected > 60 and mended > 60
