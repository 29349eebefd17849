"""in_channels=None in necks, heads and projectors of every task."""

import pytest
import torchvision
from mmengine.config import Config

from cft.apis import load_config
from cft.apis.completion.feature_widths import fill_in_channels
from cft.errors import ConfigError
from tests.support.digits_runs import CONFIGS

# Of the maps of a ResNet-18, as torchvision has it.
WIDTHS = [getattr(torchvision.models.resnet18(), f'layer{stage}')[-1].conv2.out_channels for stage in (1, 2, 3, 4)]


def filled(name: str, *missing: str, **options: object) -> Config:
    settings = {'model.backbone.depth': 18, **dict.fromkeys(missing), **options}
    cfg = load_config(CONFIGS / f'{name}.py', settings)
    fill_in_channels(cfg)
    return cfg


def test_classification() -> None:
    cfg = filled('coretuning/r50_folder', 'model.head.in_channels')
    assert cfg.model.head.in_channels == cfg.model.head.contrastive.projector.in_channels == WIDTHS[-1]


def test_segmentation() -> None:
    heads = ('model.decode_head.in_channels', 'model.auxiliary_head.in_channels')
    cfg = filled('coretuning/r50_voc_seg', *heads)
    assert [cfg.model.decode_head.in_channels, cfg.model.auxiliary_head.in_channels] == [WIDTHS[3], WIDTHS[2]]
    assert cfg.model.contrastive.projector.in_channels == 512 == cfg.model.decode_head.channels


def test_heads_that_see_several_maps() -> None:
    head = {'type': 'UPerHead', 'in_channels': None, 'in_index': [0, 1, 3], 'channels': 8, 'num_classes': 2}
    cfg = filled('ce/r50_voc_seg', **{'model.decode_head': head})
    assert cfg.model.decode_head.in_channels == [WIDTHS[0], WIDTHS[1], WIDTHS[3]]


def test_detection_on_a_pyramid() -> None:
    parts = ('bbox_roi_extractor.out_channels', 'bbox_head.in_channels')
    missing = ('model.neck.in_channels', 'model.rpn_head.in_channels', *(f'model.roi_head.{part}' for part in parts))
    model = filled('coretuning/r50_voc_det_fpn', *missing).model
    assert model.neck.in_channels == WIDTHS
    roi_head = model.roi_head
    assert model.rpn_head.in_channels == roi_head.bbox_roi_extractor.out_channels == roi_head.bbox_head.in_channels
    assert model.rpn_head.in_channels == model.neck.out_channels == 256
    assert roi_head.contrastive.projector.in_channels == 1024


def test_detection_with_a_shared_head() -> None:
    """Its last stage stands between the regions and the box head."""
    missing = ('model.rpn_head.in_channels', 'model.roi_head.bbox_head.in_channels')
    shared = {'model.roi_head.shared_head.depth': 18, 'model.roi_head.bbox_roi_extractor.out_channels': None}
    model = filled('coretuning/r50_voc_det', *missing, **shared).model
    assert model.rpn_head.in_channels == model.roi_head.bbox_roi_extractor.out_channels == WIDTHS[2]
    assert model.roi_head.bbox_head.in_channels == model.roi_head.contrastive.projector.in_channels == WIDTHS[3]


def test_pre_training() -> None:
    """The projector, and the predictor behind it."""
    cfg = filled('sce/r50_imagenet_lars_100e', 'model.neck.in_channels', 'model.predictor.in_channels')
    assert cfg.model.neck.in_channels == WIDTHS[-1]
    assert cfg.model.predictor.in_channels == cfg.model.neck.out_channels == 256


def test_what_is_given_stays() -> None:
    """Also where it is wrong: the training says so, with the layer."""
    assert filled('ce/r50_folder').model.head.in_channels == 2048


def test_what_does_not_fit_together() -> None:
    with pytest.raises(ConfigError, match='ResNet cannot be built: .*19.*correct its settings'):
        filled('ce/r50_folder', 'model.head.in_channels', **{'model.backbone.depth': 19})
    wrong = {'model.neck': {'type': 'LinearNeck', 'in_channels': 5, 'out_channels': 4}}
    with pytest.raises(
        ConfigError, match=r'model.head.in_channels is None, and what is before it does not show its width .*; set it'
    ):
        filled('ce/r50_folder', 'model.head.in_channels', **wrong)
