"""What an attack leaves alone when it runs inside a training or evaluation step."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.flop_counter import FlopCounterMode

from cft.models.adversarial import PGD, signed_gradient_step
from tests.models.adversarial.attacked import cross_entropy, network, pixels


def training_gradients(model: nn.Module, images: Tensor, attack: bool) -> list[Tensor]:
    """Gradients of the loss of a step which runs an attack on its way."""
    model.zero_grad()
    loss = cross_entropy(model, images)
    if attack:
        PGD('linf', 4, 1, 3)(images, lambda x: cross_entropy(model, x))
        assert all(parameter.grad is None for parameter in model.parameters())
    (loss + cross_entropy(model, images.flip(3))).backward()
    return [parameter.grad for parameter in model.parameters()]


@pytest.mark.parametrize('dtype', [None, torch.bfloat16], ids=['full', 'autocast'])
def test_parameters_do_not_notice_the_attack(dtype: torch.dtype | None) -> None:
    """In the middle of a training step, where autocast has its copies of the weights cached."""
    model, images = network(), pixels(dtype=torch.float32)
    with torch.autocast('cpu', dtype=dtype, enabled=dtype is not None):
        expected = training_gradients(model, images, attack=False)
        found = training_gradients(model, images, attack=True)
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_parameters_do_not_notice_the_attack_under_ddp() -> None:
    """DDP's reducer counts each gradient once; the attack must not add to it."""

    class Training(nn.Module):
        def __init__(self, model: nn.Module) -> None:
            super().__init__()
            self.model = model

        def forward(self, images: Tensor) -> Tensor:
            moved = signed_gradient_step(images, lambda x: cross_entropy(self.model, x), step=1, epsilon=1)
            return cross_entropy(self.model, images) + cross_entropy(self.model, moved)

    model, images = Training(network()), pixels(dtype=torch.float32)
    plain = copy.deepcopy(model)
    torch.distributed.init_process_group('gloo', store=torch.distributed.HashStore(), rank=0, world_size=1)
    try:
        wrapped = DistributedDataParallel(model)
        for _ in range(2):
            wrapped(images).backward()
            plain(images).backward()
        del wrapped
    finally:
        torch.distributed.destroy_process_group()
    for (name, parameter), expected in zip(model.named_parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, expected.grad, msg=name)


def test_no_gradient_of_a_weight_is_computed() -> None:
    """A step costs a forward pass and a backward pass to the images, two thirds of what training costs."""
    model, images = network(), pixels(dtype=torch.float32)
    with FlopCounterMode(display=False) as forward, torch.no_grad():
        model(images)
    with FlopCounterMode(display=False) as attack:
        PGD('linf', 4, 1, 3)(images, lambda x: cross_entropy(model, x))
    assert attack.get_total_flops() == 3 * 2 * forward.get_total_flops()


def test_half_precision_keeps_small_gradients() -> None:
    """Predictions as confident as exp(-18) have gradients below float16's least number; each pixel still moves."""
    weights = torch.tensor([[1.0], [-1.0]])
    images = torch.full((2, 1, 1, 1), 90.0)
    with torch.autocast('cpu', dtype=torch.float16):

        def loss_of(x: Tensor) -> Tensor:
            logits = nn.functional.linear(x.flatten(1) / 10, weights)
            return nn.functional.cross_entropy(logits.float(), torch.tensor([0, 0]))

        moved = signed_gradient_step(images, loss_of, step=1, epsilon=1)
    torch.testing.assert_close(moved, images - 1)


def test_works_where_gradients_are_off() -> None:
    """As in an evaluation loop; the model may be frozen."""
    model, images = network().requires_grad_(False).double(), pixels()
    with torch.no_grad():
        moved = signed_gradient_step(images, lambda x: cross_entropy(model, x), step=2, epsilon=2)
        assert cross_entropy(model, moved) > cross_entropy(model, images)
        assert not torch.is_grad_enabled()
