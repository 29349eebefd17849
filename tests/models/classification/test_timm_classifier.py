"""A classifier on networks of timm, with the loss of a method."""

import pytest
import torch
from mmpretrain.structures import DataSample

from cft.registry import MODELS
from tests.models.backbones.networks import images
from tests.models.backbones.steps import BRANCH, NAMES, check_step, config_of

LABELS = (0, 1, 1, 0)


@pytest.mark.parametrize('name', NAMES)
def test_a_step_of_two_views(name: str) -> None:
    torch.manual_seed(2)
    channels = MODELS.build(config_of(name)).embed_dims
    model = MODELS.build(
        dict(
            type='cft.FineTuneClassifier',
            backbone=config_of(name),
            head=dict(
                type='cft.ContrastiveClsHead',
                num_classes=3,
                in_channels=channels,
                contrastive={**BRANCH, 'projector': {**BRANCH['projector'], 'in_channels': channels}},
            ),
        )
    )
    model.init_weights()
    samples = [DataSample().set_gt_label(label) for label in LABELS]
    views = [images(64, 64, rows=4), images(64, 64, rows=4).flip(3)]
    check_step(model.train(), model.loss(views, samples))
    predicted = model.eval().predict(images(64, 64, rows=4), samples)
    assert all(0 <= sample.pred_label.item() < 3 for sample in predicted)
