"""MomentumContrast: its loss from query, key and queue."""

import copy

import pytest
import torch
from torch import Tensor, nn

from cft.models.losses import InfoNCELoss, ReSSLLoss, SCELoss
from cft.models.selfsup import SCE, MoCoV2, MomentumContrast, ReSSL
from tests.models.selfsup.momentum_models import build, encoders, keys_of, views


@pytest.mark.parametrize('kind', [MoCoV2, ReSSL, SCE])
@pytest.mark.parametrize('rows', [4, 3, 10])
def test_loss_is_head_of_query_key_and_queue_as_it_was(kind: type[MomentumContrast], rows: int) -> None:
    """The queue before this batch is compared with, then the keys enter; also if the batch is longer than the queue."""
    model, (first, second) = build(kind, shuffle_keys=False), views(rows)
    nn.init.normal_(model.target_neck.state_dict()['mlp.2.weight'])
    keys, queue, online = keys_of(model, second), model.queue.features.clone(), copy.deepcopy(encoders(model)[0])
    expected = model.head(online[1](online[0](first))[-1], keys, queue)
    loss = model.loss([first, second], [])['loss']
    # The model takes the queue's unit rows as they are, the head alone scales them to length 1 once more.
    torch.testing.assert_close(loss, expected, rtol=1e-6, atol=0)
    stored = nn.functional.normalize(keys[-7:])
    order = (torch.arange(rows)[-7:]) % 7
    torch.testing.assert_close(model.queue.features[order], stored, rtol=1e-5, atol=1e-6)
    assert int(model.queue.position) == rows % 7
    untouched = [row for row in range(7) if row not in order.tolist()]
    assert torch.equal(model.queue.features[untouched], queue[untouched])


def test_last_short_batch() -> None:
    """An epoch of 4, 4 and 3 images in a queue of 7: the last 7 keys stay, the loss stays finite."""
    model, expected = build(shuffle_keys=False).eval(), []
    for rows in (4, 4, 3):
        inputs = views(rows)
        expected += list(nn.functional.normalize(keys_of(model, inputs[1])))
        assert torch.isfinite(model.loss(inputs, [])['loss'])
    newest_last = model.queue.features.roll(-int(model.queue.position), dims=0)
    torch.testing.assert_close(newest_last, torch.stack(expected[-7:]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('options', [{}, {'shuffle_keys': False}, {'queue_length': 0}])
@pytest.mark.parametrize('rows', [3, 5, 8])
def test_another_batch_size_than_was_fixed(options: dict, rows: int) -> None:
    """Refused where keys are shuffled or queued, as on several ranks; the fixed one goes, and any after that."""
    model = build(SCE, **options)
    model.fix_batch_size(4)
    assert torch.isfinite(model.loss(views(4), [])['loss'])
    with pytest.raises(ValueError, match=rf'rank 0 has {rows} rows where the ranks agreed on \[4\]: .* drop_last=True'):
        model.loss(views(rows), [])
    model.fix_batch_size(None)
    assert torch.isfinite(model.loss(views(rows), [])['loss'])


def test_without_a_queue_the_batch_is_compared() -> None:
    """``queue_length=0``: the head gets no queue, and there is none in the checkpoint."""
    model, (first, second) = build(queue_length=0).eval(), views()
    expected = InfoNCELoss(0.2)(model.neck(model.backbone(first))[-1], keys_of(model, second))
    torch.testing.assert_close(model.loss([first, second], [])['loss'], expected, rtol=1e-6, atol=0)
    assert not [name for name in model.state_dict() if 'queue' in name]


class DotProducts(nn.Module):
    """A loss that multiplies with the queue as it is."""

    def forward(self, query: Tensor, key: Tensor, queue: Tensor) -> Tensor:
        return (query @ queue.T).square().mean() + (query * key).sum()


def test_head_may_keep_the_queue_for_the_backward_pass() -> None:
    """The keys enter before the gradient is taken: the head's queue must not change under it."""
    model, (first, second) = build(head=DotProducts(), shuffle_keys=False).eval(), views()
    query = model.neck(model.backbone(first))[-1]
    model.head(query, keys_of(model, second), model.queue.features.clone()).backward()
    expected = [parameter.grad.clone() for parameter in model.neck.parameters()]
    model.zero_grad()
    model.loss([first, second], [])['loss'].backward()
    torch.testing.assert_close(
        [parameter.grad for parameter in model.neck.parameters()], expected, rtol=1e-6, atol=1e-7
    )


def test_shuffling_returns_each_key_to_its_image() -> None:
    """With BatchNorm in eval mode the keys are the same; the encoder sees another order, unless switched off."""
    images = torch.randn(16, 3, 8, 8)
    for shuffle in (True, False):
        model, seen = build(shuffle_keys=shuffle, queue_length=16).eval(), []
        model.target_backbone.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))  # noqa: B023
        expected = nn.functional.normalize(keys_of(model, images))
        model.loss([images, images], [])
        torch.testing.assert_close(model.queue.features, expected, rtol=1e-5, atol=1e-6)
        # keys_of copies the hook too, so the model's own call is the last.
        assert torch.equal(seen[-1], images) != shuffle
        assert torch.equal(seen[-1].sort(dim=0).values, images.sort(dim=0).values)


@pytest.mark.parametrize('count', [0, 1])
def test_two_views_are_needed(count: int) -> None:
    """A shorter list, or the one tensor of a data config without MultiView."""
    model = build()
    for inputs in (views()[:1] * count, *([views(2)[0]] if count == 1 else [])):
        with pytest.raises(ValueError, match='two views'):
            model.loss(inputs, [])


@pytest.mark.parametrize(
    ('kind', 'loss', 'settings'),
    [
        (MoCoV2, InfoNCELoss, {'temperature': 0.2}),
        (ReSSL, ReSSLLoss, {'temperature': 0.1, 'target_temperature': 0.05}),
        (SCE, SCELoss, {'temperature': 0.1, 'target_temperature': 0.05, 'coefficient': 0.5}),
    ],
)
def test_default_heads(kind: type[MomentumContrast], loss: type[nn.Module], settings: dict[str, float]) -> None:
    """The papers' values, of which every model has its own; a config's head takes their place."""
    for _ in range(2):
        head = build(kind).head
        assert type(head) is loss
        assert {name: getattr(head, name) for name in settings} == settings
    other = build(kind, head={'type': 'cft.InfoNCELoss', 'temperature': 0.4}).head
    assert (type(other), other.temperature) == (InfoNCELoss, 0.4)
