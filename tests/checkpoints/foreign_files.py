"""Contents of checkpoints as other code bases save them, by source: written down from their training scripts."""

from argparse import Namespace
from collections.abc import Callable

import torch
from torch import Tensor, nn

from tests.checkpoints.foreign_models import beit_weights, timm_vit, torchvision_resnet
from tests.checkpoints.narrow_backbones import prefixed

Weights = dict[str, Tensor]


def linear(*names: str) -> Weights:
    """A head or projector of random weights."""
    return {
        f'{name}.{part}': torch.randn(3, 4)[: 3 if part == 'weight' else 1]
        for name in names
        for part in ('weight', 'bias')
    }


def headless(model: nn.Module) -> Weights:
    return {name: value for name, value in model.state_dict().items() if not name.startswith('fc.')}


def numbered(model: nn.Module) -> Weights:
    """``nn.Sequential`` of the children without the classifier."""
    return nn.Sequential(*list(model.children())[:-1]).state_dict()


def numbered_without_pooling(model: nn.Module) -> Weights:
    """The same without ReLU and max-pooling, as of a stem for small images."""
    children = [child for child in model.children() if list(child.parameters())]
    return nn.Sequential(*children[:-1]).state_dict()


def detectron2(model: nn.Module) -> dict[str, object]:
    """What MoCo's conversion script writes: NumPy arrays in a plain pickle."""
    arrays = {}
    for name, value in model.state_dict().items():
        name = name if 'layer' in name else f'stem.{name}'
        for old, new in (('layer1', 'res2'), ('layer2', 'res3'), ('layer3', 'res4'), ('layer4', 'res5')):
            name = name.replace(old, new)
        for number in '123':
            name = name.replace(f'bn{number}', f'conv{number}.norm')
        name = name.replace('downsample.0', 'shortcut').replace('downsample.1', 'shortcut.norm')
        arrays[name] = value.numpy()
    return {
        'model': arrays | {'stem.fc.2.bias': arrays['stem.fc.bias']},
        '__author__': 'MOCO',
        'matching_heuristics': True,
    }


def around(weights: Weights, other: Weights, online: str, average: str, *heads: str) -> Weights:
    """Two encoders, the moving average first in the file."""
    return prefixed(other, average) | prefixed(weights, online) | linear(*heads)


