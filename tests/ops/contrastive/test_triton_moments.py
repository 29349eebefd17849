"""Kernels of softmax moments, against all similarities at once in float64."""

import pytest
import torch
from torch import Tensor

from tests.ops.contrastive.kernel_cases import Moments, assert_close, interpreted, unit

pytestmark = pytest.mark.slow

# Tiles are of 64 by 32 rows and 32 channels (64 by 64 and 64 of short types), and write 128 channels.
CASES = {
    'tails': Moments(unit(70, 20) / 0.1, unit(130, 20, 1)),
    'two blocks of channels': Moments(unit(10, 150) / 0.1, unit(40, 150, 1)),
    'whole tiles': Moments(unit(64, 32) / 0.1, unit(64, 32, 1)),
    'own left out': Moments(unit(70, 20) / 0.1, unit(35, 20, 1), own=True),
    'own of two': Moments(unit(4, 8) / 0.1, unit(2, 8, 1), own=True),
    'one row, one candidate': Moments(unit(1, 8), unit(1, 8, 1)),
    'no rows': Moments(unit(0, 8), unit(3, 8, 1)),
    'sharp': Moments(unit(10, 16) / 1e-3, unit(70, 16, 1)),
    'long candidates': Moments(unit(10, 16) / 0.1, 3 * unit(40, 16, 1), normalize=True),
    'short candidates': Moments(unit(10, 16) / 0.1, unit(40, 16, 1, torch.bfloat16)),
    'bfloat16': Moments(8 * unit(10, 16, dtype=torch.bfloat16), unit(40, 16, 1, torch.bfloat16)),
    'float16': Moments(8 * unit(10, 16, dtype=torch.float16), unit(40, 16, 1, torch.float16)),
}


def spoilt(rows: Tensor) -> Tensor:
    """With a NaN in its second row."""
    rows = rows.clone()
    rows[1, 3] = torch.nan
    return rows


CASES |= {
    'nan in a row': Moments(spoilt(unit(10, 16) / 0.1), unit(40, 16, 1)),
    'nan in a candidate': Moments(unit(10, 16) / 0.1, spoilt(unit(40, 16, 1))),
}


def factors(case: Moments) -> Tensor:
    """Gradient of a loss by the log-sum-exp."""
    return torch.randn(len(case.rows), generator=torch.Generator().manual_seed(2))


def by_kernels(case: Moments) -> list[Tensor]:
    """Log-sum-exp, mean and, where all candidates count, their gradient."""
    from cft.ops.contrastive.kernel_moments import candidate_gradient, tiled_moments

    logsumexp, mean = tiled_moments(*case)
    if case.own or case.normalize:
        return [logsumexp, mean]
    return [logsumexp, mean, candidate_gradient(case.rows, case.candidates, logsumexp, factors(case))]


def all_at_once(case: Moments) -> list[Tensor]:
    """The same in float64; what the mean is, autograd says."""
    rows, candidates = case.rows.double().requires_grad_(), case.candidates.double().requires_grad_()
    given = torch.nn.functional.normalize(candidates, dim=1) if case.normalize else candidates
    logits = rows @ given.T
    if case.own:
        own = torch.arange(len(rows))[:, None] % len(candidates) == torch.arange(len(candidates))
        logits = logits.masked_fill(own, -torch.inf)
    logsumexp = logits.logsumexp(dim=1)
    (mean,) = torch.autograd.grad(logsumexp.sum(), rows, retain_graph=True)
    (gradient,) = torch.autograd.grad(logsumexp @ factors(case).double(), candidates)
    return [logsumexp.detach(), mean, gradient]


@pytest.fixture(scope='module')
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Tensor]]:
    """Of all cases."""
    return interpreted('test_triton_moments', tmp_path_factory.mktemp('moments'))


@pytest.mark.parametrize('name', CASES)
def test_moments_equal_all_similarities_at_once(name: str, found: dict[str, list[Tensor]]) -> None:
    """But for some roundings of the largest product, and of a short gradient once more."""
    case = CASES[name]
    largest = max(float(case.rows.float().nan_to_num().norm(dim=1).sum()), 1.0) / max(len(case.rows), 1)
    for each, expected in zip(found[name], all_at_once(case), strict=False):
        short = 0 if each.dtype == torch.float32 else torch.finfo(each.dtype).eps
        assert_close(each, expected, 1e-6 * largest + short)
