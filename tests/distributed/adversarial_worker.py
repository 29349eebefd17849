"""Started by test_adversarial_in_two_processes.py on two ranks: adversarial training steps against one process."""

import copy
import sys
from collections.abc import Callable
from functools import partial

import torch
import torch.distributed as dist
from mmengine.registry import DefaultScope
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from tests.models.classification.test_adversarial_training import ATTACKS, METHODS, built, samples, view
from tests.support.two_ranks import run_cases

# The losses compute in float32.
close = partial(torch.testing.assert_close, rtol=1e-4, atol=1e-7)


class Step(nn.Module):
    """The losses of a batch of this rank, as a wrapped model computes them."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor | list[Tensor], given: list) -> Tensor:
        return sum(self.model(inputs, given, mode='loss').values())


def gradients(model: nn.Module) -> dict[str, Tensor]:
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.requires_grad and p.grad is not None}


def check_wrapped(method: str) -> None:
    """Two steps through DDP, the attack inside of its forward pass: the mean over the ranks of what each computes."""
    attack = ATTACKS['linf'] | {'random_start': True}
    model = built(method, attack)
    plain = copy.deepcopy(model)
    step = DistributedDataParallel(Step(model), broadcast_buffers=False)
    for number in range(2):
        images = view(seed=10 * number + dist.get_rank())
        inputs = [images, view(seed=7)] if method == 'bituning' else images
        for each in (model, plain):
            each.zero_grad()
        torch.manual_seed(dist.get_rank())
        step(inputs, samples()).backward()
        torch.manual_seed(dist.get_rank())
        Step(plain)(inputs, samples()).backward()
        expected = gradients(plain)
        for name, value in gradients(model).items():
            dist.all_reduce(expected[name])
            close(value, expected[name] / 2, msg=lambda text, name=name: f'{name}: {text}')
    assert value.abs().max() > 1e-8, 'the comparison of gradients is empty'


def check_one_process(method: str) -> None:
    """Without a random start, and with BatchNorm's running statistics: one process on both ranks' images."""
    attack = ATTACKS['l2']
    model = built(method, attack)
    if method == 'scl':
        model.head.contrastive.loss.gather = True
    model.backbone.eval()
    reference = copy.deepcopy(model)
    if method == 'scl':
        reference.head.contrastive.loss.gather = False
    both = [view(seed=rank) for rank in range(2)]
    step = DistributedDataParallel(Step(model))
    loss = step(both[dist.get_rank()], samples())
    loss.backward()
    expected = Step(reference)(torch.cat(both), samples() * 2)
    expected.backward()
    mean = loss.detach().clone()
    dist.all_reduce(mean)
    close(mean / 2, expected.detach())
    found, wanted = gradients(model), gradients(reference)
    assert found.keys() == wanted.keys()
    for name, value in found.items():
        close(value, wanted[name], msg=lambda text, name=name: f'{name}: {text}')
    assert model.backbone.conv1.weight.grad.abs().max() > 1e-8


CASES: dict[str, Callable[[], None]] = {
    **{f'{method}, wrapped': partial(check_wrapped, method) for method in (*METHODS, 'bituning')},
    **{f'{method}, one process': partial(check_one_process, method) for method in ('ce', 'scl')},
}


if __name__ == '__main__':
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        code = run_cases(CASES)
    sys.exit(code)
