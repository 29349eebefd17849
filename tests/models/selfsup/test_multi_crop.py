"""Symmetric loss, local crops and predictor of MomentumContrast."""

import copy

import pytest
import torch
from torch import Tensor, nn

from cft.models.selfsup import SCE, MoCoV2, MomentumContrast, ReSSL, view_pairs
from tests.models.selfsup.momentum_models import build, encoders, keys_of, views
from tests.support.synchronisations import synchronisations


def crops(rows: int = 4, sizes: tuple[int, ...] = (8, 8, 6, 4)) -> list[Tensor]:
    return [torch.randn(rows, 3, size, size) for size in sizes]


def test_view_pairs_by_hand() -> None:
    """Every global view is compared with every other view of the image, as in SCE's released training step."""
    for num_views in range(2, 8):
        symmetric = [(query, key) for key in range(2) for query in range(num_views) if query != key]
        assert sorted(view_pairs(num_views, symmetric=True)) == sorted(symmetric)
        assert len(symmetric) == 2 * (num_views - 1)
        one_sided = [(query, 1) for query in range(num_views) if query != 1]
        assert view_pairs(num_views, symmetric=False) == one_sided


@pytest.mark.parametrize('symmetric', [False, True])
@pytest.mark.parametrize('num_views', [2, 4])
def test_loss_is_the_mean_over_pairs(symmetric: bool, num_views: int) -> None:
    """Each pair by hand with the queue as it was; all key views enter it, view 1 first; crops may differ in size."""
    model = build(SCE, queue_length=20, shuffle_keys=False, symmetric=symmetric)
    inputs, queue = crops()[:num_views], model.queue.features.clone()
    online = copy.deepcopy(encoders(model)[0])
    keys = {view: keys_of(model, inputs[view]) for view in ((1, 0) if symmetric else (1,))}
    total, pairs = 0.0, 0
    for key in keys:
        for query in range(num_views):
            if query == key or (query == 1 and not symmetric):
                continue
            total = total + model.head(online[1](online[0](inputs[query]))[-1], keys[key], queue)
            pairs += 1
    loss = model.loss(inputs, [])['loss']
    torch.testing.assert_close(loss, total / pairs, rtol=1e-5, atol=1e-6)
    entered = nn.functional.normalize(torch.cat(list(keys.values())))
    torch.testing.assert_close(model.queue.features[: len(entered)], entered, rtol=1e-5, atol=1e-6)
    assert int(model.queue.position) == 4 * len(keys)
    assert torch.equal(model.queue.features[len(entered) :], queue[len(entered) :])


def test_symmetric_loss_does_not_depend_on_the_order_of_views() -> None:
    model, inputs = build(SCE, shuffle_keys=False, symmetric=True).eval(), views()
    other = copy.deepcopy(model)
    torch.testing.assert_close(model.loss(inputs, [])['loss'], other.loss(inputs[::-1], [])['loss'])


def test_predictor_stands_on_the_online_side_only() -> None:
    """Queries pass through it and train it, keys do not; it has no momentum counterpart."""
    predictor = {
        'type': 'mmpretrain.NonLinearNeck', 'in_channels': 5, 'hid_channels': 6, 'out_channels': 5,
        'with_avg_pool': False, 'norm_cfg': {'type': 'BN1d'},
    }  # fmt: skip
    model, (first, second) = build(SCE, shuffle_keys=False, predictor=predictor), views()
    keys, queue = keys_of(model, second), model.queue.features.clone()
    online, on_top = copy.deepcopy(encoders(model)[0]), copy.deepcopy(model.predictor)
    expected = model.head(on_top((online[1](online[0](first))[-1],))[-1], keys, queue)
    loss = model.loss([first, second], [])['loss']
    torch.testing.assert_close(loss, expected, rtol=1e-6, atol=0)
    loss.backward()
    assert model.predictor.fc0.weight.grad.abs().max() > 0
    assert not [name for name in model.state_dict() if 'target' in name and 'predictor' in name]


def test_gradient_reaches_every_crop_but_no_key() -> None:
    model = build(SCE, shuffle_keys=False)
    inputs = [view.requires_grad_() for view in crops()]
    model.loss(inputs, [])['loss'].backward()
    assert [view.grad is not None and bool(view.grad.abs().max() > 0) for view in inputs] == [True, False, True, True]


@pytest.mark.parametrize('kind', [MoCoV2, ReSSL, SCE])
@pytest.mark.parametrize('symmetric', [False, True])
def test_a_step_does_not_wait_for_the_device(kind: type[MomentumContrast], symmetric: bool) -> None:
    """Eight views, forward and backward, with parts of the keys."""
    model = build(kind, queue_length=64, symmetric=symmetric, key_splits=2)
    inputs = crops(sizes=(8, 8, 6, 6, 4, 4, 4, 4))
    assert not synchronisations(lambda: model.loss(inputs, [])['loss'].backward())


def test_nor_does_one_without_a_queue() -> None:
    model = build(MoCoV2, queue_length=0, symmetric=True)
    assert not synchronisations(lambda: model.loss(crops(), [])['loss'].backward())
