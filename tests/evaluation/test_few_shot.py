"""Few-shot accuracy against scikit-learn, a closed form and plain loops."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import binom, norm, t
from sklearn.linear_model import LogisticRegression

from cft.errors import ConfigError, DataError
from cft.evaluation.episode_heads import HEADS, cosine_scores, logistic_scores, span_coordinates
from cft.evaluation.episodes import Episodes, draw_episodes
from cft.evaluation.feature_rows import unit_rows
from cft.evaluation.few_shot import (
    EpisodeProtocol,
    FewShotAccuracy,
    few_shot_accuracy,
    few_shot_metrics,
    few_shot_table,
    task_accuracies,
)
from cft.evaluation.nearest_means import nearest_mean_accuracy


def clouds(classes: int = 8, images: int = 40, width: int = 512, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), images)
    centres = 0.12 * (512 / width) ** 0.5 * generator.standard_normal((classes, width))
    return centres[labels] + generator.standard_normal((len(labels), width)), labels


@pytest.mark.parametrize(('shots', 'width'), [(1, 512), (5, 512), (5, 8)])
def test_logistic_regression_is_that_of_scikit_learn_on_100_tasks(shots: int, width: int) -> None:
    features, labels = clouds(width=width)
    episodes, rows = draw_episodes(labels, shots=shots, tasks=100), unit_rows(features)
    support, query = rows[episodes.support], rows[episodes.query].reshape(100, -1, width)
    scores = logistic_scores(torch.from_numpy(support), torch.from_numpy(query)).softmax(dim=2).numpy()
    accuracies = task_accuracies(features, episodes, 'logistic')
    for task in range(100):
        oracle = LogisticRegression(C=1.0, tol=1e-9, max_iter=5000)
        oracle.fit(support[task].reshape(-1, width), np.repeat(np.arange(5), shots))
        assert scores[task] == pytest.approx(oracle.predict_proba(query[task]), abs=1e-6)
        right = oracle.predict(query[task]) == np.repeat(np.arange(5), 15)
        assert accuracies[task] == pytest.approx(100 * right.mean())
    # A test on noise, or without errors, would see no difference.
    assert 25 < accuracies.mean() < 99


def test_nearest_mean_is_that_of_features() -> None:
    features, labels = clouds(width=16)
    episodes = draw_episodes(labels, shots=5, tasks=10)
    found = task_accuracies(features, episodes, 'nearest_mean')
    for task in range(10):
        support, query = episodes.support[task], episodes.query[task]
        told = nearest_mean_accuracy(
            features[support.ravel()], np.repeat(np.arange(5), 5), features[query.ravel()], np.repeat(np.arange(5), 15)
        )
        assert found[task] == pytest.approx(told)


def test_nearest_mean_of_given_prototypes_is_the_closed_form_of_two_gaussians() -> None:
    """N(m, 1) and N(-m, 1): a question is told right with probability Phi(|m|); 95 % of intervals hold it."""
    mean, tasks, trials = 0.8, 50, 200
    centre = np.array([0.0, mean, 0.0])
    expected = 100 * norm.cdf(mean)
    numbers = 2 + np.arange(tasks * 2 * 15).reshape(tasks, 2, 15)
    episodes = Episodes(np.tile([0, 1], (tasks, 1)), np.tile([[[0], [1]]], (tasks, 1, 1)), numbers)
    held, accuracies = 0, []
    for trial in range(trials):
        questions = (
            np.random.default_rng(trial).standard_normal((tasks, 2, 15, 3)) + np.stack([centre, -centre])[:, None]
        )
        features = np.concatenate([[centre, -centre], questions.reshape(-1, 3)])
        found = few_shot_accuracy(features, np.zeros(len(features), int), head='nearest_mean', episodes=[episodes])
        held += abs(found.mean - expected) <= found.interval
        accuracies.append(found.mean)
    assert binom.ppf(0.0005, trials, 0.95) <= held <= binom.ppf(0.9995, trials, 0.95)
    spread = math.sqrt(expected * (100 - expected) / (trials * tasks * 30))
    assert np.mean(accuracies) == pytest.approx(expected, abs=4 * spread)


def test_the_span_of_the_labelled_images_is_enough() -> None:
    generator = torch.Generator().manual_seed(0)
    support = torch.randn(3, 5, 2, 40, dtype=torch.float64, generator=generator)
    query = torch.randn(3, 7, 40, dtype=torch.float64, generator=generator)
    # Linearly dependent, as repeated images are.
    support[1, 0, 1] = support[1, 0, 0]
    small, asked = span_coordinates(support, query)
    assert small.shape == (3, 5, 2, 10)
    rows, own = support.flatten(1, 2), small.flatten(1, 2)
    assert torch.allclose(own @ own.mT, rows @ rows.mT)
    assert torch.allclose(asked @ own.mT, query @ rows.mT)


def test_cosine_classifier_ends_where_its_loss_is_flat() -> None:
    generator = torch.Generator().manual_seed(1)
    support = torch.nn.functional.normalize(torch.randn(4, 3, 5, 6, dtype=torch.float64, generator=generator), dim=3)
    weights = cosine_scores(support, torch.eye(6, dtype=torch.float64).expand(4, 6, 6)).mT.clone().requires_grad_(True)
    logits = 10 * support.flatten(1, 2) @ torch.nn.functional.normalize(weights, dim=2).mT
    labels = torch.arange(3).repeat_interleave(5).repeat(4)
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels)
    (gradient,) = torch.autograd.grad(loss, weights)
    assert gradient.abs().max() < 1e-6
    means = torch.nn.functional.normalize(support.mean(dim=2), dim=2)
    at_start = torch.nn.functional.cross_entropy((10 * support.flatten(1, 2) @ means.mT).flatten(0, 1), labels)
    assert loss < at_start - 0.01


@pytest.mark.parametrize('head', HEADS)
def test_scale_and_order_of_images_do_not_count_and_collapse_is_chance(head: str) -> None:
    features, labels = clouds(width=24)
    episodes = draw_episodes(labels, shots=3, tasks=30)
    found = task_accuracies(features, episodes, head)
    assert (task_accuracies(100 * features, episodes, head) == found).all()
    order = np.random.default_rng(0).permutation(len(features))
    place = np.argsort(order)
    moved = Episodes(episodes.classes, place[episodes.support], place[episodes.query])
    assert (task_accuracies(features[order], moved, head) == found).all()
    assert task_accuracies(np.ones((len(features), 4)), episodes, head) == pytest.approx(20)
    separate = np.eye(8)[labels]
    assert task_accuracies(separate, episodes, head) == pytest.approx(100)


def test_mean_median_run_and_interval() -> None:
    features, labels = clouds(width=24)
    protocol = EpisodeProtocol(ways=3, queries=10, tasks=40, runs=3, seed=7)
    found = few_shot_accuracy(features, labels, 2, 'nearest_mean', protocol)
    runs = [task_accuracies(features, draw_episodes(labels, 3, 2, 10, 40, seed), 'nearest_mean') for seed in (7, 8, 9)]
    assert found.runs == pytest.approx([run.mean() for run in runs])
    middle = sorted(runs, key=np.mean)[1]
    low, high = t.interval(0.95, 39, middle.mean(), middle.std(ddof=1) / math.sqrt(40))
    assert (found.median, found.interval) == pytest.approx((middle.mean(), (high - low) / 2))
    assert few_shot_metrics({(2, 'nearest_mean'): found})['few_shot/2shot_nearest_mean'] == found.mean
    assert few_shot_table({(2, 'nearest_mean'): found})['rows'][0][1:4] == [found.mean, found.median, found.interval]


def test_the_median_of_an_even_number_of_runs_is_one_of_them() -> None:
    found = FewShotAccuracy((4.0, 1.0, 3.0, 2.0), (0.4, 0.1, 0.3, 0.2))
    assert (found.median, found.interval, found.mean) == (2.0, 0.2, 2.5)


def test_a_single_task_has_no_interval() -> None:
    features, labels = clouds(width=8)
    found = few_shot_accuracy(features, labels, protocol=EpisodeProtocol(tasks=1, runs=1))
    assert math.isnan(found.interval)
    assert list(few_shot_metrics({(1, 'cosine'): found})) == ['few_shot/1shot_cosine', 'few_shot/1shot_cosine_median']
    assert few_shot_table({(1, 'cosine'): found})['rows'][0][3] is None


def test_what_cannot_be_solved() -> None:
    features, labels = clouds(width=8)
    episodes = draw_episodes(labels, tasks=2)
    with pytest.raises(ConfigError, match="few-shot head 'svm' is none of logistic, nearest_mean, cosine"):
        task_accuracies(features, episodes, 'svm')
    with pytest.raises(DataError, match='the tasks name image .* and there are features of 30'):
        task_accuracies(features[:30], episodes)
    with pytest.raises(ConfigError, match='runs must be at least 1'):
        few_shot_accuracy(features, labels, protocol=EpisodeProtocol(runs=0))