Builder = Callable[[Weights, Weights], object]
# Every entry: the recognised source, the prefix, and the content made of the encoder to take and another.
RESNETS: dict[str, tuple[str, str, Builder]] = {
    'MoCo': ('MoCo (v1, v2)', 'module.encoder_q.', lambda a, b: {
        'epoch': 200, 'arch': 'resnet50', 'optimizer': {'state': {}, 'param_groups': []},
        'state_dict': around(a, b, 'module.encoder_q.', 'module.encoder_k.', 'module.encoder_q.fc.0')
        | {'module.queue': torch.ones(2, 2), 'module.queue_ptr': torch.zeros(1)}}),
    'MoCo-v3': ('MoCo-v3', 'module.base_encoder.', lambda a, b: {
        'epoch': 300, 'state_dict': around(a, b, 'module.base_encoder.', 'module.momentum_encoder.',
                                           'module.base_encoder.fc.0', 'module.predictor.0')}),
    'OpenSelfSup': ('OpenSelfSup', 'encoder_q.0.', lambda a, b: {
        'meta': {}, 'state_dict': around(a, b, 'encoder_q.0.', 'encoder_k.0.', 'encoder_q.1.mlp.0')}),
    'SimCLR sthalles': ('SimCLR (sthalles)', 'backbone.', lambda a, b: {
        'epoch': 100, 'arch': 'resnet18',
        'state_dict': prefixed(a, 'backbone.') | linear('backbone.fc.0', 'backbone.fc.2')}),
    'SimCLR Spijkervet': ('SimCLR (Spijkervet)', 'encoder.', lambda a, b: prefixed(a, 'encoder.')
                          | {'projector.0.weight': torch.ones(2, 2)}),
    'SimCLR bolts': ('SimCLR (bolts)', 'encoder.', lambda a, b: {
        'state_dict': prefixed(a, 'encoder.') | linear('projection.model.0')}),
    'SimCLR Lightning': ('SimCLR (Lightning)', 'convnet.', lambda a, b: {
        'state_dict': prefixed(a, 'convnet.') | linear('convnet.fc.0', 'convnet.fc.2')}),
    'SupContrast': ('SupContrast', 'encoder.module.', lambda a, b: {
        'opt': Namespace(model='resnet50'), 'model': prefixed(a, 'encoder.module.') | linear('head.0')}),
    'SwAV': ('SwAV', 'module.', lambda a, b: prefixed(a, 'module.') | linear('module.projection_head.0')
             | {'module.prototypes.weight': torch.ones(3, 4)}),
    'DeepCluster-v2': ('DeepCluster-v2', 'module.', lambda a, b: prefixed(a, 'module.')
                       | linear('module.projection_head.0', 'module.prototypes.prototypes0')),
    'BYOL lucidrains': ('BYOL (byol-pytorch)', 'online_encoder.net.', lambda a, b: around(
        a, b, 'online_encoder.net.', 'target_encoder.net.', 'online_encoder.projector.0')),
    'BYOL yaox12': ('BYOL', 'module.', lambda a, b: {
        'target_backbone': prefixed(b, 'module.'), 'online_backbone': prefixed(a, 'module.'), 'epoch': 9}),
    'DINO': ('DINO', 'module.backbone.', lambda a, b: {
        'student': prefixed(b, 'module.backbone.') | linear('module.head.mlp.0'),
        'teacher': prefixed(a, 'module.backbone.') | linear('module.head.mlp.0'),
        'epoch': 100, 'args': Namespace(arch='resnet50'), 'dino_loss': {'center': torch.ones(1, 3)}}),
    'Barlow Twins': ('Barlow Twins', 'module.backbone.', lambda a, b: {
        'epoch': 3, 'model': prefixed(a, 'module.backbone.') | linear('module.projector.0')
        | {'module.bn.running_mean': torch.ones(3)}, 'optimizer': {}}),
    'Barlow Twins, released': ('torchvision names', '', lambda a, b: a),
    'VICReg': ('VICReg', 'module.backbone.', lambda a, b: {
        'epoch': 3, 'model': prefixed(a, 'module.backbone.') | linear('module.projector.0')}),
    'PyContrast': ('PyContrast', 'module.encoder.', lambda a, b: {
        'opt': Namespace(method='InfoMin'), 'model': prefixed(a, 'module.encoder.') | linear('module.head.0'),
        'model_ema': prefixed(b, 'module.encoder.')}),
    'VISSL': ('VISSL', '_feature_blocks.', lambda a, b: {
        'phase_idx': 9, 'classy_state_dict': {'train': False, 'base_model': {'meta': {}, 'model': {
            'trunk': prefixed(a, '_feature_blocks.'), 'heads': linear('0.clf.0')}}}}),
    'SCE': ('SCE (eztorch)', 'trunk.', lambda a, b: {
        'epoch': 99, 'pytorch-lightning_version': '1.6.1', 'hyper_parameters': {},
        'state_dict': around(a, b, 'trunk.', 'momentum_trunk.', 'projector.0') | {'queue': torch.ones(2, 2)}}),
    'COIN': ('COIN', 'encoder.', lambda a, b: {
        'epoch': 99, 'state_dict': prefixed(a, 'encoder.') | linear('projector.input', 'classifier')}),
    'solo-learn': ('solo-learn', 'backbone.', lambda a, b: {
        'state_dict': around(a, b, 'backbone.', 'momentum_backbone.', 'classifier', 'projector.0')}),
    'mmselfsup': ('mmpretrain, mmselfsup or cft', 'backbone.', lambda a, b: {
        'meta': {}, 'state_dict': around(a, b, 'backbone.', 'target_backbone.', 'neck.mlp.0')}),
    'torchvision': ('torchvision names', '', lambda a, b: a | linear('fc')),
}  # fmt: skip
NUMBERED: dict[str, tuple[str, str, Builder]] = {
    'lightly': ('lightly', 'backbone.', lambda a, b: {
        'state_dict': around(a, b, 'backbone.', 'backbone_momentum.', 'projection_head.layers.0')}),
    'lightly DINO': ('lightly', 'teacher_backbone.', lambda a, b: {
        'state_dict': around(a, b, 'teacher_backbone.', 'student_backbone.', 'student_head.layers.0')}),
    'BYOL sthalles': ('BYOL', 'encoder.', lambda a, b: {
        'target_network_state_dict': prefixed(b, 'encoder.'),
        'online_network_state_dict': prefixed(a, 'encoder.') | linear('projetion.net.0')}),
    'BYOL DDP': ('BYOL', 'module.online_network.encoder.', lambda a, b: {
        'model': around(a, b, 'module.online_network.encoder.', 'module.target_network.encoder.')}),
}  # fmt: skip
VITS: dict[str, tuple[str, str, Builder]] = {
    'MoCo-v3': ('MoCo-v3', 'module.base_encoder.', RESNETS['MoCo-v3'][2]),
    'DINO': ('DINO', 'backbone.', lambda a, b: {
        'student': prefixed(b, 'module.backbone.'), 'teacher': prefixed(a, 'backbone.') | linear('head.mlp.0')}),
    'DINO, released': ('timm names (MAE, DINO, DeiT, ...)', '', lambda a, b: a),
    'MAE with decoder': ('MAE', '', lambda a, b: {'model': a | linear('decoder_embed', 'decoder_pred') | {
        'mask_token': torch.ones(1, 1, 4), 'decoder_pos_embed': torch.ones(1, 5, 4),
        **prefixed({n: v for n, v in b.items() if n.startswith('blocks')}, 'decoder_')}, 'epoch': 799}),
    'MAE, released': ('timm names (MAE, DINO, DeiT, ...)', '', lambda a, b: {'model': a}),
    'timm': ('timm names (MAE, DINO, DeiT, ...)', '', lambda a, b: a | linear('head')),
}  # fmt: skip


def encoders(kind: str) -> tuple[Weights, Weights]:
    """The tensors to take and those of another network of the same architecture."""
    make, names = {
        'resnet': (torchvision_resnet, headless),
        'numbered': (torchvision_resnet, numbered),
        'vit': (timm_vit, nn.Module.state_dict),
    }[kind]
    return names(make()), names(make(seed=1))


BEIT = {'BEiT': beit_weights(shared=True), 'BEiT-v2': beit_weights(shared=True) | linear('cls_pt_layers.0.mlp.fc1')}
