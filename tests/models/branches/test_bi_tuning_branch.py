"""BiTuningBranch: both losses on what the classifier and the projector make of the features."""

import re

import pytest
import torch
from torch import Tensor, nn

from cft.errors import ConfigError
from cft.models.branches import BiTuningBranch, ContrastiveSide, PastAndPresentKeys
from tests.support import oracles
from tests.support.comparison import random_rows, value_and_gradients

LABELS = torch.tensor([0, 1, 2, 0])
QUEUE_LABELS = torch.tensor([0, 1, 1, -1, 2, 2])
PROJECTOR = {'type': 'cft.MLPProjector', 'in_channels': 5, 'out_channels': 3, 'num_layers': 1}


def branch(**settings: object) -> BiTuningBranch:
    torch.manual_seed(0)
    return BiTuningBranch(PROJECTOR, **settings).double()


def keys() -> PastAndPresentKeys:
    return PastAndPresentKeys(
        random_rows(4, 3, seed=1), random_rows(6, seed=2), random_rows(6, 3, seed=3), QUEUE_LABELS
    )


def extended(rows: Tensor, number: Tensor | float) -> Tensor:
    column = number if isinstance(number, Tensor) else torch.full((len(rows),), number, dtype=rows.dtype)
    return torch.stack([torch.cat([row, value[None]]) for row, value in zip(rows, column, strict=True)])


@pytest.mark.parametrize('bias', [True, False])
def test_sum_of_both_losses(bias: bool) -> None:
    """The bias belongs to the logit: it is one more weight, of a feature that is 1."""
    module, classifier, given = branch(temperature=0.2, loss_weight=0.5), nn.Linear(5, 3, bias=bias).double(), keys()

    def expected(features: Tensor) -> Tensor:
        rows, weights, queue = features, classifier.weight, given.queue_features
        if bias:
            rows, weights, queue = extended(rows, 1.0), extended(weights, classifier.bias), extended(queue, 1.0)
        first = oracles.contrastive_cross_entropy(rows, LABELS, weights, queue, QUEUE_LABELS, temperature=0.2)
        projected = torch.stack([module.projector.layers[0](row) for row in features])
        second = oracles.categorical_contrastive(
            projected, given.projections, LABELS, given.queue_projections, QUEUE_LABELS, temperature=0.2
        )
        return 0.5 * (first + second)

    features, parameters = random_rows(4), [*module.parameters(), *classifier.parameters()]
    value, (gradient,) = value_and_gradients(
        lambda z: module(z, LABELS, 3, keys=given, classifier=classifier)[0], features
    )
    oracle, (right,) = value_and_gradients(expected, features)
    torch.testing.assert_close(value, oracle)
    torch.testing.assert_close(gradient, right)
    trained = torch.autograd.grad(module(features, LABELS, 3, keys=given, classifier=classifier)[0], parameters)
    torch.testing.assert_close(trained, torch.autograd.grad(expected(features), parameters))
    assert all(found.abs().max() > 1e-6 for found in trained)


def test_nothing_is_generated() -> None:
    assert branch()(random_rows(4), LABELS, 3, keys=keys(), classifier=nn.Linear(5, 3).double())[1] is None


def test_errors() -> None:
    with pytest.raises(ConfigError, match="set model.type='cft.BiTuningClassifier'"):
        branch()(random_rows(4), LABELS, 3)
    with pytest.raises(ValueError, match='temperature must be positive'):
        branch(temperature=0)


class Head(ContrastiveSide, nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.init_contrastive(5, {'type': 'cft.BiTuningBranch', 'projector': PROJECTOR}, False, None)


def test_a_head_without_keys_refuses_it() -> None:
    with pytest.raises(ConfigError, match=re.escape('Head cannot have the BiTuningBranch: its keys come from another')):
        Head()
