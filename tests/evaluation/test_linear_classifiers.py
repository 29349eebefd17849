"""Linear probe and SVM against torch minimising the same objective."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from cft.errors import ConfigError, DataError
from cft.evaluation import linear_probe_accuracy, linear_svm_accuracy
from cft.evaluation.linear_classifiers import COSTS, STRENGTHS, held_out


@pytest.fixture(scope='module')
def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Little to learn from, with a third of the labels wrong, so that the strength matters."""
    features, labels = load_digits(return_X_y=True)
    noisy = labels.copy()
    noisy[::3] = np.random.default_rng(0).integers(0, 10, len(noisy[::3]))
    return features[:120], noisy[:120] + 5, features[120:900], labels[120:900] + 5


def minimised(objective, shape: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    weight, bias = (torch.zeros(size, dtype=torch.float64, requires_grad=True) for size in (shape, shape[1]))
    optimizer = torch.optim.LBFGS(
        [weight, bias], max_iter=2000, tolerance_grad=1e-9, tolerance_change=0, line_search_fn='strong_wolfe'
    )

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = objective(weight, bias)
        loss.backward()
        return loss

    optimizer.step(closure)
    return weight.detach(), bias.detach()


def probe(train: np.ndarray, labels: np.ndarray, l2: float):
    """A function from features to log-probabilities."""
    mean, std = train.mean(axis=0), train.std(axis=0)

    def rows(features: np.ndarray) -> torch.Tensor:
        return torch.tensor((features - mean) / np.where(std > 0, std, np.inf))

    x, y = rows(train), torch.tensor(labels - 5)
    weight, bias = minimised(
        lambda w, b: torch.nn.functional.cross_entropy(x @ w + b, y) + l2 / 2 * w.square().sum(), (x.shape[1], 10)
    )
    return lambda features: torch.log_softmax(rows(features) @ weight + bias, dim=1).numpy()


@pytest.mark.parametrize('l2', [1.0, 0.01])
def test_probe_equals_torch(digits: tuple, l2: float) -> None:
    train, labels, test, test_labels = digits
    expected = 100 * np.mean(probe(train, labels, l2)(test).argmax(axis=1) == test_labels - 5)
    assert linear_probe_accuracy(*digits, l2=l2) == pytest.approx(expected, rel=1e-12)
    assert 30 < expected < 95


def test_probe_chooses_by_the_loss_of_held_out_images(digits: tuple) -> None:
    train, labels, *_ = digits
    mean, std = train.mean(axis=0), train.std(axis=0)
    # Scaled by all training images, as the fit to all of them is.
    scaled = (train - mean) / np.where(std > 0, std, np.inf)
    out, losses = held_out(scaled, labels), []
    for l2 in STRENGTHS[:3]:
        x, y = torch.tensor(scaled[~out]), torch.tensor(labels[~out] - 5)
        weight, bias = minimised(
            lambda w, b, x=x, y=y, l2=l2: torch.nn.functional.cross_entropy(x @ w + b, y) + l2 / 2 * w.square().sum(),
            (64, 10),
        )
        held = torch.tensor(scaled[out]) @ weight + bias
        losses.append(float(torch.nn.functional.cross_entropy(held, torch.tensor(labels[out] - 5))))
    best = STRENGTHS[int(np.argmin(losses))]
    assert best not in (STRENGTHS[0], STRENGTHS[2])
    assert linear_probe_accuracy(*digits) == linear_probe_accuracy(*digits, l2=best)
    assert linear_probe_accuracy(*digits) != linear_probe_accuracy(*digits, l2=best / 100)


@pytest.mark.parametrize('cost', [0.1, 10.0])
def test_svm_equals_torch(digits: tuple, cost: float) -> None:
    train, labels, test, test_labels = digits
    x = torch.tensor(train / np.linalg.norm(train, axis=1, keepdims=True))
    signs = torch.tensor(np.where(np.eye(10)[labels - 5] > 0, 1.0, -1.0))
    weight, bias = minimised(
        lambda w, b: (
            (w.square().sum() + b.square().sum()) / 2 + cost * torch.relu(1 - signs * (x @ w + b)).square().sum()
        ),
        (64, 10),
    )
    scores = torch.tensor(test / np.linalg.norm(test, axis=1, keepdims=True)) @ weight + bias
    expected = 100 * np.mean(scores.argmax(dim=1).numpy() == test_labels - 5)
    assert linear_svm_accuracy(*digits, cost=cost) == pytest.approx(expected, rel=1e-12)
    assert 30 < expected < 95


@pytest.mark.parametrize('classes', [2, 10])
def test_svm_chooses_by_the_errors_of_held_out_images(digits: tuple, classes: int) -> None:
    train, labels, test, test_labels = digits
    train, labels = train[labels < 5 + classes], labels[labels < 5 + classes]
    unit = train / np.linalg.norm(train, axis=1, keepdims=True)
    out = held_out(unit, labels)
    held = [linear_svm_accuracy(unit[~out], labels[~out], unit[out], labels[out], cost=cost) for cost in COSTS]
    rises = next((i for i in range(1, len(COSTS)) if held[i] < max(held[:i])), len(COSTS))
    best = COSTS[int(np.argmax(held[:rises]))]
    assert len(set(held)) > 1
    expected = linear_svm_accuracy(train, labels, test, test_labels, cost=best)
    assert linear_svm_accuracy(train, labels, test, test_labels) == expected
    assert any(linear_svm_accuracy(train, labels, test, test_labels, cost=cost) != expected for cost in COSTS)


def test_held_out_takes_a_fifth_of_each_class_whatever_the_order() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 2, 3, 4, 5], [1, 2, 4, 10, 23])
    features = rng.standard_normal((len(labels), 3))
    out = held_out(features, labels)
    assert [int(out[labels == c].sum()) for c in range(1, 6)] == [0, 1, 1, 2, 5]
    order = rng.permutation(len(labels))
    assert (held_out(features[order], labels[order]) == out[order]).all()


def test_dead_dimensions_and_labels_that_training_lacks() -> None:
    """A constant dimension tells nothing, also where a test image differs in it; an unknown class is never right."""
    train = np.array([[0.0, 0.1], [1.0, 0.1], [4.0, 0.1], [5.0, 0.1]])
    test, labels = np.array([[0.0, 99.0], [5.0, -99.0], [5.0, 0.1]]), np.array([0, 1, 2])
    assert linear_probe_accuracy(train, np.array([0, 0, 1, 1]), test, labels) == pytest.approx(200 / 3)


@pytest.mark.parametrize('accuracy', [linear_probe_accuracy, linear_svm_accuracy])
def test_what_cannot_be_fitted(accuracy) -> None:
    x, y = np.eye(4), np.array([0, 0, 1, 1])
    with pytest.raises(DataError, match='two classes'):
        accuracy(x, np.zeros(4, dtype=int), x, y)
    with pytest.raises(DataError, match='no class has two'):
        accuracy(x, np.arange(4), x, y)
    with pytest.raises(DataError, match='4 numbers beside test features of 3'):
        accuracy(x, y, np.eye(3), np.arange(3))
    with pytest.raises(ConfigError, match='above 0, not 0'):
        accuracy(x, y, x, y, 0.0)
