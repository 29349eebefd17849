"""Bi-tuning's two losses against the loop oracles, and queues that are not as one wishes."""

import math

import pytest
import torch
from torch import Tensor

from cft.models.losses import categorical_contrastive_loss, contrastive_cross_entropy_loss
from tests.support import oracles
from tests.support.comparison import assert_matches_oracle, random_rows, value_and_gradients

LABELS = torch.tensor([0, 1, 2, 0, 3, 2])
WEIGHTS = random_rows(4, seed=9)
QUEUES = {
    'all classes': [0, 0, 1, 1, 2, 2, 3, 3],
    'class 3 has no key': [0, 0, 0, 1, 1, 2, 2, 2],
    'slots without a key': [0, -1, 1, -1, -1, 2, 3, -1],
    'other classes only': [4, 4, 5, 5, 6, 6, 7, 7],
    'one class': [0] * 8,
    'no key': [-1] * 8,
}


def projector(query: Tensor, key: Tensor, queue: Tensor, labels: Tensor, **settings: float) -> Tensor:
    return categorical_contrastive_loss(query, key, LABELS, queue, labels, **settings)


def classifier(features: Tensor, weights: Tensor, queue: Tensor, labels: Tensor, **settings: float) -> Tensor:
    return contrastive_cross_entropy_loss(features, LABELS, weights, queue, labels, **settings)


@pytest.mark.parametrize('temperature', [0.07, 1.0])
@pytest.mark.parametrize('kind', QUEUES)
def test_the_projector_s_loss_is_the_equation(kind: str, temperature: float) -> None:
    """Value and gradient of query, key (none) and queue (none)."""
    labels = torch.tensor(QUEUES[kind])
    assert_matches_oracle(
        lambda q, k, m: projector(q, k, m, labels, temperature=temperature),
        lambda q, k, m: oracles.categorical_contrastive(q, k, LABELS, m, labels, temperature=temperature),
        *(random_rows(count, seed=count) for count in (6, 6, 8)),
    )


@pytest.mark.parametrize('temperature', [0.07, 1.0])
@pytest.mark.parametrize('kind', QUEUES)
def test_the_classifier_s_loss_is_the_equation(kind: str, temperature: float) -> None:
    """Value and gradient of features, class weights and queue (none)."""
    labels = torch.tensor(QUEUES[kind])
    assert_matches_oracle(
        lambda h, w, m: classifier(h, w, m, labels, temperature=temperature),
        lambda h, w, m: oracles.contrastive_cross_entropy(h, LABELS, w, m, labels, temperature=temperature),
        *(random_rows(count, seed=count) for count in (6, 4, 8)),
    )


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize('scale', [1, 2e-3, 500])
def test_short_types(dtype: torch.dtype, scale: float) -> None:
    """Of any length: computed in float32, under autocast as well."""
    labels = torch.tensor(QUEUES['all classes'])
    rows = [scale * random_rows(count, seed=count, dtype=dtype) for count in (6, 6, 8)]
    with torch.autocast('cpu', dtype=torch.bfloat16):
        value, gradients = value_and_gradients(lambda q, k, m: projector(q, k, m, labels), *rows)
    expected = oracles.categorical_contrastive(*(r.double() for r in rows[:2]), LABELS, rows[2].double(), labels)
    torch.testing.assert_close(value.double(), expected, rtol=1e-5, atol=0)
    assert all(gradient.isfinite().all() and gradient.dtype == dtype for gradient in gradients)


def test_without_any_key_the_own_candidate_is_alone() -> None:
    """It is recognised for certain: 0, without gradient."""
    labels = torch.tensor(QUEUES['no key'])
    value, gradients = value_and_gradients(
        lambda q, k, m: projector(q, k, m, labels), *(random_rows(count, seed=count) for count in (6, 6, 8))
    )
    assert value == 0 and not any(gradient.any() for gradient in gradients)


def test_one_image_and_none() -> None:
    rows, queue, labels = random_rows(1), random_rows(8, seed=1), torch.tensor(QUEUES['all classes'])
    value = categorical_contrastive_loss(rows, rows, LABELS[:1], queue, labels)
    assert value == pytest.approx(float(oracles.categorical_contrastive(rows, rows, LABELS[:1], queue, labels)))
    none = random_rows(0).requires_grad_()
    value = contrastive_cross_entropy_loss(none, LABELS[:0], WEIGHTS, queue, labels)
    value.backward()
    assert value == 0 and none.grad.shape == (0, 5)


def test_value_by_hand() -> None:
    """At right angles with tau 1: e for the own key and that of the class, 1 for each of two others."""
    rows, labels = torch.eye(3, dtype=torch.float64), torch.arange(3)
    expected = math.log((2 * math.e + 2) / math.e)
    assert categorical_contrastive_loss(rows, rows, labels, rows, labels, temperature=1.0) == pytest.approx(expected)


def test_the_order_of_the_queue_and_lengths_do_not_matter() -> None:
    query, key, queue = (random_rows(count, seed=count) for count in (6, 6, 8))
    labels, order = torch.tensor(QUEUES['slots without a key']), torch.randperm(8)
    value = projector(query, key, queue, labels)
    torch.testing.assert_close(projector(3 * query, key / 7, 2 * queue[order], labels[order]), value)


def test_what_is_not_finite() -> None:
    """In a slot without a key it has no effect; anywhere else the value is NaN."""
    query, key, queue = (random_rows(count, seed=count) for count in (6, 6, 8))
    labels = torch.tensor(QUEUES['slots without a key'])
    spoilt = queue.masked_fill(labels[:, None] < 0, torch.nan)
    value, gradients = value_and_gradients(lambda q: projector(q, key, spoilt, labels), query)
    assert value == projector(query, key, queue, labels) and gradients[0].isfinite().all()
    for place in range(3):
        rows = [query.clone(), key.clone(), queue.clone()]
        rows[place][0, 0] = torch.inf
        assert projector(*rows, labels).isnan()


def test_the_loss_of_the_classifier_trains_the_weights_of_the_labels_alone() -> None:
    labels = torch.tensor(QUEUES['all classes'])
    present = torch.tensor([0, 0, 2, 2, 2, 0])
    _, (gradient,) = value_and_gradients(
        lambda w: contrastive_cross_entropy_loss(random_rows(6), present, w, random_rows(8, seed=1), labels), WEIGHTS
    )
    assert gradient.abs().sum(dim=1).gt(1e-6).tolist() == [True, False, True, False]
