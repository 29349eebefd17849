"""Cases of gather_worker.py: losses with ``gather=True`` against one process on the joined batch."""

import contextlib
import copy
from collections.abc import Callable, Iterator
from functools import partial
from unittest import mock

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from cft.models.branches import ContrastiveBranch
from cft.models.losses import FocalSupConLoss, SCHaNeLoss, SupConLoss, TripletLoss, crossover
from cft.ops.contrastive import tiles
from projects.example_loss import SINCERELoss
from projects.released_code import ReleasedSupConLoss, SupContrastLoss
from tests.distributed.gather_parts import SIZES, own_rows

close = partial(torch.testing.assert_close, rtol=1e-9, atol=1e-12)
Loss = Callable[[nn.Module, Tensor, Tensor, Tensor], Tensor]

LABELS = {
    'mixed': [0, 1, 2, 0, 1, 2, 2, 0, 3, 1],
    'positives across ranks only': [0, 1, 2, 3, 4, 0, 1, 2, 3, 4],
    'second rank without positives': [0, 0, 1, 1, 0, 2, 3, 4, 5, 6],
    'first rank without positives': [2, 3, 4, 5, 6, 0, 0, 1, 1, 0],
    'no positives at all': [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    'one class': [0] * 10,
}


def plain(loss: nn.Module) -> Loss:
    """A loss of projected features and labels."""
    return lambda model, inputs, labels, masks: loss(model(inputs[:, 0]), labels)


def with_extras(loss: nn.Module) -> Loss:
    """A loss with generated samples of each anchor, projected in the same call."""

    def function(model: nn.Module, inputs: Tensor, labels: Tensor, masks: Tensor) -> Tensor:
        features, positives, negatives = model(inputs.transpose(0, 1).flatten(0, 1)).tensor_split(3)
        return loss(features, labels, positives, negatives, positive_mask=masks[:, 0], negative_mask=masks[:, 1])

    return function


def with_labelled_extras(loss: nn.Module) -> Loss:
    """The same with soft labels: what is generated is positive to what has its mixture, or its class."""

    def function(model: nn.Module, inputs: Tensor, labels: Tensor, masks: Tensor) -> Tensor:
        own, next_one = (nn.functional.one_hot((labels + shift) % 10, 10).double() for shift in (0, 1))
        targets = {'positive_targets': 0.75 * own + 0.25 * next_one, 'negative_targets': own}
        return with_extras(partial(loss, **targets))(model, inputs, labels, masks)

    return function


LOSSES = {
    'supcon': lambda gather: plain(SupConLoss(0.2, gather=gather)),
    'focal': lambda gather: plain(FocalSupConLoss(0.2, gather=gather)),
    'focal with extras': lambda gather: with_extras(FocalSupConLoss(0.2, gather=gather)),
    'supcon, only extras': lambda gather: with_extras(SupConLoss(0.2, gather=gather, only_extra_positives=True)),
    'supcon, same-class candidates': lambda gather: with_extras(
        SupConLoss(0.2, gather=gather, only_extra_positives=True, same_class_candidates=True)
    ),
    'schane': lambda gather: plain(SCHaNeLoss(gather=gather)),
    'schane detached': lambda gather: plain(SCHaNeLoss(detach_weights=True, gather=gather)),
    'schane, mean outside': lambda gather: plain(SCHaNeLoss(mean_inside_log=False, gather=gather)),
    'triplet, all': lambda gather: plain(TripletLoss(0.5, 'all', gather=gather)),
    'triplet, hard': lambda gather: plain(TripletLoss(0.5, 'hard', gather=gather)),
    'sincere of a project': lambda gather: plain(SINCERELoss(0.2, gather=gather)),
    'released, own extras': lambda gather: with_extras(
        ReleasedSupConLoss(0.2, focal=True, divide_by_rows=True, gather=gather)
    ),
    'released, labelled extras': lambda gather: with_labelled_extras(
        ReleasedSupConLoss(0.2, focal=True, labelled_mixtures=True, gather=gather)
    ),
    'released, all anchors': lambda gather: with_labelled_extras(
        ReleasedSupConLoss(
            0.2, focal=True, divide_by_rows=True, labelled_mixtures=True, all_anchors=True, gather=gather
        )
    ),
    'released, diagonal kept': lambda gather: plain(
        ReleasedSupConLoss(0.2, divide_by_rows=True, keep_diagonal=True, gather=gather)
    ),
    'supcontrast': lambda gather: plain(SupContrastLoss(0.07, mean_over_all=True, temperature=0.2, gather=gather)),
}


# Those whose large batches are compared tile by tile, the rows of the ranks going round.
IN_A_RING = [name for name in LOSSES if name.startswith(('supcon', 'focal', 'schane')) and name != 'supcontrast']


@contextlib.contextmanager
def as_large_batches() -> Iterator[None]:
    """Losses take the way of large batches; no tile divides the rows."""
    with mock.patch.object(crossover, 'ALL_PAIRS_ROWS', -1), mock.patch.object(tiles, 'TILE', 2):
        yield


def check_loss(name: str, sizes: tuple[int, int], classes: list[int], large: bool = False) -> None:
    """Value and parameter gradients averaged over ranks are those of one process on the joined batch."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(10, 3, 6, generator=generator, dtype=torch.float64)
    labels, own = torch.tensor(classes), own_rows(sizes)
    # The second half has no generated positive, so that in some cases a rank has no positive of any kind.
    masks = torch.rand(10, 2, generator=generator) < 0.7
    masks[5:, 0] = False
    torch.manual_seed(1)
    model = nn.Linear(6, 4).double()
    reference = copy.deepcopy(model)
    expected = LOSSES[name](False)(reference, inputs, labels, masks)
    expected.backward()

    parallel = DistributedDataParallel(model)
    with as_large_batches() if large else contextlib.nullcontext():
        value = LOSSES[name](True)(parallel, inputs[own], labels[own], masks[own])
        value.backward()
    average = value.detach().clone()
    dist.all_reduce(average)
    close(average / dist.get_world_size(), expected.detach())
    for parameter, other in zip(model.parameters(), reference.parameters(), strict=True):
        close(parameter.grad, other.grad)
    if classes == LABELS['mixed']:
        assert model.weight.grad.abs().max() > 1e-3, 'the comparison of gradients is empty'


def check_gathering_matters() -> None:
    """Without ``gather`` the same average over ranks is another number, so the comparison can fail."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(10, 4, generator=generator, dtype=torch.float64)
    labels, own = torch.tensor(LABELS['mixed']), own_rows((3, 7))
    value = SupConLoss()(features[own], labels[own])
    dist.all_reduce(value)
    assert abs(value / dist.get_world_size() - SupConLoss()(features, labels)) > 1e-2


def check_views(sizes: tuple[int, int]) -> None:
    """Views of one image are positives, and image 0 of a rank is another one than image 0 of the other."""
    generator = torch.Generator().manual_seed(0)
    views = torch.randn(2, 10, 4, generator=generator, dtype=torch.float64)
    own = own_rows(sizes)
    branch = ContrastiveBranch({'type': 'cft.SupConLoss', 'temperature': 0.2, 'gather': True}, positives='view')
    one_class = torch.zeros(2 * (own.stop - own.start)).long()
    value, _ = branch(views[:, own].flatten(0, 1), one_class, 1, images=torch.arange(own.stop - own.start).repeat(2))
    dist.all_reduce(value)
    close(value / dist.get_world_size(), SupConLoss(0.2)(views.flatten(0, 1), torch.arange(10).repeat(2)))


CASES: dict[str, Callable[[], None]] = {'gathering matters': check_gathering_matters}
for name in LOSSES:
    CASES |= {f'{name}: {kind}': partial(check_loss, name, (5, 5), LABELS[kind]) for kind in LABELS}
    CASES |= {f'{name}: {size}': partial(check_loss, name, SIZES[size], LABELS['mixed']) for size in SIZES}
for name in IN_A_RING:
    CASES |= {f'ring, {name}: {kind}': partial(check_loss, name, (5, 5), LABELS[kind], large=True) for kind in LABELS}
    CASES |= {f'ring, {name}: {size}': partial(check_loss, name, SIZES[size], LABELS['mixed'], True) for size in SIZES}
CASES |= {f'views: {size}': partial(check_views, SIZES[size]) for size in SIZES}
