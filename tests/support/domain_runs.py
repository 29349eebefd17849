"""Small domain-generalisation runs: four domains of three classes, a narrow network, a few iterations."""

from pathlib import Path

from tests.support.digits_runs import CONFIGS
from tests.support.domain_files import draw_domains

DOMAINS = ('art', 'clip', 'photo', 'sketch')
CLASSES = ('bright', 'dark', 'grey')
CE = CONFIGS / 'quickstart' / 'ce_dg.py'
CORE_TUNING = CONFIGS / 'quickstart' / 'coretuning_dg.py'


def draw(root: Path, per_class: int = 10) -> Path:
    """The images of all domains."""
    return draw_domains(root, {domain: dict.fromkeys(CLASSES, per_class) for domain in DOMAINS}, side=16)


def settings(root: Path, iterations: int = 6, **overrides: object) -> dict[str, object]:
    """Overrides that cut a quickstart config down; further ones use ``__`` for dots."""
    return {
        'data_root': str(root),
        'drawn_data': None,
        'model.head.num_classes': 3,
        'train_dataloader.batch_size': 12,
        'train_cfg.max_iters': iterations,
        'train_cfg.val_interval': 2,
        'default_hooks.logger.interval': 1,
        'default_hooks.checkpoint.interval': 2,
    } | {key.replace('__', '.'): value for key, value in overrides.items()}


def short_pretraining(path: Path) -> Path:
    """A config that pre-trains for one epoch on batches of 12."""
    path.write_text(
        f"_base_ = ['{CONFIGS}/quickstart/sce_domains.py']\n"
        'train_dataloader = dict(batch_size=12)\n'
        'train_cfg = dict(max_epochs=1)\ndefault_hooks = dict(checkpoint=dict(interval=1))\n'
    )
    return path


def as_options(values: dict[str, object]) -> list[str]:
    """The same as arguments of ``--cfg-options``."""
    return [f'{name}={value}' for name, value in values.items()]
