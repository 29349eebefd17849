"""Files in the names of networks' authors fill timm's networks as timm's own converters do, and nothing is lost."""

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
import timm
import torch
from torch import Tensor, nn

from cft.checkpoints import load_ssl_backbone
from cft.errors import ConfigError
from tests.checkpoints import authors_names as names

VIT = dict(embed_dim=16, depth=2, num_heads=2, img_size=16, patch_size=4)
DIMS, DEPTHS = (8, 8, 16, 16), (1, 1, 2, 1)
CONVNEXT = dict(dims=DIMS, depths=DEPTHS)
SWIN = dict(embed_dim=8, depths=(2, 2), num_heads=(1, 2), window_size=4, img_size=32)
# By name: the names of the file, timm's network made as small, the prefix, the source, timm's norm that starts anew.
FILES: dict[str, tuple[Callable[[], names.Shapes], str, dict, str, str, str]] = {
    'MoCo-v3': (
        lambda: names.moco_v3(16, 2, 4, 4), 'vit_small_patch16_224', VIT, 'module.base_encoder.', 'MoCo-v3', '',
    ),
    'MAE': (lambda: names.mae(16, 2, 4, 4), 'vit_small_patch16_224', VIT, '', 'MAE', ''),
    'iBOT': (lambda: names.ibot(16, 2, 4, 4), 'vit_small_patch16_224', VIT, 'backbone.', 'iBOT', ''),
    'DINOv2': (lambda: names.dinov2(16, 2, 4, 4), 'vit_small_patch14_dinov2', VIT, '', 'DINOv2', ''),
    'DINOv2 in chunks': (
        lambda: names.below('teacher.backbone.', names.dinov2(16, 2, 4, 4, chunks=2)),
        'vit_small_patch14_dinov2', VIT, 'teacher.backbone.', 'DINOv2', '',
    ),
    'DINOv2, SwiGLU': (
        lambda: names.dinov2(16, 2, 4, 4, swiglu=24), 'vit_giant_patch14_dinov2',
        VIT | dict(mlp_ratio=3), '', 'DINOv2', '',
    ),
    'DINOv2, registers': (
        lambda: names.dinov2(16, 2, 4, 4, registers=4), 'vit_small_patch14_reg4_dinov2', VIT, '',
        'DINOv2 with registers', '',
    ),
    'DINOv3': (
        lambda: names.dinov3_vit(16, 2), 'vit_small_patch16_dinov3_qkvb', VIT | dict(patch_size=16), '', 'DINOv3', '',
    ),
    'DINOv3, SwiGLU': (
        lambda: names.dinov3_vit(16, 2, swiglu=32),
        'vit_small_plus_patch16_dinov3_qkvb', VIT | dict(patch_size=16, mlp_ratio=2), '', 'DINOv3', '',
    ),
    'DINOv3 ConvNeXt': (lambda: names.dinov3_convnext(DIMS, DEPTHS), 'convnext_tiny', CONVNEXT, '', 'DINOv3', ''),
    'ConvNeXt': (lambda: names.convnext(DIMS, DEPTHS), 'convnext_tiny', CONVNEXT, '', 'ConvNeXt', ''),
    'ConvNeXt, 1x1 convolutions': (lambda: names.convnext(DIMS, DEPTHS), 'convnext_atto', CONVNEXT, '', 'ConvNeXt', ''),
    'ConvNeXt-v2': (lambda: names.convnext(DIMS, DEPTHS, 2), 'convnextv2_tiny', CONVNEXT, '', 'ConvNeXt-v2', ''),
    'Swin': (
        lambda: names.swin(8, (2, 2), (1, 2), 4), 'swin_tiny_patch4_window7_224', SWIN, '', 'Swin Transformer', '',
    ),
    'Swin-v2': (
        lambda: names.swin(8, (2, 2), (1, 2), 4, 2), 'swinv2_tiny_window8_256', SWIN, '', 'Swin Transformer', '',
    ),
    'SimMIM': (
        lambda: names.simmim(8, (2, 2), (1, 2), 4), 'swin_tiny_patch4_window7_224', SWIN, 'encoder.', 'SimMIM', '',
    ),
    'EVA-02, joined': (
        lambda: names.eva02(16, 2, 4, 4, False, 32), 'eva02_tiny_patch14_224',
        VIT | dict(mlp_ratio=2), '', 'EVA-02', 'fc_norm',
    ),
    'EVA-02, parted': (
        lambda: names.eva02(16, 2, 4, 4, True, 32), 'eva02_base_patch14_224',
        VIT | dict(mlp_ratio=2), '', 'EVA-02', 'fc_norm',
    ),
    'BEiT-3': (lambda: names.beit3(16, 2, 4, 4), 'beit3_base_patch16_224', VIT, '', 'BEiT-3', 'fc_norm'),
    'CLIP': (lambda: names.clip(16, 2, 4, 4), 'vit_base_patch16_clip_224', VIT, 'visual.', 'CLIP or OpenCLIP', ''),
}  # fmt: skip
BEITS = {'BEiT': 1, 'BEiT-v2': 2}


