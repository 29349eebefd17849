"""PrototypeLoss against a loop over rows and prototypes."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from cft.models import PrototypeLoss
from cft.models.losses import prototype_loss
from cft.registry import MODELS
from tests.support.comparison import assert_matches_oracle, random_rows, value_and_gradients
from tests.support.oracles import exponential, mean

PROTOTYPES = random_rows(4, seed=1)
LABELS = torch.tensor([0, 3, -1, 1, 1, 2, -1, 0])
SOFT = torch.tensor([[0.3, 0.7, 0, 0], [0, 0, 0, 0], [0.25] * 4, [0, 0, 1, 0]], dtype=torch.float64).repeat(2, 1)
TARGETS = {'integers': LABELS, 'soft': SOFT}


def oracle(features: Tensor, prototypes: Tensor, labels: Tensor, temperature: float = 0.1) -> Tensor:
    """Equation 3 row by row, exponentials summed as printed."""
    losses = []
    for row, label in zip(features, labels, strict=True):
        exponentials = [exponential(row, prototype, temperature) for prototype in prototypes]
        weights = label.tolist() if label.dim() else [float(k == label) for k in range(len(prototypes))]
        if sum(weights) > 0:
            terms = zip(weights, exponentials, strict=True)
            losses.append(-sum(w * torch.log(e / sum(exponentials)) for w, e in terms))
    return mean(losses, features)


@pytest.fixture(params=list(TARGETS))
def labels(request: pytest.FixtureRequest) -> Tensor:
    """The two kinds of labels, some rows without one."""
    return TARGETS[request.param]


@pytest.mark.parametrize('temperature', [0.1, 0.5])
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_value_and_gradients_are_the_equation(labels: Tensor, temperature: float, dtype: torch.dtype) -> None:
    """Features and prototypes both receive their gradient, in their own type; the arithmetic is float32."""
    loss = PrototypeLoss(temperature=temperature)
    assert_matches_oracle(
        lambda features, prototypes: loss(features, prototypes, labels.to(dtype) if labels.dim() == 2 else labels),
        lambda features, prototypes: oracle(features, prototypes, labels.to(dtype), temperature),
        random_rows(8, dtype=dtype),
        PROTOTYPES.to(dtype),
    )


def test_value_by_hand() -> None:
    """Cosine 1 to the own prototype, 0 and -1 to the others."""
    prototypes = torch.tensor([[0.0, 3.0], [5.0, 0.0], [-1.0, 0.0]])
    value = PrototypeLoss(temperature=0.5)(torch.tensor([[2.0, 0.0]]), prototypes, torch.tensor([1]))
    assert value.item() == pytest.approx(math.log(math.exp(2) + 1 + math.exp(-2)) - 2, rel=1e-6)


def test_one_hot_labels_are_integers() -> None:
    """A row of zeros is the one-hot form of -1."""
    one_hot = (LABELS[:, None] == torch.arange(4)).double()
    integers = PrototypeLoss()(random_rows(8), PROTOTYPES, LABELS)
    torch.testing.assert_close(PrototypeLoss()(random_rows(8), PROTOTYPES, one_hot), integers, rtol=1e-14, atol=0)


def test_loss_is_linear_in_the_mixture() -> None:
    """CutMix: the loss of mixed labels is the mixture of the losses (HEXA, equation 9)."""
    first, second = torch.tensor([0, 1, 2, 3]), torch.tensor([2, 2, 0, 3])
    one_hot = torch.eye(4, dtype=torch.float64)
    mixed = PrototypeLoss()(random_rows(4), PROTOTYPES, 0.3 * one_hot[first] + 0.7 * one_hot[second])
    parts = [PrototypeLoss()(random_rows(4), PROTOTYPES, labels) for labels in (first, second)]
    torch.testing.assert_close(mixed, 0.3 * parts[0] + 0.7 * parts[1], rtol=1e-13, atol=0)


def test_rows_without_a_label_count_nowhere(labels: Tensor) -> None:
    """Neither in the mean nor in a gradient, whatever they hold."""
    labelled = labels.sum(dim=1) > 0 if labels.dim() == 2 else labels >= 0
    features = random_rows(8)
    features[~labelled] = torch.nan
    value, gradients = value_and_gradients(lambda z, c: PrototypeLoss()(z, c, labels), features, PROTOTYPES)
    others = value_and_gradients(
        lambda z, c: PrototypeLoss()(z, c, labels),
        random_rows(8, seed=5).where(~labelled[:, None], features),
        PROTOTYPES,
    )
    assert torch.equal(value, others[0])
    assert all(torch.equal(*pair) for pair in zip(gradients, others[1], strict=True))
    assert (gradients[0][~labelled] == 0).all()
    # Without these rows the sums are added up in another order.
    rest = value_and_gradients(lambda z, c: PrototypeLoss()(z, c, labels[labelled]), features[labelled], PROTOTYPES)
    torch.testing.assert_close(value, rest[0], rtol=1e-14, atol=0)
    torch.testing.assert_close(gradients[0][labelled], rest[1][0], rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(gradients[1], rest[1][1], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize('make_labels', [lambda n: torch.full((n,), -1), lambda n: torch.zeros(n, 4)])
@pytest.mark.parametrize('count', [0, 3])
def test_nothing_to_learn_is_zero_with_a_gradient(make_labels: Callable[[int], Tensor], count: int) -> None:
    """The zero hangs on the graph, so that every rank of a job can call backward."""
    features = random_rows(count, dtype=torch.float32).requires_grad_()
    prototypes = PROTOTYPES.float().requires_grad_()
    value = PrototypeLoss()(features, prototypes, make_labels(count))
    value.backward()
    assert value == 0
    assert torch.equal(features.grad, torch.zeros_like(features))
    assert torch.equal(prototypes.grad, torch.zeros_like(prototypes))


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16])
@pytest.mark.parametrize('scale', [0.0, 1e-3, 300.0])
@pytest.mark.parametrize('temperature', [1e-3, 0.1])
def test_extreme_rows_stay_finite(dtype: torch.dtype, scale: float, temperature: float) -> None:
    """No direction, a squared length outside of float16, exponentials outside of float32."""
    prototypes = torch.stack([torch.ones(3), -torch.ones(3), torch.zeros(3)]).to(dtype)
    features = scale * torch.ones(4, 3, dtype=dtype)
    loss = PrototypeLoss(temperature)
    value, gradients = value_and_gradients(
        lambda z, c: loss(z, c, torch.tensor([0, 1, 2, -1])), features, prototypes * max(scale, 1)
    )
    logits = torch.tensor([1.0, -1, 0]) / temperature if scale else torch.zeros(3)
    assert value.item() == pytest.approx(-logits.log_softmax(0).mean().item(), rel=1e-5)
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_a_single_prototype_is_no_choice() -> None:
    """Its probability is 1."""
    assert PrototypeLoss()(random_rows(3), random_rows(1, seed=2), torch.zeros(3, dtype=torch.long)) == 0


def test_autocast_changes_nothing(labels: Tensor) -> None:
    """Bit for bit."""
    rows = random_rows(8, dtype=torch.float32), PROTOTYPES.float()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        inside = PrototypeLoss()(*rows, labels)
    assert torch.equal(inside, PrototypeLoss()(*rows, labels))


def test_gradient_steps_find_the_prototypes() -> None:
    """Descent brings every row to its own prototype."""
    features, targets = random_rows(4).requires_grad_(), torch.tensor([2, 0, 3, 1])
    optimizer = torch.optim.SGD([features], lr=0.5)
    for _ in range(100):
        optimizer.zero_grad()
        PrototypeLoss()(features, PROTOTYPES, targets).backward()
        optimizer.step()
    assert torch.equal(torch.cosine_similarity(features[:, None], PROTOTYPES, dim=2).argmax(dim=1), targets)


def test_registered_and_functional_form(labels: Tensor) -> None:
    """The config name, and the function with the same temperature."""
    loss = MODELS.build({'type': 'cft.PrototypeLoss', 'temperature': 0.3})
    rows = random_rows(8), PROTOTYPES
    assert torch.equal(loss(*rows, labels), prototype_loss(*rows, labels, temperature=0.3))
    assert not torch.equal(loss(*rows, labels), PrototypeLoss()(*rows, labels))
