"""TripletLoss against one triplet after the other, against torch's own, and what the two minings are."""

import pytest
import torch
from torch.nn import TripletMarginWithDistanceLoss

from cft.models.losses import TripletLoss, triplet_loss
from tests.support import oracles
from tests.support.comparison import assert_matches_oracle, random_rows, value_and_gradients

LABELS = torch.tensor([0, 1, 2, 0, 3, 2, 1, 2, 0, 2])
DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16]


@pytest.mark.parametrize('dtype', DTYPES, ids=str)
@pytest.mark.parametrize('mining', ['all', 'hard'])
@pytest.mark.parametrize('margin', [0.05, 0.2, 2.1, 5.0])
def test_value_and_gradient_are_the_equation(margin: float, mining: str, dtype: torch.dtype) -> None:
    """On batches where some hinges are open and some closed, and where all are open."""
    loss = TripletLoss(margin, mining)
    for seed in range(3):
        assert_matches_oracle(
            lambda z: loss(z, LABELS),
            lambda z: oracles.triplet(z, LABELS, margin=margin, mining=mining),
            random_rows(10, seed=seed, dtype=dtype),
        )


@pytest.mark.parametrize('margin', [0.2, 2.1])
def test_is_the_mean_of_torchs_loss_over_random_triplets(margin: float) -> None:
    """Mix-and-match draws one positive and one negative for each anchor; this is what that is on average."""
    features, generator = random_rows(9, 4), torch.Generator().manual_seed(0)
    labels = torch.arange(9) % 3
    squared = TripletMarginWithDistanceLoss(
        distance_function=lambda a, b: (a - b).square().sum(dim=1), margin=margin, reduction='none'
    )
    unit = torch.nn.functional.normalize(features)
    same = labels[:, None] == labels[None, :]
    near = torch.multinomial((same & ~torch.eye(9, dtype=torch.bool)).double(), 20000, True, generator=generator)
    far = torch.multinomial((~same).double(), 20000, True, generator=generator)
    drawn = torch.stack([squared(unit[[i]].expand(20000, -1), unit[near[i]], unit[far[i]]) for i in range(9)])
    error = drawn.std(dim=1).square().sum().sqrt() / 9 / 20000**0.5
    assert abs(drawn.mean() - TripletLoss(margin)(features, labels)) < 4 * error


def test_hard_takes_the_farthest_positive_and_the_nearest_negative() -> None:
    """The other rows have no gradient."""
    angles = torch.tensor([0.0, 0.1, 0.9, 1.2, 3.0], dtype=torch.float64)
    rows = torch.stack([angles.cos(), angles.sin()], dim=1)
    labels = torch.tensor([0, 0, 0, 1, 2])

    def distance(i: int, j: int) -> torch.Tensor:
        return (rows[i] - rows[j]).square().sum()

    # Anchor, its farthest positive, its nearest negative; the two last rows have no positive.
    triplets = [(0, 2, 3), (1, 2, 3), (2, 0, 3)]
    expected = torch.stack([(distance(i, p) - distance(i, n) + 0.5).clamp(min=0) for i, p, n in triplets])
    value = TripletLoss(0.5, 'hard')(rows, labels)
    torch.testing.assert_close(value, expected.mean(), rtol=1e-12, atol=0)
    _, (gradient,) = value_and_gradients(lambda z: TripletLoss(0.5, 'hard')(z, labels), rows)
    assert (gradient[4] == 0).all() and gradient[2].abs().max() > 1e-3


def test_apart_by_more_than_the_margin_nothing_is_left() -> None:
    """Two classes at opposite poles: the distances are 0 and 4."""
    rows, labels = torch.tensor([[1.0, 0.0]] * 2 + [[-1.0, 0.0]] * 2), torch.tensor([0, 0, 1, 1])
    for mining in ('all', 'hard'):
        value, (gradient,) = value_and_gradients(lambda z, m=mining: TripletLoss(3.9, m)(z, labels), rows)
        assert value == 0 and not gradient.any()
        assert TripletLoss(4.5, mining)(rows, labels) == pytest.approx(0.5)


def test_an_anchor_needs_a_positive_and_a_negative() -> None:
    """A lone sample is no anchor; of one class there is none."""
    rows, labels = random_rows(5), torch.tensor([0, 0, 1, 1, 2])
    for mining in ('all', 'hard'):
        value = TripletLoss(1.0, mining)(rows, labels)
        torch.testing.assert_close(value, oracles.triplet(rows, labels, margin=1.0, mining=mining), rtol=1e-12, atol=0)
        assert TripletLoss(1.0, mining)(rows, torch.zeros(5).long()) == 0


def test_memory_grows_with_the_square_of_the_batch() -> None:
    """All triplets of 2,000 rows would be 8e9 numbers, 32 GB."""
    rows = torch.randn(2000, 8, generator=torch.Generator().manual_seed(0))
    value, (gradient,) = value_and_gradients(lambda z: TripletLoss()(z, torch.arange(2000) % 10), rows)
    assert value > 0 and gradient.isfinite().all()


def test_functional_form_is_the_module() -> None:
    features = random_rows(10)
    function = triplet_loss(features, LABELS, margin=0.7, mining='hard')
    assert torch.equal(TripletLoss(0.7, 'hard')(features, LABELS), function)
    with pytest.raises(ValueError, match=r"mining must be one of \['all', 'hard'\], got 'hardest'"):
        triplet_loss(features, LABELS, mining='hardest')


@pytest.mark.parametrize('margin', [0, -0.5, float('nan')])
def test_refuses_bad_margins(margin: float) -> None:
    with pytest.raises(ValueError, match='margin must be positive'):
        TripletLoss(margin)
