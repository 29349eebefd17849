"""Losses of large batches, by sums over tiles: equal to those from all pairs at once, and to plain loops."""

import itertools
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from cft.models.losses import crossover, schane_loss, supcon_loss
from cft.ops import row_blocks
from cft.ops.contrastive import tiles
from tests.support import oracles
from tests.support.comparison import TOLERANCES, assert_matches_oracle, random_rows, value_and_gradients

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]

SUPCON = [
    {'focal': focal, 'only_extra_positives': only, 'same_class_candidates': same}
    for focal, (only, same) in itertools.product((False, True), ((False, False), (True, False), (True, True)))
]
SCHANE = [
    {'detach_weights': detach, 'mean_inside_log': inside}
    for detach, inside in itertools.product((False, True), repeat=2)
]
# 23 rows: no tile divides them. Tiles of one class, of two, and of many.
LABELS = {
    'one class': torch.zeros(23).long(),
    'two classes': torch.arange(23) % 2,
    'unequal classes': torch.tensor([0] * 14 + [1] * 6 + [-3] * 2 + [9]).roll(5),
    'nearly distinct': torch.arange(23) // 2,
    'all distinct': torch.arange(23).flip(0),
}


@pytest.fixture(params=[5, 64], ids=['many tiles', 'one tile'])
def tiled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way of large batches, with few rows."""
    monkeypatch.setattr(crossover, 'ALL_PAIRS_ROWS', -1)
    monkeypatch.setattr(tiles, 'TILE', request.param)
    monkeypatch.setattr(row_blocks, 'BLOCK', 4)


def with_all_pairs(loss: Loss, *rows: Tensor) -> tuple[Tensor, list[Tensor]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crossover, 'ALL_PAIRS_ROWS', 10**9)
        return value_and_gradients(loss, *rows)


def masks(number: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(3)
    return {f'{name}_mask': torch.rand(number, generator=generator) < 0.6 for name in ('positive', 'negative')}


@pytest.mark.usefixtures('tiled')
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32])
@pytest.mark.parametrize('temperature', [0.01, 0.07, 1.0])
@pytest.mark.parametrize('kind', LABELS)
def test_equal_to_all_pairs(kind: str, temperature: float, dtype: torch.dtype) -> None:
    """All options of all losses, with and without own candidates; at 0.01 with exponentials beyond float32."""
    labels = LABELS[kind]
    rows = [random_rows(23, 7, seed=seed) for seed in range(3)]
    calls: list[Loss] = [lambda z, p, n, o=o: schane_loss(z, labels, temperature=temperature, **o) for o in SCHANE]
    for options in SUPCON:
        options = options | {'temperature': temperature}
        calls.append(lambda z, p, n, o=options: supcon_loss(z, labels, **o))
        calls.append(lambda z, p, n, o=options: supcon_loss(z, labels, p, n, **masks(23), **o))
    # Rounding of a cosine is divided by the temperature, twice in a gradient.
    bound = 1e-10 if dtype == torch.float64 else 2e-6 / temperature
    for loss in calls:
        value, gradients = value_and_gradients(loss, *(each.to(dtype) for each in rows))
        expected, wanted = with_all_pairs(loss, *rows)
        torch.testing.assert_close(value.double(), expected, rtol=bound, atol=bound)
        scale = max(1.0, *(float(each.abs().max()) for each in wanted))
        for gradient, right in zip(gradients, wanted, strict=True):
            assert (gradient.double() - right).abs().max() <= bound * scale


@pytest.mark.usefixtures('tiled')
@pytest.mark.parametrize('dtype', list(TOLERANCES), ids=str)
@pytest.mark.parametrize('focal', [False, True])
def test_supcon_of_plain_loops(focal: bool, dtype: torch.dtype) -> None:
    labels = LABELS['unequal classes']
    assert_matches_oracle(
        lambda z, p, n: supcon_loss(z, labels, p, n, **masks(23), temperature=0.1, focal=focal),
        lambda z, p, n: oracles.supcon(z, labels, p, n, **masks(23), temperature=0.1, focal=focal),
        *(random_rows(23, 7, seed=seed, dtype=dtype) for seed in range(3)),
    )


@pytest.mark.usefixtures('tiled')
@pytest.mark.parametrize('dtype', list(TOLERANCES), ids=str)
@pytest.mark.parametrize('options', SCHANE, ids=str)
def test_schane_of_plain_loops(options: dict, dtype: torch.dtype) -> None:
    labels = LABELS['unequal classes']
    assert_matches_oracle(
        lambda z: schane_loss(z, labels, **options),
        lambda z: oracles.schane(z, labels, **options),
        random_rows(23, 7, dtype=dtype),
    )


@pytest.mark.usefixtures('tiled')
@pytest.mark.parametrize('number', [0, 1, 2])
def test_hardly_any_row(number: int) -> None:
    """As from all pairs, exactly 0 without a positive."""
    for labels in (torch.zeros(number).long(), torch.arange(number)):
        for loss in (
            lambda z, y=labels: supcon_loss(z, y),
            lambda z, y=labels: supcon_loss(z, y, focal=True),
            lambda z, y=labels: schane_loss(z, y),
        ):
            value, (gradient,) = value_and_gradients(loss, random_rows(number))
            expected, (right,) = with_all_pairs(loss, random_rows(number))
            torch.testing.assert_close(value, expected, rtol=0, atol=1e-13)
            torch.testing.assert_close(gradient, right, rtol=0, atol=1e-12)


@pytest.mark.usefixtures('tiled')
@pytest.mark.parametrize('temperature', [0.02, 0.5])
def test_gradcheck(temperature: float) -> None:
    """Central differences, at temperatures of both kinds of arithmetic."""
    labels = torch.tensor([0, 1, 2, 0, 1, 0])
    rows = [random_rows(6, 3, seed=seed).requires_grad_() for seed in range(3)]
    options = {'temperature': temperature}
    for focal in (False, True):
        loss = partial(supcon_loss, focal=focal, **options)
        assert torch.autograd.gradcheck(lambda z, p, n, f=loss: f(z, labels, p, n, **masks(6)), rows)
    for inside in (False, True):
        assert torch.autograd.gradcheck(
            lambda z, i=inside: schane_loss(z, labels, mean_inside_log=i, **options), rows[:1]
        )


@pytest.mark.usefixtures('tiled')
def test_a_second_derivative_is_refused() -> None:
    rows = random_rows(8).requires_grad_()
    value = supcon_loss(rows, torch.arange(8) // 2)
    (gradient,) = torch.autograd.grad(value, rows, create_graph=True)
    with pytest.raises(RuntimeError, match='once_differentiable'):
        gradient.sum().backward()


@pytest.mark.usefixtures('tiled')
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_autocast_changes_nothing(dtype: torch.dtype) -> None:
    """Neither around the loss nor around its backward pass."""
    labels, rows = LABELS['two classes'], random_rows(23, 7, dtype=torch.float32)
    for call in (lambda z: supcon_loss(z, labels, z.flip(0), focal=True), lambda z: schane_loss(z, labels)):
        value, (gradient,) = value_and_gradients(call, rows)
        with torch.autocast('cpu', dtype=dtype):
            inside, (inside_gradient,) = value_and_gradients(call, rows)
        assert torch.equal(value, inside)
        assert torch.equal(gradient, inside_gradient)


@pytest.mark.usefixtures('tiled')
@pytest.mark.parametrize('entry', [torch.nan, torch.inf])
@pytest.mark.parametrize('temperature', [0.01, 0.07])
def test_what_is_not_finite_makes_the_value_nan(temperature: float, entry: float) -> None:
    """Also in a row without a positive."""
    labels = LABELS['unequal classes']
    for row in range(23):
        rows = random_rows(23, 7)
        rows[row, 2] = entry
        for focal in (False, True):
            assert supcon_loss(rows, labels, temperature=temperature, focal=focal).isnan()
        assert schane_loss(rows, labels, temperature=temperature).isnan()
