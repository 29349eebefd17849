"""Losses, pair generators, branch and head go through ``torch.compile`` as one graph, and give what they give without.

``aot_eager`` traces forward and backward pass as the default backend does, and compiles no code of its own.
"""

import pytest
import torch
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from cft.registry import MODELS

CLASSES, ROWS, WIDTH = 4, 12, 16
SUPERVISED = ('SupConLoss', 'FocalSupConLoss', 'SCHaNeLoss', 'TripletLoss')
OF_VIEWS = ('InfoNCELoss', 'ReSSLLoss', 'SCELoss')
PAIRS = ('HardPairMixup', 'ManifoldMixup')
BRANCH = {
    'type': 'cft.ContrastiveBranch',
    'loss': {'type': 'cft.FocalSupConLoss'},
    'projector': {'type': 'cft.MLPProjector', 'in_channels': WIDTH},
    'pairs': {'type': 'cft.HardPairMixup'},
}


@pytest.fixture(autouse=True)
def fresh_compiler() -> None:
    torch.compiler.reset()


def compare(module: nn.Module, features: Tensor, *others: object) -> None:
    """Value, and gradient of the features; the drawn numbers are those of a seed."""
    found = []
    for function in (module, torch.compile(module, fullgraph=True, backend='aot_eager')):
        torch.manual_seed(3)
        rows = features.clone().requires_grad_()
        output = function(rows, *others)
        value = output if isinstance(output, Tensor) else sum(part.square().sum() for part in flat(output))
        value.backward()
        found.append((value.detach(), rows.grad))
    assert found[0][0] != 0
    torch.testing.assert_close(found[1], found[0])


def flat(output: object) -> list[Tensor]:
    """The floating-point tensors of a tuple that has tensors and tuples in it."""
    if isinstance(output, Tensor):
        return [output] if output.is_floating_point() else []
    return [tensor for part in output or () for tensor in flat(part)]


@pytest.fixture
def features() -> Tensor:
    return torch.randn(ROWS, WIDTH, generator=torch.Generator().manual_seed(0))


LABELS = torch.arange(ROWS) % CLASSES


@pytest.mark.parametrize('gather', [False, True])
@pytest.mark.parametrize('name', SUPERVISED)
def test_supervised_losses(name: str, gather: bool, features: Tensor) -> None:
    compare(MODELS.build({'type': f'cft.{name}', 'gather': gather}), features, LABELS)


@pytest.mark.parametrize('queue', [None, 40])
@pytest.mark.parametrize('name', OF_VIEWS)
def test_losses_of_views(name: str, queue: int | None, features: Tensor) -> None:
    past = None if queue is None else torch.randn(queue, WIDTH)
    compare(MODELS.build({'type': f'cft.{name}'}), features, features.flip(0), past)


@pytest.mark.parametrize('soft', [False, True])
def test_prototypes(soft: bool, features: Tensor) -> None:
    labels = nn.functional.one_hot(LABELS, CLASSES).float() if soft else LABELS
    compare(MODELS.build({'type': 'cft.PrototypeLoss'}), features, features[:CLASSES].flip(1), labels)


@pytest.mark.parametrize('name', PAIRS)
def test_pairs(name: str, features: Tensor) -> None:
    compare(MODELS.build({'type': f'cft.{name}'}), features, LABELS, CLASSES)


def test_branch(features: Tensor) -> None:
    compare(MODELS.build(BRANCH), features, LABELS, CLASSES)


class Losses(nn.Module):
    """The sum of a head's losses, of features."""

    def __init__(self, head: nn.Module, samples: list[DataSample]) -> None:
        super().__init__()
        self.head = head
        self.samples = samples

    def forward(self, features: Tensor) -> Tensor:
        return sum(self.head.loss((features,), self.samples).values())


def test_head(features: Tensor) -> None:
    samples = [DataSample().set_gt_label(int(label)) for label in LABELS]
    head = MODELS.build(
        {
            'type': 'cft.ContrastiveClsHead',
            'num_classes': CLASSES,
            'in_channels': WIDTH,
            'contrastive': BRANCH,
            'smooth_classifier': True,
        }
    )
    compare(Losses(head, samples), features)
