"""Fill in how many channels the parts of a model take from its backbone."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import MODELS
from torch import Tensor, nn

from cft.errors import ConfigError

# Heads by their place in the model; a list of them counts as each.
HEADS = ('head', 'decode_head', 'auxiliary_head', 'rpn_head')
ROI_PARTS = {
    'bbox_roi_extractor': 'out_channels',
    'mask_roi_extractor': 'out_channels',
    'bbox_head': 'in_channels',
    'mask_head': 'in_channels',
}
# Side of the image that shows the widths, where the network does not fix it.
SIDE = 224


def fill_in_channels(cfg: Config) -> None:
    """Give every neck, head and projector whose width is None that of the features that it gets.

    The widths are those that the backbone and the neck show for an image
    without values, so that nothing is computed and no random number is drawn
    that the training would miss.

    Args:
        cfg: Changed in place.

    Raises:
        ConfigError: If the widths cannot be found; it names the settings to give.

    Example:
        >>> cfg = Config(dict(default_scope='mmpretrain', model=dict(
        ...     backbone=dict(type='ResNet', depth=18), neck=dict(type='GlobalAveragePooling'),
        ...     head=dict(type='cft.ContrastiveClsHead', num_classes=3, in_channels=None))))
        >>> fill_in_channels(cfg)
        >>> cfg.model.head.in_channels
        512
    """
    model = cfg.get('model') or {}
    missing = [f'model.{where}.{key}' for where, part, key in _parts(model) if key in part and part[key] is None]
    if missing and isinstance(model.get('backbone'), dict):
        try:
            _fill(model, cfg.get('default_scope'))
        except ConfigError:
            raise
        except Exception as error:
            # Whatever a network does with an image without values.
            raise ConfigError(
                f'{", ".join(missing)} is None, and what is before it does not show its width '
                f'({type(error).__name__}: {" ".join(str(error).split())}); set it'
            ) from error
    _fill_projectors(model)


def shadow_of(part: dict, scope: str | None) -> nn.Module:
    """A part of a model without values, built aside from the random numbers of the run.

    Args:
        part: Its config.
        scope: Of names without one.

    Returns:
        The module, in evaluation mode, on the meta device.

    Raises:
        ConfigError: If its constructor refuses the config.

    Example:
        >>> next(shadow_of(dict(type='mmpretrain.ResNet', depth=18), None).parameters()).device
        device(type='meta')
    """
    # timm draws weights without looking at them; other constructors read single values.
    device = 'meta' if part['type'] == 'cft.TimmBackbone' else 'cpu'
    with MODELS.switch_scope_and_registry(scope) as registry, torch.random.fork_rng(devices=[]), torch.device(device):
        try:
            module: nn.Module = registry.build(_plain(part))
        except ConfigError:
            raise
        except (TypeError, ValueError, KeyError, AssertionError) as error:
            message = ' '.join(str(error.args[0] if error.args else error).split())
            raise ConfigError(f'{part["type"]} cannot be built: {message}; correct its settings') from error
    module.to('meta')
    # mmpretrain's return nothing.
    module.eval()
    return module


def _plain(part: Any) -> Any:
    """A copy: some constructors change the lists that they are given."""
    if isinstance(part, dict):
        return {key: _plain(value) for key, value in part.items()}
    return type(part)(map(_plain, part)) if isinstance(part, list | tuple) else part


@torch.no_grad()
def _fill(model: dict, scope: str | None) -> None:
    backbone = model['backbone']
    network = shadow_of(backbone, scope)
    maps = _maps_of(network, backbone)
    neck = model.get('neck')
    if neck:
        _give(neck, 'in_channels', _widths(maps))
        _give(neck, 'stride', (getattr(network, 'strides', None) or [backbone.get('patch_size')])[-1])
        maps = tuple(shadow_of(neck, scope)(maps))
    if model.get('predictor'):
        _give(model['predictor'], 'in_channels', maps[-1].shape[1])
    for name in HEADS:
        for head in _each(model.get(name)):
            index = head.get('in_index', -1)
            several = isinstance(index, list | tuple)
            _give(head, 'in_channels', [maps[i].shape[1] for i in index] if several else maps[index].shape[1])
    roi_head = model.get('roi_head') or {}
    width = regions = maps[-1].shape[1]
    if roi_head.get('shared_head'):
        regions = shadow_of(roi_head['shared_head'], scope)(maps[-1]).shape[1]
    for name, key in ROI_PARTS.items():
        for part in _each(roi_head.get(name)):
            _give(part, key, width if key == 'out_channels' else regions)


def _maps_of(network: nn.Module, backbone: dict) -> tuple[Tensor, ...]:
    widths = getattr(network, 'out_channels', None)
    if isinstance(widths, tuple):
        pooled = getattr(network, 'out_indices', None) is None
        return tuple(torch.empty(1, width, *(() if pooled else (8, 8)), device='meta') for width in widths)
    size = backbone.get('img_size') or SIDE
    height, width = size if isinstance(size, list | tuple) else (size, size)
    return tuple(network(torch.empty(1, backbone.get('in_channels', 3), height, width, device='meta')))


def _widths(maps: Sequence[Tensor]) -> list[int] | int:
    widths = [features.shape[1] for features in maps]
    return widths if len(widths) > 1 else widths[0]


def _give(part: dict, key: str, value: object) -> None:
    if key in part and part[key] is None:
        part[key] = value


def _each(part: object) -> list[dict]:
    return [entry for entry in (part if isinstance(part, list | tuple) else [part]) if isinstance(entry, dict)]


def _parts(model: dict) -> Iterator[tuple[str, dict, str]]:
    """Everything that has a width of its own: its place, its config and the name of the width."""
    for name in ('neck', 'predictor', *HEADS):
        for part in _each(model.get(name)):
            yield name, part, 'in_channels'
    for name, key in ROI_PARTS.items():
        for part in _each((model.get('roi_head') or {}).get(name)):
            yield f'roi_head.{name}', part, key


def _fill_projectors(model: dict) -> None:
    """As wide as the features that the classifier gets; the heads do the same where a config cannot tell."""
    head, roi_head = model.get('head') or {}, model.get('roi_head') or {}
    decode_head, box_head = model.get('decode_head'), roi_head.get('bbox_head')
    owners = [(head, head.get('in_channels'))]
    if isinstance(decode_head, dict):
        owners.append((model, decode_head.get('channels')))
    if isinstance(box_head, dict):
        pooled = box_head.get('in_channels') if box_head.get('with_avg_pool') else None
        owners.append((roi_head, box_head.get('fc_out_channels', pooled)))
    for owner, width in owners:
        projector = (owner.get('contrastive') or {}).get('projector') or {}
        if width is not None:
            _give(projector, 'in_channels', width)
