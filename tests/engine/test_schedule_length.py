"""The learning rate comes to its end with the training."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from cft.apis import load_config
from cft.engine.schedule_length import check_schedule
from cft.errors import ConfigError
from tests.support.data_set_configs import DIFFERENT_CONFIGS
from tests.support.digits_runs import CONFIGS


def config(length: dict, *schedulers: dict) -> dict:
    return {'train_cfg': length, 'param_scheduler': list(schedulers)}


@pytest.mark.parametrize(
    ('scheduler', 'setting'),
    [
        (dict(type='CosineAnnealingLR', end=100), 'end'),
        (dict(type='CosineAnnealingLR', T_max=100), 'T_max'),
        (dict(type='CosineAnnealingLR', begin=40), 'begin'),
        (dict(type='MultiStepLR', milestones=[2, 40]), 'milestones'),
        (dict(type='LinearLR', end=41), 'end'),
    ],
)
def test_beyond_the_training(scheduler: dict, setting: str) -> None:
    with pytest.raises(ConfigError, match=rf'param_scheduler\.0\.{setting} reaches to .*max_epochs is 40'):
        check_schedule(config({'max_epochs': 40}, scheduler))


def test_what_fits() -> None:
    warm_up = dict(type='LinearLR', begin=0, end=5)
    check_schedule(config({'max_epochs': 40}, warm_up, dict(type='CosineAnnealingLR', begin=5)))
    check_schedule(config({'max_epochs': 40}, dict(type='CosineAnnealingLR', end=40)))
    check_schedule(config({'max_epochs': 40}, dict(type='MultiStepLR', milestones=[20, 39])))
    # Iterations of a run over epochs are not known before its data are.
    check_schedule(config({'max_epochs': 40}, dict(type='LinearLR', end=500, by_epoch=False)))
    check_schedule({'train_cfg': None})


@pytest.mark.parametrize(
    ('scheduler', 'name'),
    [
        (dict(type='ExponentialLR', gamma=0.9), 'gamma'),
        (dict(type='StepLR', step_size=10), 'step_size'),
        (dict(type='MultiStepLR', milestones=[10]), 'milestones'),
    ],
)
def test_figures_of_another_length(scheduler: dict, name: str) -> None:
    """They stop a run whose length alone was changed; changed along, they do not."""
    written = config({'max_epochs': 100}, scheduler)
    changed = config({'max_epochs': 50}, scheduler)
    check_schedule(written, written)
    with pytest.raises(ConfigError, match=rf'{name}=.* belongs to train_cfg.max_epochs=100, which is now 50'):
        check_schedule(changed, written)
    other = {**scheduler, name: [5] if name == 'milestones' else scheduler[name] / 2}
    check_schedule(config({'max_epochs': 50}, other), written)


@pytest.mark.parametrize('name', DIFFERENT_CONFIGS)
def test_shipped_schedules_fit(name: str) -> None:
    cfg = load_config(name)
    check_schedule(cfg._cfg_dict, cfg.to_dict())


class Rates(Hook):
    """Notes the learning rate of every step."""

    def __init__(self) -> None:
        self.rates: list[float] = []

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: object = None) -> None:
        self.rates += runner.optim_wrapper.get_lr()['lr']


class Toy(BaseModel):
    """One weight."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, inputs: torch.Tensor, mode: str) -> dict:
        return {'loss': (self.weight * inputs.mean()).sum()}


def rates_of(cfg: Config, steps_per_epoch: int, work_dir: Path) -> list[float]:
    """Learning rates of a run with a config's length and schedule, whose optimiser begins at 1."""
    noted = Rates()
    Runner(
        model=Toy(),
        work_dir=str(work_dir),
        train_dataloader=DataLoader([{'inputs': torch.ones(1)}] * steps_per_epoch),
        train_cfg={key: value for key, value in cfg.train_cfg.items() if key != 'val_interval'},
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1.0)),
        param_scheduler=cfg.param_scheduler,
        custom_hooks=[noted],
        default_hooks=dict(checkpoint=None, logger=None),
        experiment_name=f'rates_{work_dir.name}',
    ).train()
    return noted.rates


@pytest.mark.parametrize(
    ('name', 'setting', 'length'),
    [
        ('ce/r50_folder', 'train_cfg.max_epochs', 4),
        ('ce/r50_folder', 'train_cfg.max_epochs', 120),
        ('sce/r18_cifar10', 'train_cfg.max_epochs', 12),
        ('ce/r50_voc_seg', 'train_cfg.max_iters', 60),
        ('quickstart/ce_digits', 'train_cfg.max_iters', 20),
    ],
)
def test_the_length_alone_moves_the_end(name: str, setting: str, length: int, tmp_path: Path) -> None:
    """Merged by MMEngine itself: the last step has a small fraction of the highest rate, whatever the length."""
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    cfg.merge_from_dict({setting: length})
    rates = rates_of(cfg, 5, tmp_path)
    assert len(rates) == length * (5 if 'epochs' in setting else 1)
    assert max(rates) == pytest.approx(1, abs=0.01) and rates[-1] < 0.07


@pytest.mark.parametrize('name', ['max_iters', 'max_epochs', 'val_interval'])
@pytest.mark.parametrize('value', [0, -1, 2.5, True, '10'])
def test_a_length_that_trains_nothing(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf'^train_cfg\.{name} must be a whole number from 1 on, got {value!r}'):
        check_schedule({'train_cfg': {name: value}})
    check_schedule({'train_cfg': {name: 1}})
    check_schedule({'train_cfg': {name: None}})
    check_schedule({'train_cfg': None})
