"""All views, heads and questions at once against a loop over them."""

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from cft.models.losses import PrototypeLoss, prototype_head_losses, prototype_loss
from tests.support.comparison import assert_matches_oracle, random_rows

PROTOTYPES = random_rows(4, seed=1), random_rows(7, seed=2)
LABELS = torch.tensor([[[0, 3, -1, 1, -1], [6, -1, 2, 0, -1]], [[1, 1, 2, -1, -1], [0, 0, -1, 5, -1]]])


def loop(features: Tensor, *prototypes: Tensor, temperature: float = 0.1) -> Tensor:
    """(Q, V) means over heads of the loss of one view, one head, one set of labels."""
    rows = []
    for asked in LABELS:
        for view in features:
            heads = zip(prototypes, asked, strict=True)
            rows.append(sum(prototype_loss(view, p, labels, temperature=temperature) for p, labels in heads) / 2)
    return torch.stack(rows).view(len(LABELS), -1)


def views(count: int = 3, dtype: torch.dtype = torch.float64) -> Tensor:
    return random_rows(count * 5, dtype=dtype).view(count, 5, -1)


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.bfloat16], ids=str)
def test_value_and_gradients_are_those_of_the_loop(dtype: torch.dtype) -> None:
    """In every entry, also of the prototypes."""
    weights = torch.randn(2, 3, generator=torch.Generator().manual_seed(0))
    assert_matches_oracle(
        lambda z, c, d: (weights * prototype_head_losses(z, LABELS, c, d, temperature=0.2)).sum(),
        lambda z, c, d: (weights * loop(z, c, d, temperature=0.2)).sum(),
        views(dtype=dtype),
        *(rows.to(dtype) for rows in PROTOTYPES),
    )


def test_rows_that_no_head_asks_for_count_nowhere() -> None:
    """A NaN in one of them reaches neither value nor gradient; in any other it makes the value NaN."""
    features = views().requires_grad_()
    spoilt = features.detach().clone()
    spoilt[:, 4] = torch.nan
    spoilt.requires_grad_()
    found, expected = (prototype_head_losses(rows, LABELS, *PROTOTYPES) for rows in (spoilt, features))
    assert torch.equal(found, expected)
    found.sum().backward()
    expected.sum().backward()
    assert torch.equal(spoilt.grad, features.grad)
    assert (spoilt.grad[:, 4] == 0).all()
    seen = features.detach().clone()
    seen[0, 0] = torch.nan
    assert prototype_head_losses(seen, LABELS, *PROTOTYPES).isnan().any()


def test_no_labels_at_all() -> None:
    """Zero, with gradients of zeros, which DDP waits for."""
    features = views().requires_grad_()
    value = prototype_head_losses(features, torch.full_like(LABELS, -1), *PROTOTYPES)
    value.sum().backward()
    assert (value == 0).all()
    assert torch.equal(features.grad, torch.zeros_like(features))


def test_one_pass_over_the_prototypes_for_everything() -> None:
    class Products(TorchDispatchMode):
        found = 0

        def __torch_dispatch__(
            self, function: object, types: object, args: tuple = (), kwargs: dict | None = None
        ) -> object:
            self.found += function.overloadpacket.__name__ in ('mm', 'bmm', 'addmm', 'matmul')
            return function(*args, **kwargs or {})

    with Products() as products:
        PrototypeLoss().head_losses(views(), LABELS, PROTOTYPES)
    # Of each head similarities and their means, whatever the number of views and of sets of labels.
    assert products.found == 2 * len(PROTOTYPES)


@pytest.mark.parametrize(
    ('features', 'labels', 'message'),
    [
        (views()[0], LABELS, r'features must be \(V, N, D\)'),
        (views(), LABELS[:, :1], r'labels \(Q, 2, N\)'),
        (views()[..., :2], LABELS, r'prototypes must be \(K, 2\)'),
    ],
)
def test_shapes_that_do_not_fit(features: Tensor, labels: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        prototype_head_losses(features, labels, *PROTOTYPES)
