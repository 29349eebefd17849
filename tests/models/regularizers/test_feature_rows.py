"""The rows that BSS takes, in each task."""

import pytest
import torch
from mmengine.registry import DefaultScope
from torch import nn

from cft.errors import ConfigError
from cft.models.regularizers import pretrained_parts, watch_feature_rows
from tests.models.detection import detectors
from tests.models.segmentation import segmentors


@pytest.mark.parametrize('options', [{}, dict(contrastive=segmentors.PAIRED, smooth_classifier=True)])
@pytest.mark.parametrize('head', ['FCNHead', 'ASPPHead'])
def test_pixels(head: str, options: dict) -> None:
    """All pixels of the map before dropout, once, whatever else the classifier is asked for."""
    with DefaultScope.overwrite_default_scope('mmseg'):
        model = segmentors.build(segmentors.model_config(head), **options)
    inputs: list[torch.Tensor] = []
    model.decode_head.dropout.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    with watch_feature_rows(model) as rows:
        segmentors.losses_of(model)
    (found,) = rows
    maps = inputs[0]
    assert found.shape == (maps.shape[0] * maps.shape[2] * maps.shape[3], maps.shape[1])
    assert torch.equal(found[maps.shape[3] + 1], maps[0, :, 1, 1]) and found.requires_grad


def detector(kind: str, **options: object) -> nn.Module:
    """In mmdet's scope."""
    with DefaultScope.overwrite_default_scope('mmdet'):
        return detectors.build(detectors.model_config(kind), **options)


@pytest.mark.parametrize('options', [{}, dict(contrastive=detectors.PAIRED, smooth_classifier=True)])
@pytest.mark.parametrize('kind', ['fpn', 'c4'])
def test_regions(kind: str, options: dict) -> None:
    """The sampled proposals, once."""
    model = detector(kind, **options)
    inputs: list[torch.Tensor] = []
    model.roi_head.bbox_head.fc_cls.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    with watch_feature_rows(model) as rows:
        detectors.losses_of(model)
    (found,) = rows
    assert torch.equal(found, inputs[0]) and found.requires_grad


def test_the_last_stage_of_a_c4_detector_is_pretrained_too() -> None:
    model = detector('c4')
    assert [name for name, _ in pretrained_parts(model)] == ['backbone', 'roi_head.shared_head.res5']


def test_models_without_such_parts() -> None:
    with pytest.raises(ConfigError, match='no single layer that classifies'), watch_feature_rows(nn.Module()):
        pass
    with pytest.raises(ConfigError, match='has no backbone'):
        pretrained_parts(nn.Linear(2, 2))
