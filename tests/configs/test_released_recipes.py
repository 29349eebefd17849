"""What published figures of pre-training rest on and papers do not always print: as released."""

import functools

import pytest
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from torch import nn

from cft.apis import load_config
from cft.apis.completion.backbone_choice import choose_backbone
from cft.engine.config_nodes import iterate_dicts
from cft.models.norms import SplitBatchNorm2d
from cft.models.selfsup import MomentumContrast
from tests.configs.test_pretraining_configs import narrow
from tests.support.digits_runs import CONFIGS

SMALL = [f'{method}/r18_cifar10' for method in ('sce', 'ressl', 'mocov2')]


@functools.cache
def pretraining_configs() -> dict[str, Config]:
    """Of the five methods and the quickstart; a probe or a fine-tuning has another preprocessor."""
    folders = ('sce', 'ressl', 'mocov2', 'hexa', 'deepcluster', 'quickstart')
    paths = [path for folder in folders for path in (CONFIGS / folder).glob('*.py')]
    found = {f'{path.parent.name}/{path.stem}': load_config(path) for path in paths if 'linear' not in path.stem}
    kinds = {name: cfg.model.get('data_preprocessor', {}).get('type') for name, cfg in found.items()}
    return {name: cfg for name, cfg in found.items() if kinds[name] == 'SelfSupDataPreprocessor'}


def test_every_run_can_be_judged_by_single_images() -> None:
    assert len(pretraining_configs()) >= 50
    for name, cfg in pretraining_configs().items():
        assert cfg.get('test_pipeline'), name
        assert cfg.test_pipeline[-1].type == 'PackInputs', name
        assert not [step for step in cfg.test_pipeline if step.type.endswith('MultiView')], name


def test_no_residual_block_starts_at_zero() -> None:
    for name, cfg in pretraining_configs().items():
        backbones = [cfg.model.backbone] if 'ResNet' in cfg.model.backbone.type else []
        backbones += [cfg.networks.resnet.backbone] if 'networks' in cfg else []
        assert all(backbone.get('zero_init_residual') is False for backbone in backbones), name
    model = built('sce/r18_cifar10')
    assert all((block.bn2.weight == 1).all() for block in model.backbone.layer1)


def built(name: str) -> MomentumContrast:
    """The model of a config, with a short queue, and initialised."""
    model = load_config(CONFIGS / f'{name}.py').model
    narrow(model)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        built_model = MODELS.build(model)
    built_model.init_weights()
    return built_model


@pytest.mark.parametrize('name', SMALL)
def test_small_images(name: str) -> None:
    """Projector 512-512-128 with one BatchNorm and one bias; BatchNorm of the keys alone in eight parts."""
    projector = load_config(CONFIGS / f'{name}.py').model.neck
    assert (projector.in_channels, projector.hid_channels, projector.out_channels) == (512, 512, 128)
    model = built(name)
    assert model.queue.features.shape[1] == 128
    biases = {part for part, value in model.neck.named_parameters() if part.startswith('fc') and value.ndim == 1}
    assert biases == {'fc1.bias'}
    online = [layer for layer in model.backbone.modules() if isinstance(layer, nn.BatchNorm2d)]
    target = [layer for layer in model.target_backbone.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert online and {type(layer) for layer in online} == {nn.BatchNorm2d}
    assert {(type(layer), layer.num_splits) for layer in target} == {(SplitBatchNorm2d, 8)}
    assert {type(layer) for layer in model.target_neck.modules()} == {type(layer) for layer in model.neck.modules()}


@pytest.mark.parametrize('name', ['sce/r50_imagenet', 'ressl/r50_imagenet', 'sce/r50_imagenet_lars_200e'])
def test_three_layer_projector_ends_in_plain_standardisation(name: str) -> None:
    """The last BatchNorm has neither scale nor shift, the others have both."""
    neck = built(name).neck
    assert [neck.get_submodule(f'bn{layer}').affine for layer in range(3)] == [True, True, False]


def test_published_transfer_to_coco() -> None:
    """Mask R-CNN C4, 2x (SCE, table 11): twice the steps of 1x, drops at two thirds and eight ninths."""
    short, long = (load_config(CONFIGS / 'ce' / f'{name}.py') for name in ('r50_coco_det', 'r50_coco_2x_det'))
    assert long.train_cfg.max_iters == 2 * short.train_cfg.max_iters == 180000
    assert long.param_scheduler[1].milestones == [2 * step for step in short.param_scheduler[1].milestones]
    changed = {key for key in long if long[key] != short[key]}
    assert changed == {'train_cfg', 'param_scheduler'}
    assert long.optim_wrapper.optimizer.lr == 0.02


def test_mocov2_with_the_projector_of_sce() -> None:
    """Table 5, ImageNet: all of r50_imagenet100.py but the data and the learning rate."""
    full, hundred = (
        load_config(CONFIGS / 'mocov2' / f'{name}.py') for name in ('r50_imagenet_4096', 'r50_imagenet100')
    )
    assert full.model == hundred.model and full.param_scheduler == hundred.param_scheduler
    assert (full.optim_wrapper.optimizer.lr, hundred.optim_wrapper.optimizer.lr) == (1.0, 0.6)


def test_every_crop_of_a_protocol_is_bilinear() -> None:
    """torchvision's default, which the released probes, fine-tunings and SVMs leave."""
    folders = ('sce', 'ressl', 'mocov2', 'hexa', 'deepcluster')
    protocols = [path for folder in folders for path in CONFIGS.glob(f'{folder}/*_linear.py')]
    protocols += [*CONFIGS.glob('hexa/*percent_finetune.py'), CONFIGS / 'ce' / 'r50_voc07_multilabel.py']
    assert len(protocols) >= 25
    for path in protocols:
        cfg = load_config(path)
        for name in ('train_dataloader', 'val_dataloader', 'test_dataloader', 'test_pipeline'):
            steps = [step for _, step in iterate_dicts(cfg.get(name, {})) if 'interpolation' in step]
            assert {step['interpolation'] for step in steps} <= {'bilinear'}, (path, name)
            assert {step['backend'] for step in steps} <= {'pillow'}, (path, name)


@pytest.mark.parametrize(
    'name', ['deepcluster/r50_imagenet_2crop', 'deepcluster/r50_imagenet_8crop', 'hexa/dcluster_r50_imagenet_2crop']
)
def test_statistics_of_clusters_are_those_of_all_gpus(name: str) -> None:
    model = load_config(CONFIGS / f'{name}.py').model
    assert model.backbone.norm_cfg.type == model.neck.norm_cfg.type == 'SyncBN'


@pytest.mark.parametrize('method', ['sce', 'ressl', 'mocov2', 'hexa'])
def test_keys_of_a_folder_are_not_told_by_batchnorm(method: str) -> None:
    """Eight parts of the batch in a ResNet; a network without BatchNorm has none."""
    for backbone, splits in (('resnet18', 8), ('timm/vit_tiny_patch16_224', None)):
        cfg = load_config(f'{method}/folder', {'backbone': backbone})
        choose_backbone(cfg)
        assert cfg.model.get('key_splits') == splits
