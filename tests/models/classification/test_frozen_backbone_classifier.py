"""Linear probes: the backbone stays bit-identical, whatever it is made of; the head learns."""

import copy
from pathlib import Path

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmpretrain.structures import DataSample

from cft.models.classification import FrozenBackboneClassifier, frozen_backbone_classifier

TRANSFORMER = {
    'arch': {'embed_dims': 8, 'num_layers': 2, 'num_heads': 2, 'feedforward_channels': 16},
    'img_size': 16, 'patch_size': 8, 'drop_rate': 0.5, 'drop_path_rate': 0.5,
}  # fmt: skip
NARROW = {'depth': 18, 'stem_channels': 4, 'base_channels': 4}
BACKBONES = {
    'ResNet': (32, {'type': 'mmpretrain.ResNet', **NARROW}),
    'ResNet_CIFAR': (32, {'type': 'mmpretrain.ResNet_CIFAR', **NARROW}),
    'VisionTransformer': (8, {'type': 'mmpretrain.VisionTransformer', **TRANSFORMER}),
    'mean of patches': (8, {'type': 'mmpretrain.VisionTransformer', 'out_type': 'avg_featmap', **TRANSFORMER}),
    'BEiTViT': (8, {'type': 'mmpretrain.BEiTViT', **TRANSFORMER}),
}


def probe(name: str) -> FrozenBackboneClassifier:
    channels, backbone = BACKBONES[name]
    model = FrozenBackboneClassifier(
        data_preprocessor={'mean': [127.5] * 3, 'std': [64.0] * 3},
        backbone=copy.deepcopy(backbone),
        neck={'type': 'mmpretrain.GlobalAveragePooling'} if 'ResNet' in name else None,
        head={'type': 'mmpretrain.LinearClsHead', 'num_classes': 3, 'in_channels': channels},
    )
    model.init_weights()
    return model


def batch() -> dict:
    labels = [DataSample().set_gt_label(label) for label in (0, 1, 2, 1)]
    return {'inputs': torch.randint(0, 256, (4, 3, 16, 16)).float(), 'data_samples': labels}


@pytest.mark.parametrize('name', BACKBONES)
def test_training_moves_the_head_alone(name: str) -> None:
    """Weights, running statistics and counters, despite weight decay on all parameters."""
    model = probe(name)
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    losses = []
    data = batch()
    for _ in range(5):
        # MMEngine's loops call train() before every epoch.
        model.train()
        losses.append(model.train_step(data, OptimWrapper(optimizer))['loss'])
    after = model.state_dict()
    moved = {key for key in before if not torch.equal(before[key], after[key])}
    assert moved == {'head.fc.weight', 'head.fc.bias'}
    assert losses[-1] < losses[0]


@pytest.mark.parametrize('name', BACKBONES)
def test_features_in_training_are_those_of_inference(name: str) -> None:
    """No batch statistics, no dropout, no stochastic depth, no graph."""
    model = probe(name)
    images = torch.randn(4, 3, 16, 16)
    expected = model.eval().extract_feat(images)[-1]
    features = model.train().extract_feat(images)[-1]
    assert torch.equal(features, expected) and not features.requires_grad
    assert model.training and model.head.training and not model.backbone.training


def test_random_weights_are_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And only they: a probe of a checkpoint is silent, and holds the file's weights."""
    warnings: list[str] = []
    monkeypatch.setattr(frozen_backbone_classifier, 'print_log', lambda message, *_: warnings.append(message))
    source = probe('ResNet').backbone
    assert len(warnings) == 1 and 'checkpoint=FILE' in warnings[0]
    torch.save(source.state_dict(), tmp_path / 'source.pth')
    backbone = {
        **BACKBONES['ResNet'][1],
        'init_cfg': {'type': 'SSLPretrained', 'checkpoint': str(tmp_path / 'source.pth')},
    }
    loaded = FrozenBackboneClassifier(backbone=backbone)
    loaded.init_weights()
    assert len(warnings) == 1
    for key, value in source.state_dict().items():
        assert torch.equal(loaded.backbone.state_dict()[key], value), key
