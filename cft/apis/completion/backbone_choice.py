"""Put the network that a config leaves open into its place, with what follows from it."""

import difflib
from dataclasses import dataclass

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from cft.checkpoints import describe_checkpoint
from cft.errors import ConfigError

from .feature_widths import shadow_of

OPEN = 'cft.AutoBackbone'
TIMM = 'timm/'
NAMED = {f'resnet{depth}': dict(type='ResNet', depth=depth) for depth in (18, 34, 50, 101)}
# By the type of a network its entry among ``networks`` and that among ``recipes``; timm's are looked at.
KINDS = {
    'ResNet': ('resnet', 'resnet'),
    'ResNet_CIFAR': ('resnet', 'resnet'),
    'ResNetV1c': ('resnet', 'resnet'),
    'ResNetV1d': ('resnet', 'resnet'),
    'VisionTransformer': ('vit', 'transformer'),
}
IMAGENET = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])


@dataclass(frozen=True)
class Choice:
    """A network and what is known of it.

    Attributes:
        config: Of the network.
        told: For people.
        kind: Its entry among ``networks`` in the config.
        recipe: Its entry among ``recipes``.
        normalization: Mean and deviation of the values from 0 to 255 that it was pre-trained with.
        own_size: Side of the images that it was pre-trained with, where it depends on them.
    """

    config: dict
    told: str
    kind: str = ''
    recipe: str = ''
    normalization: dict | None = None
    own_size: int | None = None


def choose_backbone(cfg: Config) -> None:
    """Put the network that ``backbone`` names, or the one that ``checkpoint`` holds, into a config.

    Of the config's ``networks`` and ``recipes`` the entries for its kind go
    into ``model`` and to the top, below what stands there already; the two
    tables and the name ``backbone`` leave the config, which then names the
    network alone. A log line tells what was chosen.

    Args:
        cfg: Changed in place. One without ``networks`` is left alone.

    Raises:
        ConfigError: If there is no such network, or none in the checkpoint.

    Example:
        >>> from cft.apis import load_config
        >>> cfg = load_config('ce/folder', {'backbone': 'resnet18'})
        >>> choose_backbone(cfg)  # doctest: +SKIP
        >>> cfg.model.backbone.depth  # doctest: +SKIP
        18
    """
    if 'networks' not in cfg:
        return
    given = dict(cfg.model.backbone)
    chosen = _choose(cfg) if given['type'] == OPEN else Choice(given, f'{given["type"]} of model.backbone')
    given = {name: value for name, value in given.items() if name != 'type'}
    chosen = _looked_at(chosen, given, cfg.get('default_scope'))
    if chosen.kind not in cfg.networks:
        raise ConfigError(
            f'model.backbone: networks says nothing of {chosen.told}; it has {", ".join(cfg.networks)}: take another '
            'network, or a config that is written for this one'
        )
    notes = [f'trained as recipes.{chosen.recipe}'] if 'recipes' in cfg else []
    network = dict(chosen.config)
    if chosen.own_size is not None and 'image_size' in cfg and 'img_size' not in given:
        network['img_size'] = cfg.image_size
        if cfg.image_size != chosen.own_size:
            notes.append(
                f'for images of {cfg.image_size} pixels instead of {chosen.own_size}: positions are interpolated'
            )
    cfg.model.backbone = {**network, **given}
    fill_below(cfg.model, cfg.networks[chosen.kind])
    if 'recipes' in cfg:
        fill_below(cfg._cfg_dict, cfg.recipes[chosen.recipe])
    preprocessor = cfg.model.get('data_preprocessor') or {}
    if preprocessor.get('mean', 0) is None:
        own = cfg.get('normalization', 'backbone') == 'backbone' and chosen.normalization
        preprocessor.update(own or IMAGENET)
        origin = 'its own' if own else 'ImageNet'
        notes.append(f'mean {preprocessor["mean"]} and std {preprocessor["std"]} ({origin})')
    for name in ('backbone', 'networks', 'recipes'):
        cfg._cfg_dict.pop(name, None)
    if is_main_process():
        print_log('; '.join([f'backbone: {chosen.told}, used as networks.{chosen.kind}', *notes]), 'current')


