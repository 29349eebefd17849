"""Terms that are differentiated early: values, gradients and scales of the sum's backward pass, in less memory."""

import copy
import itertools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from cft.apis.running.step_cost import peak_bytes
from cft.engine.finite import spread_if_not_finite
from cft.engine.forward_state import ForwardState
from cft.models.adversarial import LOSS_SCALE
from cft.models.selfsup.early_backward import EarlyBackward
from tests.models.selfsup import test_hard_examples, test_hexa_dcluster
from tests.models.selfsup.deep_cluster_models import samples

SCALE = 'hard_examples.early.scale'
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
    former.hard_examples.early.forward = in_the_end
    for _ in range(2):
        found, expected = gradients_of(model, losses_of, dtype), gradients_of(former, losses_of, dtype)
        assert found[0].keys() == expected[0].keys() and len(found[0]) > 1
        for name, loss in found[0].items():
            assert loss.dtype == dtype
            torch.testing.assert_close(loss, expected[0][name], rtol=close, atol=0)
        assert any(gradient.abs().max() > 0 for gradient in expected[1])
        for own, other in zip(*(gradients[1] for gradients in (found, expected)), strict=True):
            assert own.dtype == dtype and float((own - other).norm()) <= close * float(other.norm())
    states = [{name: value for name, value in m.state_dict().items() if name != SCALE} for m in (model, former)]
    torch.testing.assert_close(*states, rtol=close, atol=close)


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


def test_the_early_pass_is_scaled_by_half_of_the_last_factor() -> None:
    """By a power of two, whatever the factor; one that is not finite leaves it as it was."""
    model, early, scales = nn.Linear(3, 2), EarlyBackward(), []
    for factor in (3.0, 2.0**16 / 3, float('nan'), float('inf'), 0.0, 1.0):
        term, _ = early(model(torch.ones(1, 3)).sum(), list(model.parameters()))
        (factor * term).backward()
        scales.append(float(early.scale))
    assert scales == [1.0, 2.0**13, 2.0**13, 2.0**13, 2.0**13, 0.5]


@pytest.mark.parametrize('slopes', [[1.5] * 6, [0.5, 1.5, 1.5, 6.0, 6.0, 6.0], [0.5, 0.5, 0.5, 0.5, 3.0, 3.0]])
@pytest.mark.parametrize('growth_interval', [1000, 2])
def test_overflows_cost_as_many_steps_as_in_the_sum(slopes: list[float], growth_interval: int) -> None:
    """float16 gradients of two terms, under a scaler that starts too high or grows too far: its scales are the same."""

    def scales_with(early: Callable[..., tuple[Tensor, list[Tensor]]]) -> list[float]:
        weight = nn.Parameter(torch.tensor(1.0))
        optimizer = torch.optim.SGD([weight], lr=0.0)
        scaler = torch.amp.GradScaler('cpu', init_scale=2.0**16, growth_interval=growth_interval)
        scales = []
        for slope in slopes:
            optimizer.zero_grad()
            first, _ = early((slope * weight.half()).float(), [weight])
            scaler.scale(first + (slope * weight.half()).float()).backward()
            scaler.step(optimizer)
            scaler.update()
            scales.append(scaler.get_scale())
        return scales

    found = scales_with(EarlyBackward())
    assert found == scales_with(in_the_end)
    assert any(after < before for before, after in itertools.pairwise([2.0**16, *found]))


def float16_gradient(early: EarlyBackward, factor: float) -> Tensor:
    """Of terms so small that their scaled gradients are float16's subnormal numbers."""
    weight = nn.Parameter(torch.linspace(1, 2, 7))
    term, _ = early((3.3e-9 * weight.half().float().square()).sum(), [weight])
    (factor * term).backward()
    return weight.grad


def test_a_resumed_step_has_the_gradient_of_the_uninterrupted_one() -> None:
    """Bit for bit, with the scale from the state dict, which is a copy; without it others would come out."""
    early, resumed = EarlyBackward(), EarlyBackward()
    buffer = early.scale
    float16_gradient(early, 2.0**16)
    resumed.load_state_dict(copy.deepcopy(early.state_dict()))
    expected = float16_gradient(early, 2.0**16)
    assert torch.equal(float16_gradient(resumed, 2.0**16), expected)
    assert not torch.equal(float16_gradient(EarlyBackward(), 2.0**16), expected)
    assert early.scale is buffer


def test_checkpoints_without_the_scale_begin_at_the_start_value() -> None:
    """Those of a model from before it was kept, also where every key must be there."""
    model = test_hard_examples.hexa(**ALL_TERMS)
    start = float(model.hard_examples.early.scale)
    gradients_of(model, moco_losses, torch.float32)
    state = model.state_dict()
    assert float(state.pop(SCALE)) != start
    fresh = test_hard_examples.hexa(**ALL_TERMS)
    fresh.load_state_dict(state)
    assert float(fresh.hard_examples.early.scale) == start and SCALE not in state


def test_what_happens_to_the_buffer_between_does_not_matter() -> None:
    """A skipped step puts buffers back, DDP overwrites them with rank 0's: the gradients know their own scale."""
    model, early = nn.Linear(3, 2), EarlyBackward()
    state = ForwardState(early)
    state.keep()
    expected = torch.autograd.grad(model(torch.ones(2, 3)).sum(), list(model.parameters()))
    for _ in range(2):
        term, _ = early(model(torch.ones(2, 3)).sum(), list(model.parameters()))
        early.scale.fill_(7.0)
        assert all(map(torch.equal, torch.autograd.grad(term, list(model.parameters())), expected))
        assert float(early.scale) == 0.5
    state.put_back()
    assert float(early.scale) == LOSS_SCALE


def test_a_factor_beyond_the_type_of_the_buffer() -> None:
    """A model that is cast to float16 as a whole keeps its last scale that float16 has."""
    early, weight = EarlyBackward().half(), nn.Parameter(torch.tensor(1.0))
    for factor, scale in ((2.0**10, 2.0**9), (2.0**20, 2.0**9)):
        weight.grad = None
        term, _ = early(weight.square(), [weight])
        (factor * term).backward()
        assert float(weight.grad) == 2 * factor and float(early.scale) == scale


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
