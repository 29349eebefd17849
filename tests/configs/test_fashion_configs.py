"""The Fashion-MNIST configs of the quickstart take an epoch on miniature files."""

from pathlib import Path

import pytest
import torch

from cft.apis import extract_features, load_config, train
from cft.apis.evaluation.data import build_dataset
from cft.apis.evaluation.pretraining import plain_dataset
from cft.engine.ordered_pass import ordered_loader
from tests.support.digits_runs import CONFIGS, PRETRAINING
from tests.support.fashion_files import write_fashion_files
from tests.support.short_schedules import fit_schedule


@pytest.mark.parametrize('name', PRETRAINING)
def test_an_epoch_and_the_features(name: str, tmp_path: Path) -> None:
    """Views of 28 pixels train every method; its encoder describes plain test images."""
    settings = {
        'data_root': str(write_fashion_files(tmp_path)),
        'train_dataloader.dataset.train_per_class': 2,
        'train_dataloader.dataset.val_per_class': 1,
        'train_dataloader.batch_size': 20,
        'train_dataloader.num_workers': 0,
        'train_dataloader.persistent_workers': False,
        'train_cfg.max_epochs': 1,
    }
    if 'cluster' in name:
        settings['model.num_prototypes'] = (6, 4)
    cfg = load_config(CONFIGS / 'quickstart' / f'{name}_fashion.py', settings)
    fit_schedule(cfg)
    cfg.work_dir, cfg.experiment_name = str(tmp_path / 'run'), f'{name}_fashion'
    runner = train(cfg)
    assert runner.iter == 1
    assert torch.isfinite(torch.tensor(runner.message_hub.get_scalar('train/loss').current()))
    images = build_dataset(cfg, plain_dataset(cfg, 'test'))
    features, labels = extract_features(runner.model, ordered_loader(images, cfg.train_dataloader))
    assert features.shape == (10, 64)
    assert labels.tolist() == list(range(10))
