"""Terms that are differentiated early: values, gradients and scales of the sum's backward pass, in less memory."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from cft.apis.running.step_cost import peak_bytes
from cft.engine.finite import spread_if_not_finite
from cft.models.selfsup.early_backward import EarlyBackward
from tests.models.selfsup import test_hard_examples, test_hexa_dcluster
from tests.models.selfsup.deep_cluster_models import samples

ALL_TERMS = {'adversarial_weight': 0.7, 'cutmix_weight': 0.5, 'adversarial_cutmix_weight': 0.3}


def in_the_end(
    term: Tensor, parameters: list, inputs: tuple[Tensor, ...] | list[Tensor] = (), joined: bool = False
) -> tuple[Tensor, list]:
    """The former way: the graphs of all terms are kept, and the images' gradient takes a pass of its own."""
    return term, list(torch.autograd.grad(term, inputs, retain_graph=True)) if inputs else []


def moco_losses(model: nn.Module, dtype: torch.dtype) -> dict[str, Tensor]:
    views = [(test_hard_examples.pixels() - test_hard_examples.MEAN) / test_hard_examples.STD for _ in range(2)]
    return model.loss([view.to(dtype) for view in views], [])


def cluster_losses(model: nn.Module, dtype: torch.dtype) -> dict[str, Tensor]:
    crops = [crop.to(dtype) for crop in test_hexa_dcluster.crops()]
    return model.loss(crops, samples(*test_hexa_dcluster.INDICES))


def gradients_of(
    model: nn.Module, losses_of: Callable[[nn.Module, torch.dtype], dict[str, Tensor]], dtype: torch.dtype
) -> tuple[dict[str, Tensor], list[Tensor]]:
    torch.manual_seed(3)
    losses = losses_of(model, dtype)
    sum(losses.values()).backward()
    return losses, [parameter.grad for parameter in model.parameters() if parameter.requires_grad]


