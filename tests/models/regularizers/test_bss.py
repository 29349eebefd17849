"""BSS against the singular value decomposition."""

import pytest
import torch
from torch import Tensor

from cft.errors import ConfigError
from cft.models.regularizers import smallest_singular_values
from tests.models.regularizers.regularized import batch, begin, classifier

SHAPES = [(5, 9), (9, 5), (6, 6), (1, 7), (7, 1), (64, 130)]


def by_svd(features: Tensor, k: int) -> Tensor:
    """As the authors write it: the last k singular values, squared and summed."""
    return torch.linalg.svdvals(features)[-k:].square().sum()


def matrix(rows: int, columns: int, condition: float = 10.0) -> Tensor:
    """Singular values from ``condition`` down to 1 in equal ratios."""
    generator = torch.Generator().manual_seed(rows * columns)
    u, v = (
        torch.linalg.qr(torch.randn(size, min(rows, columns), generator=generator, dtype=torch.float64))[0]
        for size in (rows, columns)
    )
    return u * torch.logspace(torch.tensor(condition).log10(), 0, min(rows, columns), dtype=torch.float64) @ v.T


@pytest.mark.parametrize('k', [1, 2, 3])
@pytest.mark.parametrize('shape', SHAPES)
def test_value_and_gradient(shape: tuple[int, int], k: int) -> None:
    features = matrix(*shape).requires_grad_()
    ours = smallest_singular_values(features, k)
    theirs = by_svd(features, k)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=0)
    (gradient,) = torch.autograd.grad(ours, features)
    torch.testing.assert_close(gradient, torch.autograd.grad(theirs, features)[0], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize('condition', [1e2, 1e4, 1e5])
def test_small_values_of_float32_features(condition: float) -> None:
    """The Gram matrix in float32 knows nothing of them; ours are those of an SVD in float64 of the same features."""
    features = matrix(40, 100, condition).float().requires_grad_()
    ours = smallest_singular_values(features, 1)
    exact = features.detach().double().requires_grad_()
    theirs = by_svd(exact, 1)
    theirs.backward()
    assert ours.dtype == torch.float32
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)
    (gradient,) = torch.autograd.grad(ours, features)
    torch.testing.assert_close(gradient.double(), exact.grad, rtol=1e-4, atol=1e-6 * exact.grad.abs().max().item())


@pytest.mark.parametrize('scale', [0.1, 30.0])
@pytest.mark.parametrize('k', [1, 4, 8])
@pytest.mark.parametrize(('rows', 'columns'), [(1, 1), (1, 5), (3, 6), (6, 3), (4, 4)])
def test_scale_rotation_and_transposition(rows: int, columns: int, k: int, scale: float) -> None:
    """Quadratic in the scale, the same for rotated rows and for the transpose; all values if k is larger."""
    features = matrix(rows, columns)
    value = smallest_singular_values(features, k)
    rotation = torch.linalg.qr(matrix(rows, rows))[0]
    torch.testing.assert_close(smallest_singular_values(scale * features, k), scale**2 * value, rtol=1e-8, atol=0)
    torch.testing.assert_close(smallest_singular_values(rotation @ features, k), value, rtol=1e-8, atol=0)
    torch.testing.assert_close(smallest_singular_values(features.T, k), value, rtol=1e-8, atol=0)
    if k >= min(rows, columns):
        torch.testing.assert_close(value, features.square().sum(), rtol=1e-8, atol=0)


def test_degenerate_batches() -> None:
    """Equal rows, zeros, no row, half precision, NaN: never an error, and NaN stays visible."""
    equal = torch.ones(4, 8, requires_grad=True)
    smallest_singular_values(equal, 1).backward()
    assert equal.grad.abs().max() < 1e-6
    for features in (torch.zeros(4, 8), torch.zeros(0, 8), torch.zeros(0, 8, dtype=torch.float16)):
        features.requires_grad_()
        loss = smallest_singular_values(features, 2)
        loss.backward()
        assert loss.item() == 0 and loss.dtype == torch.float32 and not features.grad.any()
    half = matrix(6, 9).half()
    assert smallest_singular_values(half, 1).item() == pytest.approx(by_svd(half.double(), 1).item(), rel=1e-5)
    broken = matrix(6, 9)
    broken[2, 3] = torch.nan
    assert smallest_singular_values(broken, 1).isnan()
    with pytest.raises(ConfigError, match='k must be at least 1'):
        smallest_singular_values(half, 0)


@pytest.mark.parametrize('views', [1, 2])
def test_of_a_classifier(views: int) -> None:
    """The rows that the linear layer is given, of all views."""
    model = classifier(dict(type='cft.BSS', k=2, weight=0.5))
    begin(model)
    images, samples = batch()
    inputs = images if views == 1 else [images, images.flip(3)]
    seen = []
    handle = model.head.fc.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    losses = model.loss(inputs, samples)
    handle.remove()
    assert len(seen[0]) == views * len(images)
    torch.testing.assert_close(losses['loss_bss'], 0.5 * by_svd(seen[0].double(), 2).float(), rtol=1e-4, atol=1e-9)
    assert losses.keys() == {'loss_ce', 'loss_bss'}


def test_mistakes() -> None:
    with pytest.raises(ConfigError, match='weight must be at least 0'):
        classifier(dict(type='cft.BSS', weight=-1))
    with pytest.raises(ConfigError, match='k must be at least 1'):
        classifier(dict(type='cft.BSS', k=0))
