"""The network of a config that leaves it open: by name, or as the checkpoint has it."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.registry import MODELS

from cft.apis import load_config
from cft.apis.completion.backbone_choice import NAMED, choose_backbone, fill_below
from cft.apis.completion.completion import complete_config
from cft.apis.completion.feature_widths import fill_in_channels
from cft.engine.starting_checkpoint import start_from
from cft.errors import ConfigError
from tests.support.backbone_files import of_timm, resnet18, vit
from tests.support.digits_runs import CONFIGS, FINE_TUNING
from tests.support.image_folders import fill

SSL = ('sce', 'ressl', 'mocov2', 'deepcluster', 'hexa')


def resolved(name: str = 'ce/folder', **options: object) -> Config:
    cfg = load_config(CONFIGS / f'{name}.py', {key.replace('__', '.'): value for key, value in options.items()})
    choose_backbone(cfg)
    fill_in_channels(cfg)
    return cfg


def features_of(cfg: Config, checkpoint: Path, images: torch.Tensor) -> torch.Tensor:
    """What the head gets from the started model of a resolved config."""
    cfg.model.head.num_classes = 2
    with MODELS.switch_scope_and_registry('mmpretrain'):
        model = MODELS.build(cfg.model)
    start_from(model, str(checkpoint))
    model.init_weights()
    model.eval()
    with torch.no_grad():
        return model.head.pre_logits(model.extract_feat(images))


@pytest.mark.parametrize('name', NAMED)
def test_a_named_resnet_is_torchvisions(name: str) -> None:
    """Width and every tensor's shape."""
    cfg, theirs = resolved(backbone=name), getattr(torchvision.models, name)()
    assert cfg.model.head.in_channels == theirs.fc.in_features
    ours = MODELS.build(cfg.model.backbone).state_dict()
    assert [value.shape for value in ours.values()] == [value.shape for value in theirs.state_dict().values()][:-2]
    assert cfg.model.neck.type == 'GlobalAveragePooling'
    assert cfg.optim_wrapper.optimizer.type == 'SGD'
    assert not {'backbone', 'networks', 'recipes'} & set(cfg.keys())


