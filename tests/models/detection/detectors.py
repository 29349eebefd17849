"""Small two-stage detectors, plain and contrastive, and batches for them."""

import copy
from pathlib import Path

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import Tensor, nn

from cft.apis import load_config

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'
CLASSES = 4
SIZE = 64
BOXES = [[4, 4, 30, 28], [30, 30, 60, 58], [8, 34, 24, 60], [34, 4, 62, 24]]
KINDS = ('fpn', 'c4', 'mask_c4', 'mask_fpn')
BRANCH = {
    'type': 'cft.ContrastiveBranch',
    'loss': {'type': 'cft.SupConLoss', 'temperature': 0.2},
    'projector': {'type': 'cft.MLPProjector', 'hidden_channels': 8, 'out_channels': 4},
}
PAIRED = BRANCH | {'pairs': {'type': 'cft.HardPairMixup'}}


def fpn_config() -> ConfigDict:
    """The quickstart's Faster R-CNN with FPN, narrower and with fewer proposals."""
    model = load_config(CONFIGS / 'quickstart' / 'ce_det.py').model
    model.roi_head.bbox_head.fc_out_channels = 16
    return model


def c4_config(kind: str) -> ConfigDict:
    """The C4 detectors on a ResNet-18, whose stage 4 is the shared head of 256 to 512 channels."""
    model = load_config(CONFIGS / '_base_' / 'models' / f'r50_{kind}_rcnn_c4.py').model
    norm = {'type': 'BN', 'requires_grad': True}
    model.backbone.update(depth=18, norm_cfg=norm)
    model.rpn_head.update(in_channels=256, feat_channels=16)
    model.rpn_head.anchor_generator.update(scales=[1, 2])
    model.roi_head.shared_head.update(depth=18, norm_cfg=norm)
    model.roi_head.bbox_roi_extractor.update(out_channels=256)
    model.roi_head.bbox_head.update(in_channels=512, num_classes=CLASSES)
    if kind == 'mask':
        model.roi_head.mask_head.update(in_channels=512, conv_out_channels=8, num_classes=CLASSES)
    return model


def model_config(kind: str = 'fpn') -> ConfigDict:
    """A detector's config of one of KINDS, without the branch."""
    model = c4_config('mask' if kind == 'mask_c4' else 'faster') if kind.endswith('c4') else fpn_config()
    if kind == 'mask_fpn':
        model.type = 'MaskRCNN'
        model.roi_head.update(
            mask_roi_extractor=copy.deepcopy(model.roi_head.bbox_roi_extractor),
            mask_head=dict(
                type='FCNMaskHead', num_convs=1, in_channels=32, conv_out_channels=8, num_classes=CLASSES,
                loss_mask=dict(type='CrossEntropyLoss', use_mask=True, loss_weight=1.0)),
        )  # fmt: skip
        model.train_cfg.rcnn.mask_size = 14
        model.test_cfg.rcnn.mask_thr_binary = 0.5
    model.train_cfg.rpn_proposal.update(max_per_img=40)
    model.train_cfg.rcnn.sampler.update(num=24, pos_fraction=0.5)
    model.test_cfg.rpn.update(max_per_img=20)
    model.test_cfg.rcnn.update(score_thr=0.0, max_per_img=10)
    return model


def build(config: ConfigDict, **options: object) -> nn.Module:
    """The contrastive detector in training mode; equal configs have equal parameters."""
    torch.manual_seed(3)
    config = copy.deepcopy(config)
    config.roi_head.update(options)
    return MODELS.build(config).train()


def plain_twin(model: nn.Module, config: ConfigDict) -> nn.Module:
    """mmdet's own detector with the same weights."""
    config = copy.deepcopy(config)
    config.roi_head.type = 'StandardRoIHead'
    twin = MODELS.build(config).train(model.training)
    extra = twin.load_state_dict(model.state_dict(), strict=False)
    assert not extra.missing_keys
    assert all(key.startswith('roi_head.contrastive.') for key in extra.unexpected_keys)
    return twin


def batch(labels: tuple[list[int], ...] = ([0, 1, 2], [3, 1])) -> tuple[Tensor, list[DetDataSample]]:
    """Noise images with a box and a mask for each label."""
    images = torch.randn(len(labels), 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    samples = []
    for classes in labels:
        boxes = torch.tensor(BOXES[: len(classes)], dtype=torch.float32).reshape(-1, 4)
        masks = np.zeros((len(classes), SIZE, SIZE), np.uint8)
        for mask, (x1, y1, x2, y2) in zip(masks, boxes.int().tolist(), strict=True):
            mask[y1:y2, x1:x2] = 1
        instances = InstanceData(bboxes=boxes, labels=torch.tensor(classes).long())
        instances.masks = BitmapMasks(masks, SIZE, SIZE)
        shape = {'img_shape': (SIZE, SIZE), 'ori_shape': (SIZE, SIZE), 'pad_shape': (SIZE, SIZE)}
        shape |= {'batch_input_shape': (SIZE, SIZE), 'scale_factor': (1.0, 1.0)}
        sample = DetDataSample(gt_instances=instances, metainfo=shape)
        sample.ignored_instances = InstanceData(bboxes=torch.zeros(0, 4), labels=torch.zeros(0).long())
        samples.append(sample)
    return images, samples


def losses_of(model: nn.Module, labels: tuple[list[int], ...] = ([0, 1, 2], [3, 1])) -> dict[str, Tensor]:
    """Losses of a step with a fixed seed, so that proposals can be drawn again."""
    torch.manual_seed(7)
    return model.loss(*batch(labels))


def watch(model: nn.Module) -> dict[str, list]:
    """Record what the branch's sampler is given and draws, and what is generated for it."""
    seen: dict[str, list] = {'given': [], 'drawn': [], 'generated': []}
    head = model.roi_head
    head.roi_sampler.register_forward_pre_hook(lambda _, given: seen['given'].append(given))
    head.roi_sampler.register_forward_hook(lambda *call: seen['drawn'].append(call[2]))
    if head.contrastive is not None:
        head.contrastive.register_forward_hook(lambda *call: seen['generated'].append(call[2][1]))
    return seen


def total(losses: dict[str, Tensor | list[Tensor]]) -> Tensor:
    """Sum of all that is trained."""
    values = [value for name, value in losses.items() if 'loss' in name]
    return sum(sum(value) if isinstance(value, list) else value for value in values)
