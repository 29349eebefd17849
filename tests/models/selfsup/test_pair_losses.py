"""How momentum contrast asks its head: all pairs at once, or one by one."""

import pytest
import torch
from torch import Tensor, nn

from cft.models.losses import InfoNCELoss, ReSSLLoss, SCELoss
from cft.models.selfsup import SCE, HEXAMoCo, MoCoV2, MomentumContrast
from cft.models.selfsup.pair_losses import PairLosses, takes_all_pairs
from cft.ops.contrastive import moments
from projects.released_code.sce import ZeroLogitSCELoss
from tests.models.selfsup.momentum_models import build, views
from tests.support.comparison import random_rows

PAIRS = [(0, 1), (2, 1), (1, 0), (2, 0)]
PARTNER = torch.tensor([2, 0, 1, 3])


class Renamed(SCELoss):
    """Another name of the same loss."""


class Doubled(SCELoss):
    """Changes what the head returns, and does not know of pairs."""

    def forward(self, query: Tensor, key: Tensor, queue: Tensor | None = None) -> Tensor:
        return 2 * super().forward(query, key, queue)


class OneByOne(nn.Module):
    """A head with nothing but the contract."""

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, query: Tensor, key: Tensor, queue: Tensor | None) -> Tensor:
        return self.loss(query, key, queue)


def test_which_heads_are_asked_for_all_pairs() -> None:
    assert [takes_all_pairs(head) for head in (InfoNCELoss(), ReSSLLoss(), SCELoss(), Renamed())] == [True] * 4
    assert not any(takes_all_pairs(head) for head in (Doubled(), ZeroLogitSCELoss(), OneByOne(SCELoss())))


@pytest.mark.parametrize('length', [None, 9])
@pytest.mark.parametrize('head', [InfoNCELoss(), ReSSLLoss(), SCELoss(), Doubled(), OneByOne(SCELoss())])
def test_every_pair_is_a_call_of_the_head(head: nn.Module, length: int | None) -> None:
    """Of the views by number, in any order, for each image's own keys and a partner's."""
    rows = {view: random_rows(4, seed=view, dtype=torch.float32) for view in range(5)}
    queries, keys = {view: rows[view] for view in (2, 0, 1)}, {1: rows[3], 0: rows[4]}
    queue = None if length is None else nn.functional.normalize(random_rows(length, seed=9, dtype=torch.float32))
    found = PairLosses(head, keys, queue)(queries, PAIRS, [None, PARTNER])
    expected = [
        [head(queries[query], keys[key] if partner is None else keys[key][partner], queue) for query, key in PAIRS]
        for partner in (None, PARTNER)
    ]
    torch.testing.assert_close(found, torch.tensor(expected), rtol=1e-5, atol=1e-6)


def test_each_target_is_made_once_and_the_queue_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of six views with ten pairs: one pass of both keys, one of all queries; a head's own way takes two for each."""
    passes: list[int] = []
    original = moments.tiled_moments
    monkeypatch.setattr(moments, 'tiled_moments', lambda rows, *args: passes.append(len(rows)) or original(rows, *args))
    inputs = [torch.randn(4, 3, 8, 8) for _ in range(6)]
    build(SCE, symmetric=True).loss(inputs, [])
    assert passes == [2 * 4, 6 * 4]
    passes.clear()
    build(MoCoV2, symmetric=True).loss(inputs, [])
    assert passes == [6 * 4]
    passes.clear()
    build(head=OneByOne(SCELoss()), symmetric=True).loss(inputs, [])
    assert passes == [4, 4] * 10


@pytest.mark.parametrize('kind', [MoCoV2, HEXAMoCo])
def test_the_queue_is_not_copied(kind: type[MomentumContrast], monkeypatch: pytest.MonkeyPatch) -> None:
    """A head that takes all pairs reads it as it is."""
    model, seen = build(kind), []
    if kind is HEXAMoCo:
        model.hard_examples.weights = dict.fromkeys(model.hard_examples.weights, 0.0)
    original = InfoNCELoss.pair_losses
    monkeypatch.setattr(InfoNCELoss, 'pair_losses', lambda self, *args: seen.append(args[-1]) or original(self, *args))
    model.loss(views(), [])
    assert [queue is model.queue.features for queue in seen] == [True]


@pytest.mark.parametrize('queue_type', ['float16', 'bfloat16'])
@pytest.mark.parametrize('head', [SCELoss(), OneByOne(SCELoss())], ids=['at once', 'one by one'])
def test_a_queue_of_half_the_memory(queue_type: str, head: nn.Module) -> None:
    """The loss and gradients of a float32 queue that holds the same numbers, whatever the head."""
    model = build(SCE, head=head, queue_type=queue_type, shuffle_keys=False).eval()
    assert model.queue.features.dtype == getattr(torch, queue_type)
    wide = build(SCE, head=head, shuffle_keys=False).eval()
    wide.load_state_dict(model.state_dict())
    assert wide.queue.features.dtype == torch.float32
    inputs = views()
    for model_ in (model, wide):
        model_.loss(inputs, [])['loss'].backward()
    for own, other in zip(model.parameters(), wide.parameters(), strict=True):
        torch.testing.assert_close(own.grad, other.grad, rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(model.queue.features, wide.queue.features.to(model.queue.features.dtype))
    assert model.queue.features[:4].float().norm(dim=1).sub(1).abs().max() < 0.01


def test_another_type_is_refused() -> None:
    with pytest.raises(ValueError, match=r"one of float32, float16, bfloat16, got 'float8'"):
        build(queue_type='float8')
