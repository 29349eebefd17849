"""Accuracy by the number of training images: borders, plain loops, the metric and its mistakes."""

import numpy as np
import pytest
import torch

from cft.apis import evaluate_runner, load_config, train
from cft.errors import ConfigError, DataError
from cft.evaluation.class_groups import GROUPS, class_group_table, class_groups
from cft.evaluation.metrics import ClassGroupAccuracy

DIGITS = dict(type='cft.Digits', split='train')


def test_borders() -> None:
    counts = [0, 19, 20, 50, 100, 101, 5000]
    found = [GROUPS[group] for group in class_groups(counts)]
    assert found == ['few', 'few', 'medium', 'medium', 'medium', 'many', 'many']
    assert [GROUPS[group] for group in class_groups([4, 5, 6], many=5, few=6)] == ['few', 'few', 'many']
    with pytest.raises(ConfigError, match='overlap'):
        class_groups(counts, many=10, few=20)


def test_table_is_that_of_plain_loops() -> None:
    generator = np.random.default_rng(0)
    counts = generator.integers(1, 300, 40)
    labels, correct = generator.integers(0, 40, 500), generator.random(500) < 0.6
    table = class_group_table(correct, labels, counts, many=200, few=60)
    for row, inside in zip(table['rows'], (lambda n: n > 200, lambda n: 60 <= n <= 200, lambda n: n < 60), strict=True):
        own = [right for right, label in zip(correct, labels, strict=True) if inside(counts[label])]
        classes = [count for count in counts if inside(count)]
        assert row[1:] == [pytest.approx(100 * sum(own) / len(own)), len(classes), len(own), sum(classes)]
    assert sum(row[3] for row in table['rows']) == 500
    with pytest.raises(DataError, match='are no classes of 40'):
        class_group_table(correct, labels + 1, counts)


def sample(label: int, predicted: int) -> dict:
    return {'gt_label': torch.tensor([label]), 'pred_score': torch.eye(10)[predicted]}


def test_metric_counts_the_training_images() -> None:
    part = dict(type='cft.ClassSubset', classes=['0', '1'], dataset=DIGITS)
    few = dict(type='cft.StratifiedSubset', per_class=5, dataset=part)
    metric = ClassGroupAccuracy(dataset=few, many=100, few=20)
    metric.dataset_meta = {'classes': ('0', '1')}
    assert metric.counts.tolist() == [5, 5]
    metric.process(None, [sample(0, 0), sample(1, 0), sample(1, 1), sample(1, 1)])
    assert metric.evaluate(4) == {'accuracy/few': 75.0}
    with pytest.raises(ConfigError, match='its training data have 2 classes'):
        metric.dataset_meta = {'classes': ('0', '2')}


def test_evaluation_has_a_table(tmp_path) -> None:
    cfg = load_config('quickstart/ce_digits', {'train_cfg.max_iters': 1, 'train_cfg.val_interval': 1})
    cfg.work_dir, cfg.experiment_name = str(tmp_path), 'class_groups'
    cfg.test_evaluator = [
        dict(type='Accuracy'),
        dict(type='cft.ClassGroupAccuracy', many=4, few=2, dataset=cfg.train_dataloader.dataset),
    ]
    found = evaluate_runner(train(cfg), 'test')
    many, medium, few = found.tables['class_groups']['rows']
    assert many[1:] == [pytest.approx(found.metrics['accuracy/top1']), 10, 500, 50]
    assert found.metrics['accuracy/many'] == pytest.approx(many[1])
    assert medium[1:] == few[1:] == [None, 0, 0, 0] and 'accuracy/few' not in found.metrics
