"""Measures of classes that a training went without, against the same from the features by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import normalize

from cft.apis import extract_features, run_plan
from cft.apis.evaluation.data import build_dataset
from cft.apis.evaluation.weights import load_weights
from cft.apis.experiments.new_classes import NEW, WORK
from cft.apis.running.runner import EvaluationRunner, build_runner
from cft.engine.ordered_pass import ordered_loader
from cft.experiments import Run, folder_of

pytestmark = pytest.mark.slow
WITHOUT = ['0', '4', '7']
PLAIN = [{'type': 'PackInputs'}]
TINY = {
    'train_cfg.max_iters': 6,
    'train_cfg.val_interval': 6,
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'default_hooks.checkpoint.interval': 6,
}


def digits(split: str) -> dict:
    return {'type': 'cft.Digits', 'split': split, 'pipeline': PLAIN}


def subset(dataset: dict) -> dict:
    return {'type': 'cft.ClassSubset', 'without': WITHOUT, 'dataset': dataset}


def test_against_features_of_all_images(tmp_path: Path) -> None:
    """The record has what one computes from all images' features; a run with all classes has nothing of it."""
    labelled = {'type': 'cft.StratifiedSubset', 'per_class': 5, 'seed': 2, 'dataset': digits('train')}
    settings = {'train_dataloader.dataset': subset(labelled), 'model.head.num_classes': 7, **TINY}
    settings |= {f'{split}_dataloader.dataset': subset(digits(split)) for split in ('val', 'test')}
    options = {'splits': ['test']}
    runs = [Run('seven', 'quickstart/scl_digits', settings, options=options)]
    runs.append(Run('all', 'quickstart/ce_digits', TINY, options=options))
    seven, every = run_plan(runs, tmp_path, 'in-process', work=WORK)
    assert NEW not in every.metrics and 'ood/auroc_confidence' not in every.metrics['test']

    folder = folder_of(tmp_path, seven)
    cfg = Config.fromfile(folder / 'scl_digits.py')
    cfg.work_dir, cfg.experiment_name = str(tmp_path / 'again'), 'again'
    runner = build_runner(cfg, EvaluationRunner)
    load_weights(runner, str(folder / seven.checkpoint))

    def features(dataset: dict) -> tuple[np.ndarray, np.ndarray]:
        found, labels = extract_features(
            runner.model, ordered_loader(build_dataset(cfg, dataset), {'batch_size': 500, **cfg.test_dataloader})
        )
        return found, labels

    (raw, y), (few, known) = features(digits('test')), features(labelled)
    x, few = normalize(raw), normalize(few)
    new, few_new = np.isin(y, [0, 4, 7]), np.isin(known, [0, 4, 7])
    assert int(few_new.sum()) == 15
    nearest = (x @ few[~few_new].T).max(axis=1)
    assert seven.metrics['test']['ood/auroc_nearest'] == pytest.approx(roc_auc_score(~new, nearest), abs=1e-9)
    means = np.stack([few[known == label].mean(axis=0) for label in (0, 4, 7)])
    guesses = np.array([0, 4, 7])[(x[new] @ normalize(means).T).argmax(axis=1)]
    assert seven.metrics[NEW]['nearest_mean/top1'] == pytest.approx(100 * (guesses == y[new]).mean())
    with torch.no_grad():
        confidence = runner.model.eval().head((torch.from_numpy(raw),)).softmax(dim=1).amax(dim=1).numpy()
    expected = roc_auc_score(~new, confidence)
    assert seven.metrics['test']['ood/auroc_confidence'] == pytest.approx(expected, abs=1e-4)