@pytest.mark.parametrize('small', [False, True])
def test_the_stem_is_the_files(small: bool, tmp_path: Path) -> None:
    """A ResNet with the stem for small images must not become a usual one, nor the reverse: the outputs would tell."""
    theirs = resnet18(tmp_path / 'moco.pth', small)
    cfg = resolved(checkpoint=str(tmp_path / 'moco.pth'))
    assert cfg.model.backbone.type == ('ResNet_CIFAR' if small else 'ResNet')
    images = torch.randn(2, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(
            features_of(cfg, tmp_path / 'moco.pth', images), theirs(images), rtol=1e-4, atol=1e-4
        )


def test_a_vit_is_the_files(tmp_path: Path) -> None:
    """Depth, width, patches; and the image size of the config, to which its positions are interpolated."""
    theirs = vit(tmp_path / 'vit.pth', size=32)
    cfg = resolved(checkpoint=str(tmp_path / 'vit.pth'), image_size=32)
    backbone = cfg.model.backbone
    assert (backbone.type, backbone.patch_size, backbone.img_size) == ('VisionTransformer', 16, 32)
    assert (backbone.arch.num_layers, backbone.arch.embed_dims, backbone.arch.num_heads) == (12, 192, 3)
    assert cfg.model.head.in_channels == 192 and cfg.model.neck is None
    assert cfg.optim_wrapper.optimizer.type == 'AdamW'
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(features_of(cfg, tmp_path / 'vit.pth', images), theirs(images), rtol=1e-4, atol=1e-4)
    assert resolved(checkpoint=str(tmp_path / 'vit.pth'), image_size=64).model.backbone.img_size == 64


# Of timm's names and shapes: the network that is taken, and its recipe.
FAMILIES = [
    ('resnet18', 'ResNet', 'SGD'),
    ('vit_small_patch16_224', 'VisionTransformer', 'AdamW'),
    ('convnext_atto', 'convnext_atto', 'AdamW'),
    ('convnextv2_atto', 'convnextv2_atto', 'AdamW'),
    ('swin_tiny_patch4_window7_224', 'swin_tiny_patch4_window7_224', 'AdamW'),
    ('vit_small_patch14_reg4_dinov2', 'vit_small_patch14_reg4_dinov2', 'AdamW'),
    ('vit_small_patch16_dinov3', 'vit_small_patch16_dinov3', 'AdamW'),
    ('beit3_base_patch16_224', 'beit3_base_patch16_224', 'AdamW'),
]


@pytest.mark.parametrize(('name', 'network', 'optimizer'), FAMILIES)
def test_a_family_is_told_by_its_file(name: str, network: str, optimizer: str, tmp_path: Path) -> None:
    """Its images have the size of the config, and everything of the file finds its place."""
    of_timm(tmp_path / 'file.pth', name)
    cfg = resolved(checkpoint=str(tmp_path / 'file.pth'), image_size=56)
    backbone = cfg.model.backbone
    assert network in (backbone.type, backbone.get('model_name'))
    assert cfg.optim_wrapper.optimizer.type == optimizer
    assert backbone.get('img_size', 56) == 56
    features = features_of(cfg, tmp_path / 'file.pth', torch.zeros(1, 3, 56, 56))
    assert features.shape == (1, cfg.model.head.in_channels)


# Name, kind by the strides of its maps, whether it has BatchNorm, width of its pooled features, mean of red.
TIMM = [
    ('resnet18', 'SGD', 512, 123.675),
    ('convnext_atto', 'AdamW', 320, 123.675),
    ('vit_tiny_patch16_224', 'AdamW', 192, 127.5),
    ('swin_tiny_patch4_window7_224', 'AdamW', 768, 123.675),
]


@pytest.mark.parametrize(('name', 'optimizer', 'width', 'mean'), TIMM)
def test_a_network_of_timm(name: str, optimizer: str, width: int, mean: float) -> None:
    cfg = resolved(backbone=f'timm/{name}', image_size=64)
    assert (cfg.model.backbone.type, cfg.model.backbone.model_name) == ('cft.TimmBackbone', name)
    assert (cfg.model.head.in_channels, cfg.optim_wrapper.optimizer.type) == (width, optimizer)
    assert cfg.model.data_preprocessor.mean[0] == pytest.approx(mean)
    assert cfg.model.backbone.get('img_size') == (None if name in ('resnet18', 'convnext_atto') else 64)
    imagenet = resolved(backbone=f'timm/{name}', normalization='imagenet')
    assert imagenet.model.data_preprocessor.mean[0] == pytest.approx(123.675)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({}, "backbone='auto' takes the network from the checkpoint, and there is none.*checkpoint=FILE.*resnet50"),
        ({'backbone': 'resnet55'}, "backbone='resnet55' is none of .*did you mean resnet50"),
        ({'backbone': 'convnext_tiny'}, 'did you mean timm/convnext_tiny?'),
        ({'backbone': 'timm/convnext_tinny'}, "'timm/convnext_tinny' is none of .*did you mean timm/convnext_tiny"),
        ({'backbone': 7}, 'backbone=7 is none of'),
        ({'model.backbone': {'type': 'VGG', 'depth': 11}}, 'networks says nothing of VGG.*resnet, vit'),
    ],
)
def test_what_cannot_be_chosen(options: dict, message: str) -> None:
    cfg = load_config(CONFIGS / 'ce' / 'folder.py', options)
    with pytest.raises(ConfigError, match=message) as error:
        choose_backbone(cfg)
    assert '\n' not in str(error.value)


def test_a_file_without_a_network(tmp_path: Path) -> None:
    torch.save({'state_dict': {'fc.weight': torch.ones(2, 3)}}, tmp_path / 'head.pth')
    with pytest.raises(
        ConfigError, match=r'head.pth: backbone=auto finds no network that it knows \(.*backbone=timm/NAME'
    ):
        resolved(checkpoint=str(tmp_path / 'head.pth'))


