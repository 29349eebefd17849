"""LayerWiseLearningRateDecay: rates by depth, what is not decayed, in classifiers, segmentors and detectors."""

from collections.abc import Callable

import pytest
import torch
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmengine.registry import MODELS, DefaultScope
from torch import nn

from cft.errors import ConfigError

VIT = dict(
    type='cft.TimmBackbone', model_name='vit_small_patch16_dinov3', embed_dim=16, depth=2, num_heads=2, out_indices=None
)
RATE = 0.5


def classifier() -> nn.Module:
    return MODELS.build(
        dict(
            type='mmpretrain.ImageClassifier',
            backbone=VIT,
            head=dict(type='mmpretrain.LinearClsHead', num_classes=3, in_channels=16),
        )
    )


def segmentor() -> nn.Module:
    import mmseg.models

    assert mmseg.models
    head = dict(type='mmseg.FCNHead', in_channels=16, in_index=1, channels=4, num_convs=1, num_classes=2)
    with DefaultScope.overwrite_default_scope('mmseg'):
        return MODELS.build(
            dict(
                type='mmseg.EncoderDecoder', backbone=VIT | {'out_indices': (0, 1)}, decode_head=head,
                train_cfg={}, test_cfg=dict(mode='whole'),
            )
        )  # fmt: skip


def detector() -> nn.Module:
    import mmdet.models

    assert mmdet.models
    neck = dict(type='cft.SimpleFeaturePyramid', in_channels=16, stride=16, out_channels=8)
    head = dict(type='mmdet.FCOSHead', num_classes=2, in_channels=8, feat_channels=8, stacked_convs=1, norm_cfg=None)
    with DefaultScope.overwrite_default_scope('mmdet'):
        return MODELS.build(
            dict(type='mmdet.FCOS', backbone=VIT | {'out_indices': (-1,)}, neck=neck, bbox_head=head, test_cfg={})
        )


def wrapped(model: nn.Module, optimizer: dict | None = None, **paramwise: object) -> OptimWrapper:
    return build_optim_wrapper(
        model,
        {
            'optimizer': optimizer or {'type': 'AdamW', 'lr': 8.0, 'weight_decay': 0.1},
            'constructor': 'cft.LayerWiseLearningRateDecay',
            'paramwise_cfg': paramwise,
        },
    )


def settings_of(model: nn.Module, made: OptimWrapper) -> dict[str, tuple[float, float]]:
    """Learning rate and weight decay by the name of the parameter; each is in one group."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found: dict[str, tuple[float, float]] = {}
    for group in made.optimizer.param_groups:
        for parameter in group['params']:
            assert names[id(parameter)] not in found
            found[names[id(parameter)]] = (group['lr'], group['weight_decay'])
    return found


@pytest.mark.parametrize('task', [classifier, segmentor, detector])
def test_rates_fall_with_the_depth_in_every_task(task: Callable[[], nn.Module]) -> None:
    model = task()
    made = wrapped(model, layer_decay_rate=RATE)
    found = settings_of(model, made)
    assert found.keys() == {name for name, _ in model.named_parameters()}
    # Stem, two blocks, and what follows: 8 / 2 ** 3 and so on.
    expected = {'patch_embed': 1.0, 'cls_token': 1.0, 'reg_token': 1.0, 'blocks.0': 2.0, 'blocks.1': 4.0}
    for name, (rate, decay) in found.items():
        inside = name.removeprefix('backbone.network.')
        layers = [each for layer, each in expected.items() if inside.startswith(layer)]
        if inside == name:
            assert rate == 8.0
        elif layers:
            assert [rate] == layers
        else:
            assert inside.startswith(('norm', 'fc_norm'))
        spared = dict(model.named_parameters())[name].ndim <= 1 or inside in ('cls_token', 'reg_token')
        assert decay == (0.0 if spared else 0.1)
    # Four depths with and without decay, tokens beside.
    assert len(made.optimizer.param_groups) <= 9


def test_a_schedule_keeps_the_ratios_and_a_step_moves_by_them() -> None:
    model = classifier()
    made = wrapped(model, {'type': 'SGD', 'lr': 1.0}, layer_decay_rate=RATE)
    scheduler = torch.optim.lr_scheduler.StepLR(made.optimizer, 1, gamma=0.1)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    made.optimizer.step()
    for name, moved in (('patch_embed.proj.weight', 0.125), ('blocks.1.mlp.fc1.weight', 0.5)):
        name = f'backbone.network.{name}'
        torch.testing.assert_close(
            before[name] - dict(model.named_parameters())[name], torch.full_like(before[name], moved)
        )
    scheduler.step()
    rates = sorted({rate for rate, _ in settings_of(model, made).values()})
    assert rates == pytest.approx([0.0125, 0.025, 0.05, 0.1])


def test_other_settings_by_name_and_frozen_parameters() -> None:
    model = classifier()
    model.backbone.network.patch_embed.requires_grad_(False)
    found = settings_of(model, wrapped(model, layer_decay_rate=RATE, custom_keys={'head.fc': dict(lr_mult=10)}))
    assert found['head.fc.weight'] == (80.0, 0.1)
    assert found['backbone.network.blocks.0.attn.qkv.weight'] == (2.0, 0.1)
    assert not any('patch_embed' in name for name in found)


def test_mmpretrains_own_vit() -> None:
    backbone = dict(type='mmpretrain.VisionTransformer', arch=dict(
        embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=16), img_size=32, patch_size=16)  # fmt: skip
    head = dict(type='mmpretrain.VisionTransformerClsHead', num_classes=3, in_channels=16)
    model = MODELS.build(dict(type='mmpretrain.ImageClassifier', backbone=backbone, head=head))
    found = settings_of(model, wrapped(model, layer_decay_rate=RATE))
    assert found['backbone.pos_embed'][0] == 1.0
    assert found['backbone.layers.1.attn.qkv.weight'] == (4.0, 0.1)
    assert found['head.layers.head.weight'] == (8.0, 0.1)


@pytest.mark.parametrize('wrong', [{}, {'layer_decay_rate': 0}, {'layer_decay_rate': 1.5}, {'layer_decay_rate': 'x'}])
def test_wrong_rates(wrong: dict) -> None:
    with pytest.raises(ConfigError, match=r'^optim_wrapper.paramwise_cfg.layer_decay_rate=.* must be above 0'):
        wrapped(classifier(), **wrong)


def test_no_learning_rate_and_no_depths() -> None:
    with pytest.raises(ConfigError, match=r'^optim_wrapper.optimizer.lr is missing'):
        wrapped(classifier(), {'type': 'SGD'}, layer_decay_rate=RATE)
    with pytest.raises(ConfigError, match=r'^model.backbone=Linear does not tell the depth'):
        wrapped(nn.ModuleDict({'backbone': nn.Linear(2, 2)}), layer_decay_rate=RATE)
    with pytest.raises(ConfigError, match=r'^model.backbone=NoneType does not tell the depth'):
        wrapped(nn.Linear(2, 2), layer_decay_rate=RATE)
