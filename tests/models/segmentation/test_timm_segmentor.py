"""A segmentor on networks of timm: stages of some, blocks of others."""

import pytest
import torch

from tests.models.backbones.steps import CHANNELS, NAMES, STAGES, check_step, config_of
from tests.models.segmentation.segmentors import BRANCH, batch, build, model_config


def segmentor_config(name: str) -> dict:
    plain = name not in STAGES
    maps = (0, 1, 2) if plain else STAGES[name]
    channels = (32,) * 3 if plain else CHANNELS[name]
    config = model_config('ASPPHead', in_channels=channels[-1], in_index=len(maps) - 1)
    config['auxiliary_head'].update(in_channels=channels[-2], in_index=len(maps) - 2)
    return config | {'backbone': config_of(name, maps)}


@pytest.mark.parametrize('name', NAMES)
def test_a_step(name: str) -> None:
    model = build(segmentor_config(name), contrastive=BRANCH)
    model.init_weights()
    torch.manual_seed(7)
    check_step(model, model.loss(*batch(size=64)))


@pytest.mark.parametrize('name', ['convnext_atto', 'vit_small_patch14_reg4_dinov2'])
def test_predictions_are_of_the_images_size(name: str) -> None:
    model = build(segmentor_config(name), contrastive=BRANCH).eval()
    inputs, samples = batch(size=50)
    (first, _) = model.predict(inputs, samples)
    assert first.pred_sem_seg.data.shape == (1, 50, 50)


def test_a_pyramid_of_a_plain_vit() -> None:
    config = model_config('UPerHead', in_channels=[8] * 4, auxiliary=False)
    config |= {
        'backbone': config_of('vit_small_patch14_reg4_dinov2', (-1,)),
        'neck': dict(type='cft.SimpleFeaturePyramid', in_channels=32, stride=14, out_channels=8, num_outs=4),
    }
    model = build(config, contrastive=BRANCH)
    check_step(model, model.loss(*batch(size=64)))
