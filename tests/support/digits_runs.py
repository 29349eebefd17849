"""Short runs of the quickstart configs, as a user starts them."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import Runner

from cft.apis import load_config, train
from cft.checkpoints import read_state_dict
from tests.support.short_schedules import fit_schedule

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
FINE_TUNING = ('ce', 'scl', 'coretuning', 'coin', 'schane')
# What the papers compare them with; not each has a meaning in every task.
BASELINES = ('triplet', 'mm', 'ce_simclr', 'rifle', 'noisytune', 'bituning', 'l2sp', 'delta', 'bss')
PRETRAINING = ('sce', 'ressl', 'mocov2', 'hexa_moco', 'deepcluster', 'hexa_dcluster')


def short_config(name: str, work_dir: Path, iterations: int = 6, subset: bool = True, **overrides: object) -> Config:
    """A quickstart config cut to a few iterations, in pre-training epochs of 50 images unless ``subset`` is False.

    Overrides use ``__`` for dots.
    """
    settings = {
        'train_dataloader.batch_size': 20,
        'train_dataloader.num_workers': 0,
        'train_dataloader.persistent_workers': False,
        'default_hooks.logger.interval': 1,
        'default_hooks.checkpoint.interval': 1,
        'default_hooks.checkpoint.max_keep_ckpts': -1,
    }
    if name in PRETRAINING:
        settings |= {'train_cfg.max_epochs': iterations}
    else:
        settings |= {'train_cfg.max_iters': iterations, 'train_cfg.val_interval': iterations}
    settings |= {key.replace('__', '.'): value for key, value in overrides.items()}
    cfg = load_config(CONFIGS / 'quickstart' / f'{name}_digits.py', settings)
    fit_schedule(cfg)
    if name in PRETRAINING and subset:
        dataset = cfg.train_dataloader.dataset
        cfg.train_dataloader.dataset = dict(type='cft.StratifiedSubset', per_class=5, dataset=dataset)
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = str(work_dir).replace('/', '_')
    return cfg


def run(name: str, work_dir: Path, resume_from: Path | None = None, **overrides: object) -> Runner:
    """Train; continue from a checkpoint if one is named."""
    cfg = short_config(name, work_dir, **overrides)
    if resume_from is not None:
        cfg.resume, cfg.load_from = True, str(resume_from)
    return train(cfg)


def weights(checkpoint: Path) -> dict[str, torch.Tensor]:
    """The state dict of a checkpoint that the test itself has written."""
    return read_state_dict(checkpoint)
