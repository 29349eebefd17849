"""Whole runs on networks of timm: config, training, checkpoint, test, in the four tasks."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from cft.apis import load_config, train
from cft.engine.model_access import unwrap_model
from tests.models.backbones.steps import CHANNELS, STAGES, config_of
from tests.support.tasks import quickstart_config

CONVNEXT, VIT = 'convnext_atto', 'vit_small_patch14_reg4_dinov2'


def with_network(cfg: Config, task: str, name: str) -> Config:
    """The quickstart's model on a network of timm."""
    model = cfg.model
    if task in ('cls', 'dg'):
        model.backbone, model.neck = config_of(name), None
        model.head.in_channels = 32
    elif task == 'seg':
        maps = STAGES.get(name, (0, 1, 2))
        model.backbone = config_of(name, maps)
        model.decode_head.update(in_channels=32, in_index=len(maps) - 1)
    elif name in STAGES:
        model.backbone = config_of(name, STAGES[name])
        model.neck.in_channels = list(CHANNELS[name])
    else:
        model.backbone = config_of(name, (-1,))
        model.neck = dict(type='cft.SimpleFeaturePyramid', in_channels=32, stride=14, out_channels=32)
    return cfg


@pytest.mark.slow
@pytest.mark.parametrize(('name', 'task'), [
    # The digits of classification are smaller than the stride of a ConvNeXt.
    (VIT, 'cls'), (CONVNEXT, 'dg'), (CONVNEXT, 'seg'), (VIT, 'seg'), (CONVNEXT, 'det'), (VIT, 'det'),
])  # fmt: skip
def test_a_run(name: str, task: str, tmp_path: Path) -> None:
    cfg = with_network(quickstart_config('coretuning', task, tmp_path, tmp_path / 'run'), task, name)
    cfg.optim_wrapper = dict(
        optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.05),
        constructor='cft.LayerWiseLearningRateDecay',
        paramwise_cfg=dict(layer_decay_rate=0.75),
    )
    cfg.default_hooks.checkpoint.interval = 3
    runner = train(cfg)
    for key, history in runner.message_hub.log_scalars.items():
        if 'loss' in key:
            assert np.isfinite(history.data[0]).all(), key
    (dumped,) = (tmp_path / 'run').glob('*.py')
    again = load_config(dumped)
    assert again.model.backbone.model_name == name
    made = unwrap_model(runner.model)
    state = torch.load(tmp_path / 'run' / 'iter_3.pth', weights_only=False)['state_dict']
    assert {key for key in state if key.startswith('backbone.network.')}
    assert all(torch.equal(state[key], tensor) for key, tensor in made.state_dict().items())
