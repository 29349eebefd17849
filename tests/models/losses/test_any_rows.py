"""Rows of any type and length, through every loss: finite and right, or NaN where something that counts is."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from cft.models import losses
from cft.models.losses import (
    FocalSupConLoss,
    InfoNCELoss,
    PrototypeLoss,
    ReSSLLoss,
    SCELoss,
    SCETermsLoss,
    SCHaNeLoss,
    SupConLoss,
    TripletLoss,
)

PAIRED = torch.tensor([0, 0, 1, 1, 2, 2])
EXISTS = torch.tensor([True, False, True, True, False, True])
Call = Callable[[nn.Module, Tensor, Tensor, Tensor], Tensor]


def labelled(loss: nn.Module, first: Tensor, *_: Tensor) -> Tensor:
    return loss(first, PAIRED)


def with_extras(loss: nn.Module, *rows: Tensor) -> Tensor:
    first, second, third = rows
    return loss(first, PAIRED, second, third, EXISTS, ~EXISTS)


def views(loss: nn.Module, *rows: Tensor) -> Tensor:
    return loss(*rows)


def without_queue(loss: nn.Module, first: Tensor, second: Tensor, _: Tensor) -> Tensor:
    return loss(first, second)


def prototypes(loss: nn.Module, first: Tensor, second: Tensor, _: Tensor) -> Tensor:
    return loss(first, second, torch.tensor([0, 1, -1, 3, 3, 5]))


# A new loss is a line here.
LOSSES: list[tuple[nn.Module, Call]] = [
    (SupConLoss(), labelled),
    (SupConLoss(temperature=1e-3), with_extras),
    (SupConLoss(only_extra_positives=True), with_extras),
    (SupConLoss(only_extra_positives=True, same_class_candidates=True), with_extras),
    (FocalSupConLoss(), with_extras),
    (SCHaNeLoss(), labelled),
    (SCHaNeLoss(temperature=0.01), labelled),
    (SCHaNeLoss(mean_inside_log=False), labelled),
    (TripletLoss(), labelled),
    (TripletLoss(margin=2.1, mining='hard'), labelled),
    (InfoNCELoss(), views),
    (ReSSLLoss(), views),
    (SCELoss(), views),
    (SCETermsLoss(), without_queue),
    (PrototypeLoss(), prototypes),
]
NAMED = pytest.mark.parametrize(('loss', 'call'), LOSSES, ids=lambda value: getattr(value, '__name__', str(value)))


def ordinary(seed: int) -> Tensor:
    return torch.randn(6, 8, generator=torch.Generator().manual_seed(seed))


KINDS: dict[str, Callable[[Tensor], Tensor]] = {
    'ordinary': lambda rows: rows,
    'zero': torch.zeros_like,
    'one zero': lambda rows: rows * (PAIRED > 0)[:, None],
    'identical': lambda rows: rows[:1].repeat(6, 1),
    'opposite': lambda rows: torch.cat([rows[:3], -rows[:3]]),
    'float32 1e15': lambda rows: rows * 1e15,
    'float32 1e19': lambda rows: rows * 1e19,
    'float32 1e30': lambda rows: rows * 1e30,
    'float32 3e37': lambda rows: rows * 3e37,
    'float32 largest': lambda rows: torch.full_like(rows, torch.finfo(torch.float32).max),
    'float32 smallest': lambda rows: torch.full_like(rows, 1e-45),
    'float32 all lengths': lambda rows: rows * torch.logspace(-38, 37, 6)[:, None],
    'float64': lambda rows: rows.double(),
    'float64 1e300': lambda rows: rows.double() * 1e300,
    'float16': lambda rows: rows.half(),
    # Not all equal: among tied cosines the hardest one, and with it the gradient, would be a matter of rounding.
    'float16 largest': lambda rows: (rows.sign() * torch.linspace(5e4, 65504, 8)).half(),
    'float16 smallest': lambda rows: (rows * 6e-8).half(),
    'bfloat16': lambda rows: rows.bfloat16(),
    'bfloat16 largest': lambda rows: (rows.sign() * torch.linspace(2e38, 3e38, 8)).bfloat16(),
}


def value_and_gradients(loss: nn.Module, call: Call, rows: list[Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
    leaves = [row.clone().requires_grad_() for row in rows]
    value = call(loss, *leaves)
    return value.detach(), torch.autograd.grad(value, leaves, materialize_grads=True)


def length(rows: Tensor) -> Tensor:
    """In float64, through the largest entry, so that no square overflows; 1 for a row without a direction."""
    largest = rows.double().abs().amax(dim=1, keepdim=True).clamp(min=1e-300)
    lengths = (rows.double() / largest).norm(dim=1, keepdim=True) * largest
    return torch.where(lengths < 1e-6, 1.0, lengths)


@NAMED
@pytest.mark.parametrize('place', ['first', 'others'])
@pytest.mark.parametrize('kind', KINDS)
def test_finite_with_the_gradient_of_unit_rows(loss: nn.Module, call: Call, kind: str, place: str) -> None:
    """A loss of directions alone: its gradient at c * u, times c, is that at u, orthogonal to u."""
    plain = [ordinary(0), ordinary(1), ordinary(2)]
    special = [KINDS[kind](row) for row in plain]
    rows = [special[0], *plain[1:]] if place == 'first' else [plain[0], *special[1:]]
    value, gradients = value_and_gradients(loss, call, rows)
    lengths = [length(row) for row in rows]
    scaled = [row.double() / size for row, size in zip(rows, lengths, strict=True)]
    directed = [row.norm(dim=1, keepdim=True) > 1e-3 for row in scaled]
    expected, wanted = value_and_gradients(loss, call, scaled)
    # A margin is one of distances as they are.
    temperature = getattr(loss, 'temperature', 1.0)
    tolerance = 2e-5 / temperature
    torch.testing.assert_close(value.double(), expected, rtol=tolerance, atol=tolerance)
    assert value.isfinite()
    for row, gradient, size, right, has_direction in zip(rows, gradients, lengths, wanted, directed, strict=True):
        assert gradient.dtype == row.dtype
        assert gradient.isfinite().all()
        kinds = torch.finfo(row.dtype)
        right = right / size
        # What rounding of the row's own type does to the gradient, besides that of the cosines.
        allowed = tolerance / temperature / size + kinds.eps * right.abs() + kinds.smallest_normal * kinds.eps
        assert ((gradient.double() - right).abs() <= allowed).all()
        radial = (gradient.double() * row.double() / size).sum(dim=1, keepdim=True)
        assert (radial.abs() <= 16 * allowed.amax(dim=1, keepdim=True))[has_direction].all()


@NAMED
@pytest.mark.parametrize('entry', [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize('place', [0, 1, 2])
def test_what_is_not_finite_counts_or_has_no_effect(loss: nn.Module, call: Call, entry: float, place: int) -> None:
    """A row that takes part makes the value NaN; one that does not leaves value and gradients as they are."""
    rows = [ordinary(0), ordinary(1), ordinary(2)]
    before, gradients_before = value_and_gradients(loss, call, rows)
    for row in range(6):
        changed = [given.clone() for given in rows]
        changed[place][row] = 0
        taken_out, gradients_taken_out = value_and_gradients(loss, call, changed)
        changed[place][row, 3] = entry
        value, gradients = value_and_gradients(loss, call, changed)
        if taken_out != before:
            assert value.isnan()
        elif value.isfinite():
            assert value == before
            for gradient, same in zip(gradients, gradients_taken_out, strict=True):
                assert torch.equal(gradient, same)
    assert all(gradient.isfinite().all() for gradient in gradients_before)


@pytest.mark.parametrize('loss', [SupConLoss(), FocalSupConLoss(), SCHaNeLoss(), TripletLoss()], ids=str)
def test_not_finite_without_a_positive(loss: nn.Module) -> None:
    """Nothing counts, and yet a finite loss would come with NaN gradients."""
    rows = ordinary(0)
    rows[0] = torch.nan
    assert loss(rows, torch.arange(6)).isnan()


@NAMED
def test_integer_rows_are_refused(loss: nn.Module, call: Call) -> None:
    """Normalised in their own type they would be zeros."""
    for place in range(3):
        rows = [ordinary(0), ordinary(1), ordinary(2)]
        if place > 0 and not value_and_gradients(loss, call, rows)[1][place].any():
            continue
        rows[place] = torch.ones(6, 8, dtype=torch.int64)
        with pytest.raises(ValueError, match='must be floating-point numbers, got torch.int64'):
            call(loss, *rows)


def test_every_loss_is_in_the_list() -> None:
    exported = {getattr(losses, name) for name in losses.__all__}
    modules = {found for found in exported if isinstance(found, type) and issubclass(found, nn.Module)}
    assert modules == {type(loss) for loss, _ in LOSSES}