def network(case: str) -> nn.Module:
    _, name, options, *_ = FILES[case]
    return timm.create_model(name, num_classes=0, **options).eval()


def save(tmp_path: Path, tensors: dict[str, Tensor]) -> Path:
    torch.save({'model': tensors}, tmp_path / 'file.pth')
    return tmp_path / 'file.pth'


def converted(tensors: dict[str, Tensor], model: nn.Module, prefix: str) -> dict[str, Tensor]:
    """What timm's own converter makes of the file."""
    module = import_module(type(model).__module__)
    whole = {
        name.removeprefix(prefix) if prefix != 'visual.' else name: value.clone() for name, value in tensors.items()
    }
    if 'dinov2' in model.pretrained_cfg['architecture']:
        whole = {
            name.replace('blocks.0.0.', 'blocks.0.').replace('blocks.1.1.', 'blocks.1.'): v for name, v in whole.items()
        }
        whole.setdefault('mask_token', torch.zeros(1))
    convert = getattr(module, 'checkpoint_filter_fn', lambda state, _: state)
    return convert(whole, model)


@pytest.mark.parametrize('case', FILES)
def test_as_timm_converts_it(tmp_path: Path, case: str) -> None:
    build, _, _, prefix, source, anew = FILES[case]
    tensors, model = names.numbers(build()), network(case)
    expected = converted(tensors, model, prefix)
    report = load_ssl_backbone(model, save(tmp_path, tensors))
    state = model.state_dict()
    filled = [name for name in state if not (anew and name.startswith(anew))]
    for name in filled:
        assert torch.equal(state[name], expected[name].reshape(state[name].shape)), name
    assert (report.source, report.prefix, report.missing) == (source, prefix, [])
    assert report.matched == filled
    assert report.initialised == [name for name in state if name not in filled]


@pytest.mark.parametrize('case', FILES)
def test_a_lost_tensor_or_one_too_many(tmp_path: Path, case: str) -> None:
    """Of the first block, one after the other: without it, or with it once more in a block behind the last."""
    build, _, _, prefix, *_ = FILES[case]
    # Without the moving average, which would be taken instead.
    tensors = {name: value for name, value in names.numbers(build()).items() if 'momentum' not in name}
    model = network(case)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    derived = ('index', 'attn_mask', 'coords_table', 'freqs_cos', 'freqs_sin', 'bias_mask', 'periods')
    inner = [name for name in tensors if name.startswith(prefix) and '.0.' in name and not name.endswith(derived)]
    blocks = re.compile(r'(.*\.)?(blocks|stages|layers|resblocks)\.')
    inner = [name for name in inner if '.B.' not in name and blocks.match(name)]
    assert len(inner) > 8
    for gone in inner[::4]:
        path = save(tmp_path, {name: value for name, value in tensors.items() if name != gone})
        with pytest.raises(ConfigError):
            load_ssl_backbone(model, path)
    more = inner[0].replace('.0.', '.9.')
    with pytest.raises(ConfigError, match='has no place'):
        load_ssl_backbone(model, save(tmp_path, tensors | {more: tensors[inner[0]]}))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize('case', BEITS)
