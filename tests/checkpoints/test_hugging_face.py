"""Files of Hugging Face's transformers fill timm's networks and mmpretrain's ViT, whose outputs are the recorded ones.

The files are written by record_foreign_networks.py: the library itself saved them and computed the outputs.
"""

import json
from pathlib import Path

import pytest
import timm
import torch
from mmpretrain.models import BEiTViT, VisionTransformer
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from cft.checkpoints import load_ssl_backbone
from cft.errors import ConfigError

DATA = Path(__file__).parent / 'data'
RECORDED = ('recorded.input', 'recorded.output')
VIT = dict(embed_dim=32, depth=2, num_heads=2, mlp_ratio=1.5, patch_size=8, img_size=32)
DINOV2 = VIT | dict(mlp_ratio=1)
CONVNEXT = dict(depths=(1, 1, 2, 1), dims=(8, 16, 16, 24))
SIGLIP = VIT | dict(act_layer='gelu_tanh')
SWIN = dict(embed_dim=16, depths=(2, 2), num_heads=(2, 4), window_size=4, img_size=32, mlp_ratio=2.0)
# By file: timm's network, made as small, whether all tokens or the pooled features are compared, and the source.
NETWORKS = {
    'dinov2': ('vit_small_patch14_dinov2', DINOV2, True, 'DINOv2 (Hugging Face)'),
    'dinov2_swiglu': ('vit_giant_patch14_dinov2', DINOV2 | dict(mlp_ratio=1.5), True, 'DINOv2 (Hugging Face)'),
    'dinov2_registers': (
        'vit_small_patch14_reg4_dinov2', DINOV2 | dict(reg_tokens=3), True, 'DINOv2 with registers (Hugging Face)',
    ),
    'dinov3_vit': ('vit_small_patch16_dinov3_qkvb', VIT | dict(num_reg_tokens=3), True, 'DINOv3 (Hugging Face)'),
    'dinov3_vit_gated': (
        'vit_small_plus_patch16_dinov3', VIT | dict(num_reg_tokens=3, swiglu_align_to=0), True, 'DINOv3 (Hugging Face)',
    ),
    'dinov3_convnext': ('convnext_tiny', CONVNEXT, False, 'DINOv3 (Hugging Face)'),
    'vit': ('vit_small_patch16_224', VIT, True, 'Hugging Face'),
    'vit_mae': ('vit_small_patch16_224', VIT, True, 'Hugging Face'),
    'convnext': ('convnext_tiny', CONVNEXT, False, 'Hugging Face'),
    'convnextv2': ('convnextv2_tiny', CONVNEXT, False, 'Hugging Face'),
    'swin': ('swin_tiny_patch4_window7_224', SWIN, True, 'Hugging Face'),
    'swinv2': ('swinv2_tiny_window8_256', SWIN, True, 'Hugging Face'),
    'siglip': ('vit_base_patch16_siglip_224', SIGLIP, False, 'SigLIP or CLIP (Hugging Face)'),
    'clip': ('vit_base_patch16_clip_224', VIT, True, 'SigLIP or CLIP (Hugging Face)'),
    'beit': ('beit_base_patch16_224', VIT, False, 'Hugging Face'),
    'beit_shared': ('beit_base_patch16_224', VIT, False, 'Hugging Face'),
}  # fmt: skip


def network(case: str) -> nn.Module:
    name, options, *_ = NETWORKS[case]
    return timm.create_model(name, num_classes=0, **options).eval()


def tokens(features: Tensor) -> Tensor:
    """(N, H, W, C) of a Swin as (N, H * W, C)."""
    return features.flatten(1, -2)


def path_of(case: str) -> Path:
    return DATA / f'{case}.safetensors'


