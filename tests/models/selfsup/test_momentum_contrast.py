"""MomentumContrast: query, key, queue and the moving average."""

import copy

import pytest
import torch
from torch import Tensor, nn

from cft.models.losses import InfoNCELoss, ReSSLLoss, SCELoss
from cft.models.selfsup import SCE, MoCoV2, MomentumContrast, ReSSL

BACKBONE = {
    'type': 'mmpretrain.ResNet_CIFAR', 'depth': 18, 'num_stages': 1, 'out_indices': (0,), 'strides': (2,),
    'dilations': (1,), 'stem_channels': 4, 'base_channels': 4, 'zero_init_residual': False,
}  # fmt: skip
NECK = {
    'type': 'mmpretrain.MoCoV2Neck', 'in_channels': 4, 'hid_channels': 6, 'out_channels': 5, 'with_avg_pool': True,
}  # fmt: skip


def build(kind: type[MomentumContrast] = MoCoV2, queue_length: int = 7, **options: object) -> MomentumContrast:
    options = {'backbone': dict(BACKBONE), 'neck': dict(NECK)} | options
    model = kind(queue_length=queue_length, feat_channels=5, **options)
    model.init_weights()
    return model


def views(rows: int = 4) -> list[Tensor]:
    return [torch.randn(rows, 3, 8, 8) for _ in range(2)]


def encoders(model: MomentumContrast) -> tuple[nn.Module, nn.Module]:
    """Online and momentum encoder, each as one module."""
    return nn.ModuleList([model.backbone, model.neck]), nn.ModuleList([model.target_backbone, model.target_neck])


def keys_of(model: MomentumContrast, images: Tensor) -> Tensor:
    """Keys of a copy of the momentum encoder, so that the model's own statistics stay."""
    target = copy.deepcopy(encoders(model)[1])
    with torch.no_grad():
        return target[1](target[0](images))[-1]


def test_update_target_closed_form() -> None:
    """After k steps with momentum m from t to a fixed o: m^k t + (1 - m^k) o; statistics of BatchNorm stay."""
    model = build()
    online, target = encoders(model)
    for parameter in online.parameters():
        nn.init.normal_(parameter)
    for buffer in online.buffers():
        buffer.add_(3)
    start, buffers = copy.deepcopy(list(target.parameters())), copy.deepcopy(list(target.buffers()))
    for _ in range(5):
        model.update_target(0.9)
    for moved, old, goal in zip(target.parameters(), start, online.parameters(), strict=True):
        torch.testing.assert_close(moved, 0.9**5 * old + (1 - 0.9**5) * goal, rtol=1e-5, atol=1e-6)
    assert all(torch.equal(a, b) for a, b in zip(target.buffers(), buffers, strict=True))


def test_update_target_limits() -> None:
    """Momentum 1 keeps the target, 0 copies the online encoder; the online encoder never moves."""
    model = build()
    online, target = encoders(model)
    for parameter in online.parameters():
        nn.init.normal_(parameter)
    for momentum, source in ((1.0, target), (0.0, online)):
        expected, fixed = copy.deepcopy(source.state_dict()), copy.deepcopy(online.state_dict())
        model.update_target(momentum)
        torch.testing.assert_close(target.state_dict(), expected, rtol=0, atol=0)
        torch.testing.assert_close(online.state_dict(), fixed, rtol=0, atol=0)


def test_update_target_without_neck_parameters() -> None:
    """A pooling neck has nothing to average; the backbone still moves."""
    model = build(neck={'type': 'mmpretrain.GlobalAveragePooling'}, queue_length=0)
    nn.init.ones_(model.backbone.conv1.weight)
    model.update_target(0.0)
    assert (model.target_backbone.conv1.weight == 1).all()


def test_only_the_online_encoder_learns() -> None:
    """Every online parameter gets a gradient, none of the target's does, nor does the queue."""
    model = build()
    online, target = encoders(model)
    model.loss(views(), [])['loss'].backward()
    assert all(parameter.grad is not None for parameter in online.parameters())
    assert model.backbone.conv1.weight.grad.abs().max() > 1e-6
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in target.parameters())
    assert not model.queue.features.requires_grad


@pytest.mark.parametrize('kind', [MoCoV2, ReSSL, SCE])
@pytest.mark.parametrize('rows', [4, 3, 10])
def test_loss_is_head_of_query_key_and_queue_as_it_was(kind: type[MomentumContrast], rows: int) -> None:
    """The queue before this batch is compared with, then the keys enter; also if the batch is longer than the queue."""
    model, (first, second) = build(kind, shuffle_keys=False), views(rows)
    nn.init.normal_(model.target_neck.state_dict()['mlp.2.weight'])
    keys, queue, online = keys_of(model, second), model.queue.features.clone(), copy.deepcopy(encoders(model)[0])
    expected = model.head(online[1](online[0](first))[-1], keys, queue)
    loss = model.loss([first, second], [])['loss']
    assert torch.equal(loss, expected)
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


def test_without_a_queue_the_batch_is_compared() -> None:
    """``queue_length=0``: the head gets no queue, and there is none in the checkpoint."""
    model, (first, second) = build(queue_length=0).eval(), views()
    expected = InfoNCELoss(0.2)(model.neck(model.backbone(first))[-1], keys_of(model, second))
    torch.testing.assert_close(model.loss([first, second], [])['loss'], expected, rtol=1e-6, atol=0)
    assert not [name for name in model.state_dict() if 'queue' in name]


def test_shuffling_returns_each_key_to_its_image(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_init_weights_makes_the_target_equal() -> None:
    """Before initialisation too, and after drawing new weights for the online encoder."""
    model = MoCoV2(backbone=dict(BACKBONE), neck=dict(NECK), queue_length=7, feat_channels=5)
    before = model.backbone.conv1.weight.clone()
    for _ in range(2):
        online, target = encoders(model)
        torch.testing.assert_close(online.state_dict(), target.state_dict(), rtol=0, atol=0)
        model.init_weights()
    assert not torch.equal(model.backbone.conv1.weight, before)
    assert all(a is not b for a, b in zip(online.parameters(), target.parameters(), strict=True))


@pytest.mark.parametrize('count', [0, 1, 3])
def test_two_views_are_needed(count: int) -> None:
    """A list of another length, or the one tensor of a data config without MultiView."""
    model = build()
    for inputs in (views()[:1] * count, *([views(2)[0]] if count == 1 else [])):
        with pytest.raises(ValueError, match='two views'):
            model.loss(inputs, [])


def test_training_without_updates_stops() -> None:
    """1000 batches may pass without an update, not one more; an update starts the count again."""
    model = build()
    model._steps_without_update = 999
    model.loss(views(), [])
    with pytest.raises(RuntimeError, match='MomentumUpdateHook'):
        model.loss(views(), [])
    model.update_target(0.9)
    model.loss(views(), [])


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
