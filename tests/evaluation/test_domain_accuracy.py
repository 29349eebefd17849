"""DomainAccuracy against counting, and what it refuses."""

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmpretrain.structures import DataSample

from cft.errors import ConfigError
from cft.evaluation.metrics import DomainAccuracy
from cft.registry import METRICS

NAMES = ('art', 'photo', 'sketch')


def sample(domain: int, label: int, scores: list[float]) -> DataSample:
    predicted = DataSample().set_gt_label(label).set_pred_score(torch.tensor(scores))
    predicted.set_metainfo({'domain': domain})
    return predicted


def evaluate(samples: list[DataSample], batch: int = 7) -> dict[str, float]:
    """Through MMEngine's evaluator, batch by batch."""
    evaluator = Evaluator(METRICS.build(dict(type='cft.DomainAccuracy')))
    evaluator.dataset_meta = {'domains': NAMES}
    for start in range(0, len(samples), batch):
        evaluator.process(samples[start : start + batch])
    return evaluator.evaluate(len(samples))


@pytest.mark.parametrize('seed', range(3))
def test_against_counting(seed: int) -> None:
    """Domains of very different sizes: the average is that of the domains, not of the images."""
    rng = np.random.default_rng(seed)
    domains = rng.permutation([0] * 50 + [1] * 7 + [2] * 3).tolist()
    samples = [sample(domain, int(rng.integers(3)), rng.random(3).tolist()) for domain in domains]
    right, total = [0] * 3, [0] * 3
    for one in samples:
        total[one.domain] += 1
        right[one.domain] += one.pred_score.tolist().index(max(one.pred_score.tolist())) == one.gt_label.item()
    expected = {f'accuracy/{name}': 100 * r / t for name, r, t in zip(NAMES, right, total, strict=True)}
    expected['accuracy/average'] = sum(expected.values()) / 3
    assert evaluate(samples) == pytest.approx(expected)


def test_one_domain_of_the_test_split() -> None:
    """Domains without a sample have no accuracy and no part in the average."""
    samples = [sample(2, 0, [0.9, 0.1]), sample(2, 1, [0.9, 0.1]), sample(2, 1, [0.2, 0.8]), sample(2, 0, [0.6, 0.4])]
    assert evaluate(samples) == {'accuracy/sketch': 75.0, 'accuracy/average': 75.0}


def test_results_are_forgotten_between_evaluations() -> None:
    metric = DomainAccuracy()
    metric.dataset_meta = {'domains': NAMES}
    for scores, expected in (([1.0, 0.0], 100.0), ([0.0, 1.0], 0.0)):
        metric.process(None, [sample(0, 0, scores).to_dict()])
        assert metric.evaluate(1)['accuracy/average'] == expected


def test_samples_without_domain() -> None:
    lost = DataSample().set_gt_label(0).set_pred_score(torch.tensor([1.0, 0.0]))
    with pytest.raises(ConfigError, match="do not carry 'domain'.*meta_keys"):
        evaluate([lost])


@pytest.mark.parametrize(
    ('meta', 'message'),
    [({'classes': ('a',)}, 'names its domains'), ({'domains': ('average', 'photo')}, "'average'.*rename")],
)
def test_dataset_that_the_metric_cannot_report(meta: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Evaluator(DomainAccuracy()).dataset_meta = meta
