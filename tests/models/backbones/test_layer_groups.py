"""Depths of layers, and what is not decayed, against timm's own parameter groups."""

import pytest
from mmpretrain.engine.optimizers import LearningRateDecayOptimWrapperConstructor
from mmpretrain.models import ImageClassifier
from timm.optim import param_groups_layer_decay

from tests.models.backbones.networks import ALL, backbone, timm_network


@pytest.mark.parametrize('name', ALL)
def test_scales_are_timms(name: str) -> None:
    made = backbone(name)
    network = timm_network(made, num_classes=4)
    names = {parameter: key for key, parameter in network.named_parameters()}
    scales, spared = {}, set()
    never = network.no_weight_decay() if hasattr(network, 'no_weight_decay') else ()
    for group in param_groups_layer_decay(network, weight_decay=0.1, no_weight_decay_list=never, layer_decay=0.5):
        for parameter in group['params']:
            scales[names[parameter]] = group['lr_scale']
            spared |= {names[parameter]} if not group['weight_decay'] else set()
    for key, parameter in made.named_parameters():
        depth, depths = made.get_layer_depth(f'backbone.{key}', 'backbone.')
        assert 0.5 ** (depths - 1 - depth) == scales[key.removeprefix('network.')]
        assert (parameter.ndim <= 1 or key in made.no_weight_decay()) == (key.removeprefix('network.') in spared)
    depth, depths = made.get_layer_depth('head.fc.weight', 'backbone.')
    assert depth == depths - 1


def test_depths_of_a_vit() -> None:
    made = backbone('vit_tiny_patch16_224', depth=4)
    depths = {key: made.get_layer_depth(f'network.{key}')[0] for key, _ in made.network.named_parameters()}
    assert {depths[key] for key in ('cls_token', 'pos_embed', 'patch_embed.proj.weight')} == {0}
    assert [depths[f'blocks.{block}.mlp.fc1.weight'] for block in range(4)] == [1, 2, 3, 4]
    assert depths['norm.weight'] == 4
    assert made.get_layer_depth('network.norm.weight')[1] == 6


def test_depths_are_those_of_the_layers_that_are_kept() -> None:
    made = backbone('vit_tiny_patch16_224', (0, 1))
    assert made.get_layer_depth('backbone.network.blocks.1.norm1.weight', 'backbone.') == (2, 4)


def test_mmpretrains_constructor_serves_classifiers() -> None:
    model = ImageClassifier(
        backbone=dict(type='cft.TimmBackbone', model_name='vit_tiny_patch16_224', **ALL['vit_tiny_patch16_224']),
        head=dict(type='LinearClsHead', num_classes=3, in_channels=32),
    )
    made = LearningRateDecayOptimWrapperConstructor(
        dict(optimizer=dict(type='AdamW', lr=1.0, weight_decay=0.1)), dict(layer_decay_rate=0.5)
    )(model)
    rates = {group['param_name']: group['lr'] for group in made.param_groups if 'param_name' in group}
    assert rates['backbone.network.pos_embed'] == 0.5**4
    assert rates['backbone.network.blocks.2.attn.qkv.weight'] == 0.5
    assert rates['head.fc.weight'] == 1


def test_tables_of_relative_positions_are_not_decayed() -> None:
    made = backbone('swin_tiny_patch4_window7_224')
    assert {name.rpartition('.')[2] for name in made.no_weight_decay()} == {'relative_position_bias_table'}
    assert len(made.no_weight_decay()) == 6
