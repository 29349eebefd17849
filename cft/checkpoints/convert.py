"""Write the backbone of any checkpoint in OpenMMLab's names."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import nn

from cft.errors import ConfigError
from cft.files import write_atomically
from cft.registry import MODELS

from .architecture import guess_architecture
from .explain import encoder_of
from .load import LoadReport, load_ssl_backbone
from .read import read_checkpoint
from .state_dict import Weights, find_named_tensors

PREFIX = 'backbone.'


def convert_checkpoint(
    path: str | Path,
    out: str | Path,
    config: Config | None = None,
    force: bool = False,
    weights: Weights | None = None,
) -> LoadReport:
    """Write the backbone of a checkpoint as OpenMMLab's tools read it.

    The backbone is built and filled, so that what is written is complete. All
    names begin with ``backbone.``; load the file with
    ``init_cfg=dict(type='Pretrained', checkpoint=OUT, prefix='backbone.')``.

    Args:
        path: Checkpoint that :func:`cft.checkpoints.load_ssl_backbone` reads.
        out: New file, ``.pth`` or ``.safetensors``.
        config: Loaded config whose backbone the checkpoint fills; None: a ResNet or
            ViT of mmpretrain or a network of timm, as the names in the file tell.
        force: Overwrite ``out``.
        weights: As of :func:`cft.checkpoints.load_ssl_backbone`.

    Returns:
        What was loaded.

    Raises:
        ConfigError: If ``out`` exists or has another suffix, or the checkpoint
            does not fill the backbone. Nothing is written then.

    Example:
        >>> convert_checkpoint('moco_v2_800ep.pth.tar', 'moco.safetensors')  # doctest: +SKIP
    """
    out = Path(out)
    if out.suffix not in ('.pth', '.safetensors'):
        raise ConfigError(f'{out}: the suffix says the kind of file; give it .pth or .safetensors')
    if out.exists() and (not force or out.samefile(path)):
        raise ConfigError(f'{out} exists; choose another name' + ('' if force else ', or overwrite it with --force'))
    backbone = _backbone_of(config) if config is not None else _guess_backbone(path)
    report = load_ssl_backbone(backbone, path, weights=weights)
    tensors = {PREFIX + name: tensor.contiguous() for name, tensor in backbone.state_dict().items()}
    if out.suffix == '.pth':
        content = {'meta': {'source': report.source}, 'state_dict': tensors}
        write_atomically(out, lambda file: torch.save(content, file))
    else:
        from safetensors.torch import save

        write_atomically(out, save(tensors, metadata={'format': 'pt', 'source': report.source}))
    return report


def _guess_backbone(path: str | Path) -> nn.Module:
    architecture = guess_architecture(encoder_of(find_named_tensors(read_checkpoint(path), path).tensors))
    if architecture.config is None:
        raise ConfigError(
            f'{path} seems to hold a {architecture.name}, which tells no backbone; '
            'give the config of your model with --config'
        )
    return _build(architecture.config, 'mmpretrain')


def _backbone_of(cfg: Config) -> nn.Module:
    backbone = cfg.get('model', {}).get('backbone')
    if not isinstance(backbone, dict):
        raise ConfigError(f'{cfg.filename} has no model.backbone; give the config of a model with a backbone')
    return _build({**backbone, 'init_cfg': None}, cfg.get('default_scope', 'mmpretrain'))


def _build(settings: dict, scope: str) -> nn.Module:
    with DefaultScope.overwrite_default_scope(scope):
        return MODELS.build(settings)