def test_what_is_said_in_the_config_wins() -> None:
    cfg = resolved(
        backbone='timm/vit_tiny_patch16_224',
        model__backbone__drop_path_rate=0.3,
        model__backbone__img_size=96,
        optim_wrapper__optimizer__lr=0.5,
        param_scheduler=None,
        model__data_preprocessor__mean=[1, 2, 3],
    )
    assert (cfg.model.backbone.drop_path_rate, cfg.model.backbone.img_size) == (0.3, 96)
    assert (cfg.optim_wrapper.optimizer.lr, cfg.optim_wrapper.optimizer.type) == (0.5, 'AdamW')
    assert cfg.param_scheduler is None and cfg.model.data_preprocessor.mean == [1, 2, 3]
    other = resolved(backbone='resnet18', optim_wrapper__optimizer=dict(type='Adam', lr=1e-3))
    assert other.optim_wrapper.optimizer == dict(type='Adam', lr=1e-3)
    network = resolved(model__backbone=dict(type='ResNet', depth=34))
    assert (network.model.backbone.depth, network.model.backbone.out_indices) == (34, (3,))


def test_fill_below() -> None:
    node = {'a': {'type': 'X', 'x': 1}, 'b': None, 'c': [1]}
    fill_below(node, {'a': {'type': 'Y', 'y': 2}, 'b': 3, 'c': [2], 'd': {'e': None}})
    assert node == {'a': {'type': 'X', 'x': 1}, 'b': None, 'c': [1], 'd': {'e': None}}
    fill_below(node, {'a': {'type': 'X', 'x': 2, 'y': 2}})
    assert node['a'] == {'type': 'X', 'x': 1, 'y': 2}


def test_only_one_recipe_is_left(tmp_path: Path) -> None:
    """The completed config, written and read again, is complete: nothing is chosen twice."""
    root = fill(tmp_path / 'animals', per_class=4)
    cfg = load_config('coretuning/folder', {'backbone': 'timm/convnext_atto', 'data_root': str(root)})
    complete_config(cfg)
    cfg.dump(tmp_path / 'dumped.py')
    again = load_config(tmp_path / 'dumped.py')
    before = again.to_dict()
    complete_config(again)
    assert again.to_dict() == before and 'networks' not in before
    with pytest.raises(ConfigError, match='backbone: the config names its network itself'):
        load_config(tmp_path / 'dumped.py', {'backbone': 'resnet18'})


def test_no_random_number_is_drawn() -> None:
    """Neither from torch nor from NumPy: the seed of a run gives the same weights with None as with the width."""
    cfg = load_config(CONFIGS / 'ce' / 'r50_folder.py', {'model.head.in_channels': None, 'model.backbone.depth': 18})
    torch.manual_seed(5)
    np.random.seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    fill_in_channels(cfg)
    assert cfg.model.head.in_channels == 512
    assert torch.equal(torch.get_rng_state(), before[0]) and np.array_equal(np.random.get_state()[1], before[1])


@pytest.mark.parametrize('name', [*(f'{method}/folder' for method in (*FINE_TUNING, *SSL))])
def test_plain_mmengine_stops(name: str, tmp_path: Path) -> None:
    """In one line, whatever was merged into the config."""
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    cfg.merge_from_dict({'backbone': 'resnet18'})
    cfg.work_dir, cfg.experiment_name = str(tmp_path), f'plain_{name.replace("/", "_")}'
    with pytest.raises(ConfigError, match='the backbone is not chosen yet: start this config with cft train'):
        Runner.from_cfg(cfg)


@pytest.mark.parametrize('method', SSL)
def test_pre_training_needs_no_file(method: str) -> None:
    """A ResNet-50; the projector is as wide as its features, and as those of another network."""
    assert resolved(f'{method}/folder').model.neck.in_channels == 2048
    small = resolved(f'{method}/folder', backbone='timm/convnext_atto').model.neck
    assert (small.in_channels, small.with_avg_pool) == (320, False)


def test_another_projects_variable_is_its_own(tmp_path: Path) -> None:
    """A config may call a variable of its own backbone."""
    from cft.engine.hooks.config_check import check_settings

    (tmp_path / 'own.py').write_text("backbone = 'ResNet'\nmodel = dict(backbone=dict(type=backbone))\n")
    cfg = Config.fromfile(tmp_path / 'own.py')
    check_settings(cfg)
    cfg.backbone = 'resnet18'
    with pytest.raises(ConfigError, match="backbone='resnet18' has no effect"):
        check_settings(cfg)
