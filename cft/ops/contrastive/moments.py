"""Softmax of each row over many candidates, without the matrix of their similarities."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from cft.ops.normalize import l2_normalize

from .on_gpu import kernel_on_gpu

# Similarities in memory at a time: what a cache of the CPU holds; on a GPU, what keeps it busy.
TILE_ENTRIES = {'cpu': 2**20, 'other': 2**23}
# Of fewer candidates at a time a matrix product is slow.
NARROWEST_TILE = 256


class SoftmaxMoments(NamedTuple):
    """What a softmax over M candidates leaves behind for each of R rows.

    Attributes:
        logsumexp: (R,) logarithm of the sum of exponentials.
        mean: (R, D) candidates weighted by their probability: the gradient of ``logsumexp``; it carries none itself.

    Example:
        >>> SoftmaxMoments(torch.zeros(1), torch.zeros(1, 2)).mean.shape
        torch.Size([1, 2])
    """

    logsumexp: Tensor
    mean: Tensor


def softmax_moments(rows: Tensor, candidates: Tensor, own: bool = False, normalize: bool = False) -> SoftmaxMoments:
    """Log-sum-exp of each row's products with the candidates, and the mean of the candidates under the softmax.

    One pass over tiles of the candidates computes both, with a running maximum
    (Milakov and Gimelshein 2018; Dao et al. 2022, algorithm 1 with keys as
    values). Memory grows with R, not with M; the backward pass of the rows
    costs nothing more, that of the candidates a second pass.

    Args:
        rows: (R, D), already divided by the temperature; float32 or float64, the type of the arithmetic.
        candidates: (M, D), M > 0, of any floating-point type, converted tile by tile.
        own: Candidate ``i mod M`` does not count for row i; R is a multiple of M, and
            M > 1. The candidates then carry no gradient.
        normalize: Scale each candidate to unit length first, tile by tile; they then carry no gradient.

    Returns:
        The two, in the type of the rows.

    Example:
        >>> candidates = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
        >>> found = softmax_moments(torch.zeros(1, 2), candidates)
        >>> found.logsumexp.exp(), found.mean
        (tensor([3.]), tensor([[0.0000, 0.3333]]))
    """
    candidates = candidates.detach() if normalize or own else candidates
    return SoftmaxMoments(*_differentiable_moments(rows, candidates, own, normalize))


@kernel_on_gpu('cft.ops.contrastive.kernel_moments')
def tiled_moments(rows: Tensor, candidates: Tensor, own: bool, normalize: bool) -> tuple[Tensor, Tensor]:
    """What :func:`softmax_moments` returns, without gradients."""
    maximum = total = mean = None
    for start, tile in _tiles(rows, candidates, normalize):
        logits = rows @ tile.T
        if own:
            # Not -inf: where a tile holds nothing else, the next one's maximum makes 0 of what this one left.
            square = logits.view(-1, len(candidates), len(tile))[:, start : start + len(tile)]
            square.diagonal(dim1=1, dim2=2).fill_(torch.finfo(logits.dtype).min / 2)
        largest = logits.amax(dim=1, keepdim=True)
        if maximum is None or total is None or mean is None:
            weights = logits.sub_(largest).exp_()
            total, mean = weights.sum(dim=1, keepdim=True), weights @ tile
        else:
            largest = torch.maximum(maximum, largest)
            weights, rescaled = logits.sub_(largest).exp_(), maximum.sub_(largest).exp_()
            total = total.mul_(rescaled).add_(weights.sum(dim=1, keepdim=True))
            mean = mean.mul_(rescaled).addmm_(weights, tile)
        maximum = largest
    if maximum is None or total is None or mean is None:
        raise ValueError('a softmax needs at least one candidate')
    return maximum.add_(total.log())[:, 0], mean.div_(total)


@kernel_on_gpu('cft.ops.contrastive.kernel_moments')
def candidate_gradient(rows: Tensor, candidates: Tensor, logsumexp: Tensor, factors: Tensor) -> Tensor:
    """(M, D) gradient of ``factors @ logsumexp`` with respect to the candidates; every one counts for every row."""
    gradient = torch.empty_like(candidates)
    for start, tile in _tiles(rows, candidates, normalize=False):
        weights = (rows @ tile.T).sub_(logsumexp[:, None]).exp_().mul_(factors[:, None])
        gradient[start : start + len(tile)] = weights.T @ rows
    return gradient


def _tiles(rows: Tensor, candidates: Tensor, normalize: bool) -> Iterator[tuple[int, Tensor]]:
    entries = TILE_ENTRIES.get(rows.device.type, TILE_ENTRIES['other'])
    width = max(entries // max(len(rows), 1), NARROWEST_TILE)
    for start in range(0, len(candidates), width):
        tile = candidates[start : start + width].to(rows.dtype)
        yield start, l2_normalize(tile) if normalize else tile


class _SoftmaxMoments(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, candidates: Tensor, own: bool, normalize: bool) -> tuple[Tensor, Tensor]:
        logsumexp, mean = tiled_moments(rows, candidates, own, normalize)
        ctx.mark_non_differentiable(mean)
        if ctx.needs_input_grad[1]:
            ctx.save_for_backward(mean, rows, candidates, logsumexp)
        else:
            # Not the candidates: a queue may change before the backward pass.
            ctx.save_for_backward(mean)
        return logsumexp, mean

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, factors: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        of_rows = factors[:, None] * ctx.saved_tensors[0] if ctx.needs_input_grad[0] else None
        if not ctx.needs_input_grad[1]:
            return of_rows, None, None, None
        _, rows, candidates, logsumexp = ctx.saved_tensors
        return of_rows, candidate_gradient(rows, candidates, logsumexp, factors), None, None


# torch gives ``apply`` no types.
_differentiable_moments = cast('Callable[..., tuple[Tensor, Tensor]]', _SoftmaxMoments.apply)
