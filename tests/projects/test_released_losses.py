"""Each deviation of a loss against plain loops, and against the paper's loss where they must agree."""

import doctest
from functools import partial
from importlib import import_module

import pytest
import torch
from torch import Tensor

from cft.models import FocalSupConLoss, SCELoss, SupConLoss
from cft.models.pairs import HardPairMixup, MixedPairs
from projects.released_code import ReleasedSupConLoss, SupContrastLoss, ZeroLogitSCELoss
from tests.projects import released_oracles
from tests.support.comparison import assert_matches_oracle, random_rows, value_and_gradients

# Classes of 3, 2 and 4 samples and one sample without a positive.
LABELS = torch.tensor([0, 1, 2, 0, 3, 2, 1, 2, 0, 2])
CLASSES = 4


def generated() -> MixedPairs:
    """Soft labels as the code makes them: most of their own, three equal to a class, one mixture twice."""
    pairs = HardPairMixup()(random_rows(10), LABELS, CLASSES)
    pairs.negative_targets[:2] = torch.eye(CLASSES, dtype=torch.float64)[[0, 2]]
    pairs.positive_targets[3] = torch.eye(CLASSES, dtype=torch.float64)[1]
    pairs.positive_targets[5] = pairs.negative_targets[6]
    pairs.positive_mask[7], pairs.negative_mask[8] = False, False
    return pairs


def batch() -> tuple[Tensor, Tensor, Tensor]:
    """Features and the projections of both kinds of generated samples."""
    return tuple(random_rows(10, seed=seed) for seed in range(3))


def handed_over(loss: torch.nn.Module, mixed: MixedPairs) -> partial:
    """The loss of features and generated rows, as the branch calls it."""
    masks = {'positive_mask': mixed.positive_mask, 'negative_mask': mixed.negative_mask}
    targets = {'positive_targets': mixed.positive_targets, 'negative_targets': mixed.negative_targets}
    return lambda z, p, n: loss(z, LABELS, p, n, **masks, **(targets if isinstance(loss, ReleasedSupConLoss) else {}))


@pytest.mark.parametrize('divide_by_rows', [False, True])
@pytest.mark.parametrize('all_anchors', [False, True])
def test_labelled_mixtures(all_anchors: bool, divide_by_rows: bool) -> None:
    mixed, switches = generated(), {'all_anchors': all_anchors, 'divide_by_rows': divide_by_rows}
    loss = ReleasedSupConLoss(0.2, focal=True, labelled_mixtures=True, **switches)
    oracle = partial(released_oracles.core_tuning, mixed=mixed, temperature=0.2, **switches)
    assert_matches_oracle(handed_over(loss, mixed), lambda z, p, n: oracle(z, LABELS, p, n), *batch())


def test_own_positive_becomes_a_negative() -> None:
    """With a label of its own z+ repels the anchor that the paper lets it attract."""
    labels, features = torch.arange(10) // 2, batch()[0]
    mixed = HardPairMixup()(random_rows(10), labels, 5)
    targets = {'positive_targets': mixed.positive_targets, 'negative_targets': mixed.negative_targets}
    for labelled, sign in ((False, -1), (True, 1)):
        loss = ReleasedSupConLoss(1.0, labelled_mixtures=labelled)
        _, gradients = value_and_gradients(lambda z, p, n: loss(z, labels, p, n, **targets), *batch())  # noqa: B023
        # A row's length does not matter, so its gradient is tangential: what counts is the side of the anchor.
        towards_anchor = (gradients[1] * torch.nn.functional.normalize(features)).sum(dim=1)
        assert (sign * towards_anchor).sum() > 0
        assert labelled or (sign * towards_anchor > 0).all()


@pytest.mark.parametrize('keep_diagonal', [False, True])
@pytest.mark.parametrize('divide_by_rows', [False, True])
def test_coin(divide_by_rows: bool, keep_diagonal: bool) -> None:
    switches = {'divide_by_rows': divide_by_rows, 'keep_diagonal': keep_diagonal}
    loss, oracle = ReleasedSupConLoss(0.3, **switches), partial(released_oracles.coin, temperature=0.3, **switches)
    assert_matches_oracle(lambda z: loss(z, LABELS), lambda z: oracle(z, LABELS), batch()[0])


@pytest.mark.parametrize('focal', [False, True])
def test_all_switches_off_is_the_papers_loss(focal: bool) -> None:
    mixed, paper = generated(), (FocalSupConLoss if focal else SupConLoss)(0.2)
    loss = ReleasedSupConLoss(0.2, focal=focal)
    for found, expected in zip(
        value_and_gradients(handed_over(loss, mixed), *batch()),
        value_and_gradients(handed_over(paper, mixed), *batch()),
        strict=True,
    ):
        torch.testing.assert_close(found, expected)
    torch.testing.assert_close(loss(batch()[0], LABELS), paper(batch()[0], LABELS))


def test_division_is_a_factor_where_classes_are_equal() -> None:
    """12 rows of 3 classes: |P_i| is 3 of a batch alone, 4 with the own generated positive, of 36 rows."""
    labels, (features, positives, negatives) = torch.arange(12) % 3, (random_rows(12, seed=seed) for seed in range(3))
    paper, divided = FocalSupConLoss(0.1), ReleasedSupConLoss(0.1, focal=True, divide_by_rows=True)
    torch.testing.assert_close(divided(features, labels), paper(features, labels) * 3 / 12)
    both = (features, labels, positives, negatives)
    torch.testing.assert_close(divided(*both), paper(*both) * 4 / 36)