def test_beit(tmp_path: Path, case: str) -> None:
    """The one table of the pre-training goes to all blocks; the norm of averaged features starts as the identity."""
    tensors = names.numbers(names.beit(16, 2, 2, 4, 4, BEITS[case]))
    model = timm.create_model('beit_base_patch16_224', num_classes=0, **VIT)
    report = load_ssl_backbone(model, save(tmp_path, tensors))
    state = model.state_dict()
    table = tensors['rel_pos_bias.relative_position_bias_table']
    for name, value in state.items():
        if not name.startswith('fc_norm'):
            assert torch.equal(value, table if name.endswith('bias_table') else tensors[name]), name
    assert (report.source, report.initialised) == (case, ['fc_norm.weight', 'fc_norm.bias'])


def test_fcmae(tmp_path: Path) -> None:
    """Kernels of sparse convolutions, element by element, after the authors' remap_checkpoint_keys."""
    tensors = names.numbers(names.fcmae(DIMS, DEPTHS))
    model = timm.create_model('convnextv2_tiny', num_classes=0, **CONVNEXT)
    report = load_ssl_backbone(model, save(tmp_path, tensors))
    state = model.state_dict()
    kernel, weight = tensors['encoder.stages.2.1.dwconv.kernel'], state['stages.2.blocks.1.conv_dw.weight']
    for y in range(7):
        for x in range(7):
            assert torch.equal(weight[:, 0, y, x], kernel[7 * x + y])
    kernel, weight = tensors['encoder.downsample_layers.2.1.kernel'], state['stages.2.downsample.1.weight']
    for y in range(2):
        for x in range(2):
            assert torch.equal(weight[:, :, y, x], kernel[2 * x + y].T)
    grn = tensors['encoder.stages.0.0.grn.gamma']
    assert torch.equal(state['stages.0.blocks.0.mlp.grn.weight'], grn[0])
    assert (report.source, report.prefix) == ('FCMAE', 'encoder.')
    assert report.initialised == ['head.norm.weight', 'head.norm.bias']
    assert {name.split('.')[0] for name in report.ignored} == {'proj', 'mask_token', 'pred'}


def test_half_a_norm_of_averaged_features_is_refused(tmp_path: Path) -> None:
    tensors = names.numbers(names.convnext(DIMS, DEPTHS))
    del tensors['norm.bias']
    with pytest.raises(ConfigError, match=r"lacks 1 of .*'head\.norm\.bias'"):
        load_ssl_backbone(timm.create_model('convnext_tiny', num_classes=0, **CONVNEXT), save(tmp_path, tensors))


@pytest.mark.parametrize('zero', [True, False])
def test_biases_of_dinov3_without_a_place(tmp_path: Path, zero: bool) -> None:
    """The distilled networks have biases of zeros; any other is refused, the masked part may be anything."""
    tensors = names.numbers(names.dinov3_vit(16, 2))
    for name in [name for name in tensors if name.endswith('qkv.bias')]:
        tensors[name][: 16 if zero else 15] = 0
        tensors[name][32:] = 0
    model = timm.create_model('vit_small_patch16_dinov3', num_classes=0, **VIT | dict(patch_size=16))
    if zero:
        assert '2 biases of zeros are left out' in str(load_ssl_backbone(model, save(tmp_path, tensors)))
    else:
        with pytest.raises(ConfigError, match=r"holds 'blocks\.0\.attn\.qkv\.bias', for which"):
            load_ssl_backbone(model, save(tmp_path, tensors))


def test_bias_of_keys_is_not_dropped(tmp_path: Path) -> None:
    """timm's network has none for the keys: without the mask, a bias of theirs counts."""
    tensors = {k: v for k, v in names.numbers(names.dinov3_vit(16, 2)).items() if not k.endswith('bias_mask')}
    model = timm.create_model('vit_small_patch16_dinov3_qkvb', num_classes=0, **VIT | dict(patch_size=16))
    with pytest.raises(ConfigError, match='bias of the keys'):
        load_ssl_backbone(model, save(tmp_path, tensors))