@pytest.mark.parametrize(
    'weights', [ALL_TERMS, {'adversarial_weight': 1.0}, {'adversarial_weight': 0.0, 'cutmix_weight': 1.0}]
)
@pytest.mark.parametrize('method', ['moco', 'dcluster'])
@pytest.mark.parametrize(('dtype', 'close'), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
def test_value_and_gradient_of_the_sum(
    method: str, weights: dict[str, float], dtype: torch.dtype, close: float
) -> None:
    """Of every parameter, over two steps, and the running statistics."""
    build, losses_of = {
        'moco': (test_hard_examples.hexa, moco_losses),
        'dcluster': (test_hexa_dcluster.build_hexa, cluster_losses),
    }[method]
    model = build(**weights).to(dtype)
    former = copy.deepcopy(model)
    former.hard_examples.early = in_the_end
    for _ in range(2):
        found, expected = gradients_of(model, losses_of, dtype), gradients_of(former, losses_of, dtype)
        assert found[0].keys() == expected[0].keys() and len(found[0]) > 1
        for name, loss in found[0].items():
            assert loss.dtype == dtype
            torch.testing.assert_close(loss, expected[0][name], rtol=close, atol=0)
        assert any(gradient.abs().max() > 0 for gradient in expected[1])
        for own, other in zip(*(gradients[1] for gradients in (found, expected)), strict=True):
            assert own.dtype == dtype and float((own - other).norm()) <= close * float(other.norm())
    torch.testing.assert_close(model.state_dict(), former.state_dict(), rtol=close, atol=close)


def two_terms(early: EarlyBackward, model: nn.Module) -> Tensor:
    data = torch.linspace(-1, 1, 12).view(4, 3)
    first, _ = early(model(data).square().mean(), list(model.parameters()))
    return first + 2 * model(data + 1).sin().mean()


def plain_sum(model: nn.Module) -> Tensor:
    return two_terms(in_the_end, model)


@pytest.mark.parametrize('counts', [1, 3])
def test_loss_scaling_and_accumulation(counts: int) -> None:
    """A scale that changes from step to step, as GradScaler's does, and a division by the number of batches."""
    model, early = nn.Linear(3, 2), EarlyBackward()
    scaler = torch.amp.GradScaler('cpu', init_scale=2.0**16, growth_interval=1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    plain_sum(model).backward()
    expected = [parameter.grad.clone() for parameter in model.parameters()]
    for _ in range(3):
        optimizer.zero_grad()
        for _ in range(counts):
            scaler.scale(two_terms(early, model) / counts).backward()
        scaler.unscale_(optimizer)
        torch.testing.assert_close([p.grad for p in model.parameters()], expected, rtol=1e-6, atol=1e-8)
        scaler.step(optimizer)
        scaler.update()


def test_the_early_pass_is_scaled_as_the_last_one_was() -> None:
    """By a power of two, whatever the factor; one that is not finite leaves it as it was."""
    model, early, scales = nn.Linear(3, 2), EarlyBackward(), []
    for factor in (3.0, 2.0**16 / 3, float('nan'), 1.0):
        term, _ = early(model(torch.ones(1, 3)).sum(), list(model.parameters()))
        (factor * term).backward()
        scales.append(float(early._scale))
    assert scales == [2.0, 2.0**14, 2.0**14, 1.0]


def test_half_precision_gradients_neither_underflow_nor_overflow() -> None:
    """The gradient of a tiny loss through float16 is there from the first step on, under any final factor."""
    weight = nn.Parameter(torch.tensor(1.0))
    for factor in (2.0**16, 2.0**16, 1.0):
        weight.grad = None
        term, _ = EarlyBackward()((1e-9 * weight.half().float()).sum(), [weight])
        (factor * term).backward()
        assert float(weight.grad) / factor == pytest.approx(1e-9, rel=1e-2)


def test_a_loss_that_is_not_finite_reaches_every_gradient() -> None:
    """What NonFiniteHook does to the sum makes the gradients of the early terms NaN as well."""
    model = nn.Linear(3, 2)
    first, _ = EarlyBackward()(model(torch.ones(2, 3)).sum(), list(model.parameters()))
    spread_if_not_finite(first + torch.tensor(float('inf'))).backward()
    assert all(parameter.grad.isnan().all() for parameter in model.parameters())


def test_gradients_that_share_memory() -> None:
    """The gradients of two summands are one tensor, and that of a sum is one number repeated."""
    first, second = (nn.Parameter(torch.ones(3)) for _ in range(2))
    term, _ = EarlyBackward()((first + second).sum(), [first, second])
    (3 * term).backward()
    assert first.grad.tolist() == second.grad.tolist() == [3.0, 3.0, 3.0]


def test_a_term_counts_once() -> None:
    model = nn.Linear(3, 2)
    term, _ = EarlyBackward()(model(torch.ones(2, 3)).sum(), list(model.parameters()))
    term.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match='a second time'):
        term.backward()


def joined_terms(model: nn.Module) -> list[Tensor]:
    """The second does not depend on the bias."""
    early, parameters = EarlyBackward(), list(model.parameters())
    first, _ = early(model(torch.ones(2, 3)).square().sum(), parameters)
    second, _ = early(model.weight.sin().sum(), parameters, joined=True)
    return [first, second]


def test_joined_terms() -> None:
    """Their sum has the sum of the gradients, whatever the order of the addition."""
    model = nn.Linear(3, 2)
    loss = model(torch.ones(2, 3)).square().sum() + model.weight.sin().sum()
    expected = torch.autograd.grad(3 * loss, list(model.parameters()))
    for order in (1, -1):
        found = torch.autograd.grad(3 * sum(joined_terms(model)[::order]), list(model.parameters()))
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


def test_joined_terms_stay_together() -> None:
    """One alone is refused; different factors, which only the device knows, make the gradients NaN."""
    model = nn.Linear(3, 2)
    with pytest.raises(RuntimeError, match='differentiate their sum'):
        joined_terms(model)[0].backward()
    first, second = joined_terms(model)
    (first + 2 * second).backward()
    assert all(parameter.grad.isnan().all() for parameter in model.parameters())


def test_autocast() -> None:
    """Each term's gradients are those outside; both are added in float32, where one autocast adds them in bfloat16."""
    model, images = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 2)), torch.randn(4, 3, 4, 4)

    def first() -> Tensor:
        return model(images).float().square().mean()

    def second() -> Tensor:
        return model(images + 1).float().sin().mean()

    terms = []
    for term in (first, second):
        with torch.autocast('cpu', torch.bfloat16):
            terms.append(term())
    expected = torch.autograd.grad(sum(terms), list(model.parameters()))
    with torch.autocast('cpu', torch.bfloat16):
        total = EarlyBackward()(first(), list(model.parameters()))[0] + second()
    found = torch.autograd.grad(total, list(model.parameters()))
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)


def test_memory_is_that_of_one_term() -> None:
    """At most 1.1 of the plain step's peak where activations are what counts; above 1.5 with the sum's backward."""
    network = nn.Sequential(*[layer for _ in range(8) for layer in (nn.Linear(16, 16), nn.Tanh())])
    data = torch.randn(4096, 16)

    def step(differentiate: Callable, terms: int) -> None:
        network.zero_grad()
        parts = [network(data + 1).square().mean()]
        for _ in range(terms - 1):
            parts = [differentiate(part, list(network.parameters()))[0] for part in parts]
            parts.append(network(data).sin().mean())
        torch.stack(parts).sum().backward()

    plain, early, former = (
        peak_bytes(lambda differentiate=differentiate, terms=terms: step(differentiate, terms))
        for differentiate, terms in ((in_the_end, 1), (EarlyBackward(), 2), (in_the_end, 2))
    )
    assert early <= 1.1 * plain
    assert former > 1.5 * plain