def fill_below(node: dict, defaults: dict) -> None:
    """Add what a dict lacks, at any depth; a part of another ``type`` is left as it is.

    Args:
        node: Changed in place; what stands there wins.
        defaults: What may be added.

    Example:
        >>> node = dict(optimizer=dict(lr=0.5))
        >>> fill_below(node, dict(optimizer=dict(type='SGD', lr=0.01), clip_grad=None))
        >>> node
        {'optimizer': {'lr': 0.5, 'type': 'SGD'}, 'clip_grad': None}
    """
    for name, value in defaults.items():
        present = node.get(name)
        if name not in node:
            node[name] = value
        elif isinstance(present, dict) and isinstance(value, dict) and not _differ(present, value):
            fill_below(present, value)


def _differ(present: dict, other: dict) -> bool:
    return 'type' in present and 'type' in other and present['type'] != other['type']


def _choose(cfg: Config) -> Choice:
    name, checkpoint = cfg.get('backbone'), cfg.get('checkpoint')
    if name == 'auto':
        if checkpoint is None:
            raise ConfigError(
                "backbone='auto' takes the network from the checkpoint, and there is none: give checkpoint=FILE, or "
                f'name the network: backbone={"|".join(NAMED)}|timm/NAME'
            )
        return _held_by(checkpoint)
    if name in NAMED:
        return Choice(dict(NAMED[name]), name)
    import timm

    if isinstance(name, str) and name.startswith(TIMM) and timm.is_model(name.removeprefix(TIMM)):
        return Choice(dict(type='cft.TimmBackbone', model_name=name.removeprefix(TIMM)), name)
    known = [*NAMED, 'auto', *(TIMM + model for model in timm.list_models())]
    wanted = str(name) if str(name).startswith(TIMM) else TIMM + str(name)
    near = [wanted] if wanted in known else difflib.get_close_matches(str(name), known, n=3)
    near = near or difflib.get_close_matches(wanted, known, n=3)
    meant = f'did you mean {" or ".join(near)}?' if near else 'timm.list_models() has its names'
    raise ConfigError(f'backbone={name!r} is none of auto, {", ".join(NAMED)} and timm/NAME; {meant}')


def _held_by(checkpoint: str) -> Choice:
    found = describe_checkpoint(checkpoint)
    config = found.architecture.config
    if config is None:
        raise ConfigError(
            f'{checkpoint}: backbone=auto finds no network that it knows ({found.architecture.name}, '
            f'{found.source}); name it: backbone=timm/NAME, and cft inspect {checkpoint} shows what the file holds'
        )
    name = config.get('model_name', found.architecture.name)
    return Choice(config, f'{name} of {checkpoint} ({found.source})')


def _looked_at(chosen: Choice, given: dict, scope: str | None) -> Choice:
    """With kind and recipe, and a type that its library's scope finds."""
    config = dict(chosen.config)
    kind = str(config['type']).split('.')[-1]
    if kind == 'TimmBackbone':
        return _looked_at_timm(chosen, given, scope)
    if kind not in KINDS:
        return chosen
    if kind != 'ResNet' and scope != 'mmpretrain':
        config['type'] = f'mmpretrain.{kind}'
    size = config.get('img_size') if kind == 'VisionTransformer' else None
    return Choice(config, chosen.told, *KINDS[kind], own_size=size)


def _looked_at_timm(chosen: Choice, given: dict, scope: str | None) -> Choice:
    import timm

    own = timm.get_pretrained_cfg(chosen.config['model_name'])
    network = shadow_of({**chosen.config, **given}, scope).network
    assert isinstance(network, nn.Module) and own is not None, 'timm knows the names of its networks'
    strides = {info['reduction'] for info in getattr(network, 'feature_info', [])}
    normalised = any(isinstance(module, _BatchNorm) for module in network.modules())
    values = {key: [round(255 * value, 3) for value in getattr(own, key)] for key in ('mean', 'std')}
    return Choice(
        chosen.config,
        chosen.told,
        'timm_vit' if len(strides) == 1 else 'timm_stages',
        'resnet' if normalised else 'transformer',
        values,
        chosen.config.get('img_size', own.input_size[-1]) if own.fixed_input_size else None,
    )
