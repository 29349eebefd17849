"""Train without some classes, and ask what the features are worth for images of these."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.runner import Runner

from cft.apis.evaluation.data import build_dataset, evaluated_split
from cft.apis.evaluation.evaluating import evaluate_runner
from cft.apis.evaluation.features import extract_features
from cft.apis.evaluation.unknown_classes import SUBSET, set_unknown_classes, whole
from cft.apis.evaluation.weights import load_weights
from cft.apis.running.planning import forgotten_instances
from cft.apis.running.runner import EvaluationRunner, build_runner
from cft.engine.ordered_pass import ordered_loader
from cft.evaluation import nearest_mean_accuracy, neighbour_scores, ood_auroc, retrieval_scores
from cft.experiments import Run, RunRecord

from .checks import configured
from .runs import train_and_measure

WORK = 'cft.apis.experiments.new_classes:train_and_measure_new_classes'
NEW = 'new classes'
Labelled = tuple[np.ndarray, np.ndarray]


def train_and_measure_new_classes(run: Run, folder: Path, inputs: Mapping[str, Path]) -> RunRecord:
    """Train and measure; a model that was trained without classes is measured on these as well. A work of ``run_plan``.

    Without classes means a test set ``cft.ClassSubset(without=[...])``, and the
    same in training and validation. Beside :func:`cft.apis.train_and_measure`,
    the record of such a run has

    - on ``'test'``: ``ood/auroc_confidence``, images of the other classes told by the largest probability, and
      ``ood/auroc_nearest``, by the similarity to the nearest training image;
    - on ``'new classes'``: ``nearest_mean/top1``, test images of these classes by the means of their training images,
      which no training has seen with a label, and ``retrieval/map_at_r`` among the test images.

    Args:
        run: As of :func:`cft.apis.train_and_measure`.
        folder: Its work dir.
        inputs: Checkpoints of the runs that it needs.

    Example:
        >>> run_plan(runs, 'work_dirs/beyond', work=WORK)[0].metrics['new classes']  # doctest: +SKIP
        {'nearest_mean/top1': 93.1, 'retrieval/map_at_r': 74.0}
    """
    record = train_and_measure(run, folder, inputs)
    with forgotten_instances():
        cfg = configured(run, dict(record.overrides))
        names = classes_left_out(cfg)
        if not names or record.checkpoint is None:
            return record
        cfg.work_dir, cfg.experiment_name = str(folder), f'{folder.name}_new_classes'
        outside = set_unknown_classes(cfg, names, 'test')
        runner = build_runner(cfg, EvaluationRunner)
        load_weights(runner, str(folder / record.checkpoint))
        known = evaluate_runner(runner, 'test', ['ood/auroc_confidence'], folder, outside=outside).metrics
        nearest = _nearest_auroc(runner, names)
        new = _measure_new(runner, names)
    metrics = {**record.metrics, 'test': {**record.metrics.get('test', {}), **known, **nearest}, NEW: new}
    return replace(record, metrics=metrics)


def classes_left_out(cfg: Config) -> list[str]:
    """Names of the classes without which a config trains.

    Example:
        >>> classes_left_out(Config({'test_dataloader': {'dataset': {'type': 'cft.ClassSubset', 'without': ['fox']}}}))
        ['fox']
    """
    dataset = (cfg.get('test_dataloader') or {}).get('dataset', {})
    return list(dataset.get('without') or ()) if dataset.get('type') == SUBSET else []


def _nearest_auroc(runner: Runner, names: list[str]) -> dict[str, float]:
    train, _ = _features(runner, names, 'train', new=False)
    inside, _ = _features(runner, names, 'test', new=False)
    outside, _ = _features(runner, names, 'test', new=True)
    # With the few training images of a class, a later neighbour is one of another class.
    scores = [neighbour_scores(features, train, k=1) for features in (inside, outside)]
    return {'ood/auroc_nearest': ood_auroc(*scores)}


def _measure_new(runner: Runner, names: list[str]) -> dict[str, float]:
    test = _features(runner, names, 'test', new=True)
    return {
        'nearest_mean/top1': nearest_mean_accuracy(*_features(runner, names, 'train', new=True), *test),
        'retrieval/map_at_r': retrieval_scores(*test)['map_at_r'],
    }


def _features(runner: Runner, names: list[str], split: str, new: bool) -> Labelled:
    dataset, loading = evaluated_split(runner.cfg, split)
    if new:
        dataset = dict(type=SUBSET, classes=names, dataset=whole(dataset))
    return extract_features(runner.model, ordered_loader(build_dataset(runner.cfg, dataset), loading))
