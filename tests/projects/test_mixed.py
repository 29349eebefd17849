"""Mixtures of methods are configs: a few steps of each."""

from pathlib import Path

import pytest
import torch

from cft.apis import load_config, train
from cft.engine.model_access import unwrap_model
from tests.support.digits_runs import CONFIGS
from tests.support.short_schedules import fit_schedule

MIXED = CONFIGS.parent / 'projects' / 'mixed' / 'configs'


@pytest.mark.parametrize('name', ['coin_coretuning_schane_digits', 'sce_cutmix_digits'])
def test_a_few_steps(name: str, tmp_path: Path) -> None:
    settings = {'batch_size': 20, 'train_dataloader.num_workers': 0, 'train_dataloader.persistent_workers': False}
    settings |= {'epochs': 1} if 'sce' in name else {'train_cfg.max_iters': 4, 'train_cfg.val_interval': 4}
    cfg = load_config(MIXED / f'{name}.py', settings)
    fit_schedule(cfg)
    if 'sce' in name:
        dataset = cfg.train_dataloader.dataset
        cfg.train_dataloader.dataset = dict(type='cft.StratifiedSubset', per_class=4, dataset=dataset)
    cfg.work_dir, cfg.experiment_name = str(tmp_path), name
    runner = train(cfg)
    losses = {key for key in runner.message_hub.log_scalars if 'loss_' in key}
    expected = {'std', 'cmx'} if 'sce' in name else {'ce', 'con'}
    assert losses == {f'train/loss_{term}' for term in expected}
    model = unwrap_model(runner.model)
    if 'coin' in name:
        assert model.head.loss_weights == {'loss_ce': 0.1, 'loss_con': 0.9}
    else:
        assert type(model.head).__name__ == 'SCELoss' and model.head.coefficient == 0.5
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())