def check(model: nn.Module, case: str) -> None:
    recorded = load_file(path_of(case))
    images, expected = (recorded[name] for name in RECORDED)
    with torch.no_grad():
        output = tokens(model.forward_features(images)) if NETWORKS[case][2] else model(images)
    if case == 'clip':
        # Their class norms the class token alone; this output stands before it.
        with torch.no_grad():
            expected = model.norm(expected)
    torch.testing.assert_close(output, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('case', NETWORKS)
def test_outputs_are_the_recorded_ones(case: str) -> None:
    """Every tensor of the network comes from the file; without it the outputs are others."""
    model = network(case)
    with pytest.raises(AssertionError):
        check(model, case)
    report = load_ssl_backbone(model, path_of(case))
    check(model, case)
    assert report.source == NETWORKS[case][3]
    assert (report.matched, report.missing, report.initialised) == (list(model.state_dict()), [], [])
    assert {name for name in report.ignored if not name.startswith('recorded.')} <= {
        'embeddings.mask_token', 'pooler.dense.weight', 'pooler.dense.bias',
    }  # fmt: skip


@pytest.mark.parametrize('prefix', ['model.', 'module.encoder.', 'vision_model.'])
@pytest.mark.parametrize('case', [case for case in NETWORKS if case != 'dinov2_swiglu'])
def test_names_in_memory_under_a_prefix(tmp_path: Path, case: str, prefix: str) -> None:
    """As version 5 names the parameters that are trained, and as a code base around it saves them."""
    with safe_open(path_of(case), 'pt') as file:
        names = json.loads(file.metadata()['in_memory'])
    tensors = load_file(path_of(case))
    save_file({prefix + new: tensors[old] for old, new in names.items()}, tmp_path / 'file.safetensors')
    model = network(case)
    load_ssl_backbone(model, tmp_path / 'file.safetensors')
    check(model, case)


@pytest.mark.parametrize('case', ['vit', 'vit_mae', 'dinov2'])
def test_mmpretrain_vit(case: str) -> None:
    """Their names become timm's and those OpenMMLab's."""
    width = 32 if case == 'dinov2' else 48
    arch = {'embed_dims': 32, 'num_layers': 2, 'num_heads': 2, 'feedforward_channels': width}
    scale = {'layer_scale_init_value': 0.1} if case == 'dinov2' else {}
    model = VisionTransformer(arch=arch, img_size=32, patch_size=8, out_type='raw', **scale)
    report = load_ssl_backbone(model, path_of(case))
    assert report.matched == list(model.state_dict())
    recorded = load_file(path_of(case))
    model.eval()
    with torch.no_grad():
        torch.testing.assert_close(model(recorded[RECORDED[0]])[-1], recorded[RECORDED[1]], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('case', ['beit', 'beit_shared'])
def test_mmpretrain_beit(case: str) -> None:
    arch = {'embed_dims': 32, 'num_layers': 2, 'num_heads': 2, 'feedforward_channels': 48}
    model = BEiTViT(arch=arch, img_size=32, patch_size=8)
    load_ssl_backbone(model, path_of(case))
    recorded = load_file(path_of(case))
    model.eval()
    with torch.no_grad():
        torch.testing.assert_close(model(recorded[RECORDED[0]])[-1], recorded[RECORDED[1]], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('case', NETWORKS)
def test_one_tensor_more_or_less_is_refused(tmp_path: Path, case: str) -> None:
    """Whichever it is, the network stays as it was."""
    tensors = load_file(path_of(case))
    inner = [name for name in tensors if '.0.' in name and not name.startswith('recorded')]
    model = network(case)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for gone in inner[::5]:
        save_file({name: value for name, value in tensors.items() if name != gone}, tmp_path / 'less.safetensors')
        with pytest.raises(ConfigError):
            load_ssl_backbone(model, tmp_path / 'less.safetensors')
    for name in inner[::7]:
        more = name.replace('.0.', '.7.')
        save_file(tensors | {more: tensors[name].clone()}, tmp_path / 'more.safetensors')
        with pytest.raises(ConfigError, match=r'has no place|lacks'):
            load_ssl_backbone(model, tmp_path / 'more.safetensors')
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
