"""A detector on networks of timm: an FPN behind stages, a simple feature pyramid behind a plain ViT."""

import pytest
from mmengine.config import ConfigDict

from tests.models.backbones.steps import CHANNELS, NAMES, STAGES, check_step, config_of
from tests.models.detection.detectors import BRANCH, build, losses_of, model_config

pytestmark = pytest.mark.filterwarnings('ignore:indexing with dtype torch.uint8')


def detector_config(name: str, kind: str = 'fpn') -> ConfigDict:
    config = model_config(kind)
    if name in STAGES:
        config.backbone = config_of(name, STAGES[name])
        config.neck.in_channels = list(CHANNELS[name])
    else:
        config.backbone = config_of(name, (-1,))
        config.neck = dict(
            type='cft.SimpleFeaturePyramid',
            in_channels=32,
            stride=14 if 'patch14' in name else 16,
            out_channels=config.neck.out_channels,
            num_outs=config.neck.num_outs,
        )
    return config


@pytest.mark.parametrize('kind', ['fpn', 'mask_fpn'])
@pytest.mark.parametrize('name', NAMES)
def test_a_step(name: str, kind: str) -> None:
    model = build(detector_config(name, kind), contrastive=BRANCH)
    model.init_weights()
    check_step(model, losses_of(model))