def test_diagonal_adds_the_log_of_the_denominator() -> None:
    """Divided by N in both: the rest is the mean over anchors of (log sum - 1 / tau) / N."""
    features, labels, tau = random_rows(12), torch.arange(12) % 3, 0.3
    without, kept = (ReleasedSupConLoss(tau, divide_by_rows=True, keep_diagonal=keep) for keep in (False, True))
    unit = torch.nn.functional.normalize(features)
    logits = (unit @ unit.T / tau).masked_fill(torch.eye(12, dtype=torch.bool), -torch.inf)
    added = (logits.logsumexp(dim=1) - 1 / tau).mean() / 12
    torch.testing.assert_close(kept(features, labels) - without(features, labels), added)


@pytest.mark.parametrize('base_temperature', [0.07, 0.3])
def test_supcontrast(base_temperature: float) -> None:
    loss = SupContrastLoss(base_temperature, mean_over_all=True, temperature=0.3)
    oracle = partial(released_oracles.supcontrast, temperature=0.3, base_temperature=base_temperature)
    assert_matches_oracle(lambda z: loss(z, LABELS), lambda z: oracle(z, LABELS), batch()[0])
    off = SupContrastLoss(temperature=0.3)
    assert torch.equal(off(batch()[0], LABELS), SupConLoss(0.3)(batch()[0], LABELS))


@pytest.mark.parametrize('with_queue', [False, True])
def test_zero_logit_sce(with_queue: bool) -> None:
    query, key, queue = (random_rows(count, seed=seed) for seed, count in enumerate((6, 6, 9)))
    loss, queue = ZeroLogitSCELoss(0.2, 0.1, 0.4), queue if with_queue else None
    assert_matches_oracle(
        lambda z: loss(z, key, queue),
        lambda z: released_oracles.sce(z, key, queue, tau=0.2, tau_m=0.1, coefficient=0.4),
        query,
    )


def test_zero_logit_does_not_matter_beside_a_close_key() -> None:
    """A key of equal direction has exp(1 / tau_m) in the target; far ones leave the own key nearly all of it."""
    query, key = random_rows(4), random_rows(4, seed=1)
    near, far = key.repeat(2, 1), -torch.stack([key.mean(dim=0)] * 3)
    papers, released = (kind(0.1, 0.05, 0.0) for kind in (SCELoss, ZeroLogitSCELoss))
    torch.testing.assert_close(released(query, key, near), papers(query, key, near), rtol=1e-6, atol=0)
    assert abs(released(query, key, far) - papers(query, key, far)) > 0.1


@pytest.mark.parametrize('labels', [[0], [0, 1, 2], [1, 1, 1, 1]])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float16])
def test_degenerate_batches_are_finite(labels: list[int], dtype: torch.dtype) -> None:
    features = random_rows(len(labels), seed=3).to(dtype)
    classes = torch.tensor(labels)
    mixed = HardPairMixup()(features, classes, 3)
    arguments = (mixed.positives, mixed.negatives, mixed.positive_mask, mixed.negative_mask)
    arguments += (mixed.positive_targets, mixed.negative_targets)
    for loss in (
        ReleasedSupConLoss(divide_by_rows=True, keep_diagonal=True),
        ReleasedSupConLoss(focal=True, divide_by_rows=True, labelled_mixtures=True, all_anchors=True),
        SupContrastLoss(0.07, mean_over_all=True),
    ):
        extras = arguments if getattr(loss, 'labelled_mixtures', False) else ()
        value, (gradient,) = value_and_gradients(lambda z: loss(z, classes, *extras), features)  # noqa: B023
        assert torch.isfinite(value) and torch.isfinite(gradient).all()


def test_nothing_to_compare_and_not_a_number() -> None:
    loss = ReleasedSupConLoss(divide_by_rows=True, keep_diagonal=True)
    nothing = torch.zeros(0, 4, requires_grad=True)
    loss(nothing, torch.zeros(0, dtype=torch.long)).backward()
    assert nothing.grad.shape == (0, 4)
    assert torch.isnan(loss(torch.tensor([[1.0, 0.0], [torch.nan, 1.0]]), torch.tensor([0, 0])))
    empty = (nothing, torch.zeros(0, dtype=torch.long), nothing, nothing)
    targets = torch.zeros(0, 3)
    labelled = ReleasedSupConLoss(labelled_mixtures=True, all_anchors=True)
    assert labelled(*empty, positive_targets=targets, negative_targets=targets) == 0


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'temperature': 0.0}, 'temperature must be positive'),
        ({'keep_diagonal': True, 'focal': True}, 'keep_diagonal goes with neither'),
        ({'keep_diagonal': True, 'labelled_mixtures': True}, 'keep_diagonal goes with neither'),
        ({'all_anchors': True}, 'all_anchors needs labelled_mixtures'),
    ],
)
def test_settings_without_a_meaning(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ReleasedSupConLoss(**settings)


def test_arguments_that_do_not_fit() -> None:
    features, positives, negatives = batch()
    loss = ReleasedSupConLoss(labelled_mixtures=True)
    with pytest.raises(ValueError, match='ReleasedBranch'):
        loss(features, LABELS, positives, negatives)
    for extras in ((positives[:3], negatives), (positives, None)):
        with pytest.raises(ValueError, match=r'both kinds of generated rows must be \(10, 5\)'):
            loss(features, LABELS, *extras)
    with pytest.raises(ValueError, match='base_temperature must be positive'):
        SupContrastLoss(base_temperature=0)


@pytest.mark.parametrize('name', ['branch', 'head', 'pairs', 'sce', 'sets', 'supcon', 'supcontrast'])
def test_examples_of_the_docstrings(name: str) -> None:
    result = doctest.testmod(import_module(f'projects.released_code.{name}'), extraglobs={'torch': torch})
    assert result.failed == 0 and result.attempted > 0
