"""Every loss by kernels, as it would run on a GPU, against loops in float64."""

import contextlib
import functools
from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from cft.models import losses
from cft.ops.contrastive import on_gpu
from tests.ops.contrastive.kernel_cases import classes, interpreted
from tests.support import oracles
from tests.support.comparison import TOLERANCES, random_rows, value_and_gradients

pytestmark = pytest.mark.slow

LABELS = classes(22, 5)[torch.randperm(22, generator=torch.Generator().manual_seed(0))]
EXISTS = torch.arange(22) % 3 > 0
PASSES, MOMENTS = {'row_statistics', 'add_gradient'}, {'tiled_moments'}


class Case(NamedTuple):
    """A loss and its oracle as functions of the inputs, and the kernels that serve it."""

    loss: Callable[..., Tensor]
    oracle: Callable[..., Tensor]
    inputs: tuple[Tensor, ...]
    kernels: set[str]


def supervised(name: str, extras: int = 0, dtype: torch.dtype = torch.float32, **options: object) -> Case:
    """Features and, if any, generated positives and negatives, of which some do not exist."""

    def call(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        masks = {'positive_mask': EXISTS, 'negative_mask': ~EXISTS} if extras else {}
        return lambda rows, *own: function(rows, LABELS, *own, **masks, **options)

    inputs = tuple(random_rows(22, 20, seed=seed, dtype=dtype) for seed in range(1 + extras))
    return Case(call(getattr(losses, f'{name}_loss')), call(getattr(oracles, name)), inputs, PASSES)


def against_queue(name: str, queue: bool, dtype: torch.dtype = torch.float32) -> Case:
    """Query, key and perhaps a queue."""
    inputs = tuple(random_rows(count, 20, seed=seed, dtype=dtype) for seed, count in enumerate((22, 22, 50)))
    return Case(getattr(losses, f'{name}_loss'), getattr(oracles, name), inputs[: 2 + queue], MOMENTS)


def prototype(labels: Tensor) -> Case:
    """Features and trained prototypes; some rows have no label."""

    def by_rows(rows: Tensor, prototypes: Tensor) -> Tensor:
        terms = []
        for row, label in zip(rows, labels, strict=True):
            scores = torch.stack([oracles.exponential(row, each, 0.1) for each in prototypes])
            target = label if label.dim() else torch.arange(len(prototypes)) == label
            if target.sum() > 0:
                terms.append(-(target * torch.log(scores / scores.sum())).sum())
        return oracles.mean(terms, rows)

    inputs = (random_rows(22, 20, dtype=torch.float32), random_rows(5, 20, seed=1, dtype=torch.float32))
    loss = functools.partial(losses.prototype_loss, labels=labels)
    return Case(loss, by_rows, inputs, MOMENTS | {'candidate_gradient'})


SOFT = torch.rand(22, 5, generator=torch.Generator().manual_seed(0)).softmax(dim=1) * EXISTS[:, None]
CASES = {
    'prototype': prototype(LABELS.where(EXISTS, -1)),
    'prototype, soft labels': prototype(SOFT),
    'supcon': supervised('supcon'),
    'supcon, bfloat16': supervised('supcon', dtype=torch.bfloat16),
    'supcon, generated samples': supervised('supcon', extras=2),
    'supcon, generated positives alone': supervised('supcon', extras=2, only_extra_positives=True),
    'focal': supervised('supcon', focal=True),
    'focal, generated samples': supervised('supcon', extras=2, focal=True),
    'schane': supervised('schane'),
    'schane, constant weights': supervised('schane', detach_weights=True),
    **{
        f'{name}, {"queue" if queue else "batch"}': against_queue(name, queue)
        for name in ('info_nce', 'ressl', 'sce')
        for queue in (True, False)
    },
    'sce, bfloat16': against_queue('sce', True, torch.bfloat16),
}


def by_kernels(case: Case) -> tuple[Tensor, list[Tensor], list[str], bool]:
    """Value, gradients, who computed them, and whether the tiles agreed with all of it."""
    from cft.models.losses import schane, supcon

    on_gpu._agreed.clear()
    on_gpu._suits_kernels = lambda rows: not on_gpu._refused
    torch.cuda.device = lambda device: contextlib.nullcontext()
    for module in (supcon, schane):
        module.hold_all_pairs = lambda counts: False
    value, gradients = value_and_gradients(case.loss, *case.inputs)
    return value, gradients, sorted({kind[1] for kind in on_gpu._agreed}), not on_gpu._refused


@pytest.fixture(scope='module')
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Tensor, list[Tensor], list[str], bool]]:
    """Of all cases."""
    return interpreted('test_triton_losses', tmp_path_factory.mktemp('losses'))


@pytest.mark.parametrize('name', CASES)
def test_losses_equal_loops(name: str, found: dict[str, tuple[Tensor, list[Tensor], list[str], bool]]) -> None:
    """Value and gradients, within what the losses are held to without kernels."""
    case = CASES[name]
    value, gradients, kernels, agreed = found[name]
    assert agreed and set(kernels) == case.kernels
    expected, expected_gradients = value_and_gradients(case.oracle, *(rows.double() for rows in case.inputs))
    tolerance = TOLERANCES[case.inputs[0].dtype]
    torch.testing.assert_close(value.double(), expected, rtol=tolerance.value, atol=tolerance.absolute)
    for gradient, reference in zip(gradients, expected_gradients, strict=True):
        torch.testing.assert_close(gradient.double(), reference, rtol=tolerance.gradient, atol=tolerance.absolute)
