"""Rows of any length and labels of any range, through every pair generator."""

import pytest
import torch
from torch import Tensor

from cft.errors import DataError
from cft.models import pairs
from cft.models.pairs import HardPairMixup, ManifoldMixup, PairGenerator

# A new generator is a line here.
GENERATORS: list[PairGenerator] = [HardPairMixup(), HardPairMixup(alpha=1e-8), ManifoldMixup(), ManifoldMixup(1e8)]
LABELS = torch.tensor([0, 0, 1, 1, 2, 2])
EVERY = pytest.mark.parametrize('generator', GENERATORS, ids=str)


@EVERY
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize('scale', ['largest', 'smallest', 'zero'])
def test_mixtures_lie_between_their_parts(generator: PairGenerator, dtype: torch.dtype, scale: str) -> None:
    """Entries of opposite sign at the end of the type's range have a difference beyond it."""
    size = {'largest': torch.finfo(dtype).max, 'smallest': torch.finfo(dtype).tiny, 'zero': 0.0}[scale]
    signs = torch.randn(6, 8, generator=torch.Generator().manual_seed(0)).sign()
    features = (signs.to(dtype) * size).requires_grad_()
    torch.manual_seed(0)
    mixed = generator(features, LABELS, num_classes=3)
    for rows in (mixed.positives, mixed.negatives):
        assert (rows.abs() <= size).all()
    # Each mixture is a weighted mean of two rows: so are the gradients of its sum.
    gradient = torch.autograd.grad((mixed.positives + mixed.negatives).sum(), features)[0]
    torch.testing.assert_close(gradient.double().sum(), torch.tensor(96.0).double(), rtol=2e-2, atol=0)


@EVERY
def test_a_row_that_is_not_finite_shows_in_the_mixtures(generator: PairGenerator) -> None:
    features = torch.ones(6, 8)
    features[2, 1] = torch.inf
    assert not generator(features, LABELS, num_classes=3).positives.isfinite().all()


@EVERY
@pytest.mark.parametrize(
    ('labels', 'error', 'message'),
    [
        (torch.tensor([0, 0, 1, 1, 2, 9]), DataError, 'the label 9 is none of the 3 classes 0 to 2; set num_classes'),
        (torch.tensor([-1, 0, 1, 1, 2, 2]), DataError, 'the label -1 is none of the 3 classes'),
        (torch.tensor([0, 0, 1, 1, 2, 3], dtype=torch.uint8), DataError, 'the label 3 is none of the 3 classes'),
        (LABELS[:, None], ValueError, r'labels must be \(6,\) integers, got \(6, 1\)'),
        (LABELS[:5], ValueError, r'labels must be \(6,\) integers, got \(5,\)'),
        (LABELS.float(), ValueError, 'integers, got .* of torch.float32'),
    ],
)
def test_labels_that_are_refused(generator: PairGenerator, labels: Tensor, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        generator(torch.randn(6, 8), labels, num_classes=3)


@EVERY
@pytest.mark.parametrize('features', [torch.ones(6, 8, dtype=torch.int64), torch.ones(6, 8, 1)], ids=['int', '3-d'])
def test_features_that_are_refused(generator: PairGenerator, features: Tensor) -> None:
    with pytest.raises(ValueError, match=r'features must be \(N, D\) floating-point numbers'):
        generator(features, LABELS, num_classes=3)


def test_every_generator_is_in_the_list() -> None:
    exported = {getattr(pairs, name) for name in pairs.__all__} - {PairGenerator}
    modules = {found for found in exported if isinstance(found, type) and issubclass(found, PairGenerator)}
    assert modules == {type(generator) for generator in GENERATORS}
