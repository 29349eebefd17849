"""Small segmentors with several decode heads, plain and contrastive, and batches for them."""

import copy

import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

CLASSES = 3
IGNORED = 255
NORM = {'type': 'BN', 'requires_grad': True}
CROSS_ENTROPY = {'type': 'CrossEntropyLoss', 'use_sigmoid': False, 'avg_non_ignore': True, 'loss_weight': 1.0}
HEADS = {
    'ASPPHead': {'in_channels': 32, 'in_index': 3, 'dilations': (1, 2)},
    'FCNHead': {'in_channels': 32, 'in_index': 3, 'num_convs': 1},
    'PSPHead': {'in_channels': 32, 'in_index': 3, 'pool_scales': (1, 2)},
    'UPerHead': {'in_channels': [4, 8, 16, 32], 'in_index': [0, 1, 2, 3], 'pool_scales': (1, 2)},
    'DepthwiseSeparableASPPHead': {
        'in_channels': 32, 'in_index': 3, 'dilations': (1, 2), 'c1_in_channels': 4, 'c1_channels': 4,
    },
    'SegformerHead': {'in_channels': [4, 8, 16, 32], 'in_index': [0, 1, 2, 3]},
}  # fmt: skip
BRANCH = {
    'type': 'cft.ContrastiveBranch',
    'loss': {'type': 'cft.SupConLoss', 'temperature': 0.2},
    'projector': {'type': 'cft.MLPProjector', 'out_channels': 4},
}
PAIRED = BRANCH | {'pairs': {'type': 'cft.HardPairMixup'}}


def model_config(head: str = 'FCNHead', *, auxiliary: bool = True, **decode: object) -> dict:
    """A ResNet-18 of 4 to 32 channels at strides 4, 8, 8, 8, and a decode head of width 6 with much dropout."""
    common = {'num_classes': CLASSES, 'norm_cfg': NORM, 'align_corners': False}
    decode_head = {'type': head, 'channels': 6, 'dropout_ratio': 0.5, 'loss_decode': CROSS_ENTROPY}
    decode_head.update(**common, **HEADS.get(head, {}))
    decode_head.update(decode)
    config = {
        'backbone': {
            'type': 'ResNet', 'depth': 18, 'base_channels': 4, 'strides': (1, 2, 1, 1), 'norm_cfg': NORM,
        },
        'decode_head': decode_head,
        'train_cfg': ConfigDict(),
        'test_cfg': ConfigDict(mode='whole'),
    }  # fmt: skip
    if auxiliary:
        config['auxiliary_head'] = {
            'type': 'FCNHead', 'in_channels': 16, 'in_index': 2, 'channels': 4, 'num_convs': 1,
            'loss_decode': {'type': 'CrossEntropyLoss', 'loss_weight': 0.4}, **common,
        }  # fmt: skip
    return config


def build(config: dict, **options: object) -> nn.Module:
    """The contrastive segmentor in training mode; equal configs have equal parameters."""
    torch.manual_seed(3)
    return MODELS.build({'type': 'cft.ContrastiveEncoderDecoder', **copy.deepcopy(config), **options}).train()


def plain_twin(model: nn.Module, config: dict) -> nn.Module:
    """mmseg's own segmentor with the same weights."""
    twin = MODELS.build({'type': 'EncoderDecoder', **copy.deepcopy(config)}).train(model.training)
    extra = twin.load_state_dict(model.state_dict(), strict=False)
    assert not extra.missing_keys
    assert all(key.startswith('contrastive.') for key in extra.unexpected_keys)
    return twin


def batch(labels: Tensor | None = None, size: int = 32) -> tuple[Tensor, list[SegDataSample]]:
    """Two noise images; by default labels in blocks, a part without."""
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(2, 3, size, size, generator=generator)
    if labels is None:
        blocks = torch.tensor([[[0, 1], [2, IGNORED]], [[1, 1], [0, 2]]])
        labels = blocks.repeat_interleave(size // 2, dim=1).repeat_interleave(size // 2, dim=2)
    samples = []
    for label in labels:
        sample = SegDataSample(gt_sem_seg=PixelData(data=label[None]))
        sample.set_metainfo({'img_shape': (size, size), 'ori_shape': (size, size), 'pad_shape': (size, size)})
        samples.append(sample)
    return images, samples


def watch(model: nn.Module) -> dict[str, list]:
    """Record what the pixel sampler is given and draws, and what is generated for it."""
    seen: dict[str, list] = {'given': [], 'drawn': [], 'generated': []}
    model.pixel_sampler.register_forward_pre_hook(lambda _, given: seen['given'].append(given))
    model.pixel_sampler.register_forward_hook(lambda *call: seen['drawn'].append(call[2]))
    model.contrastive.register_forward_hook(lambda *call: seen['generated'].append(call[2][1]))
    return seen


def losses_of(model: nn.Module, labels: Tensor | None = None) -> dict[str, Tensor]:
    """Losses of a step with a fixed seed, so that dropout and samples can be drawn again."""
    torch.manual_seed(7)
    return model.loss(*batch(labels))
