"""Write the backbone of any checkpoint in OpenMMLab's names."""

import os
from pathlib import Path

import torch
from mmengine.registry import DefaultScope
from torch import nn

from cft.errors import ConfigError

from .architecture import guess_architecture
from .explain import encoder_of
from .load import load_ssl_backbone
from .report import LoadReport
from .state_dict import read_state_dict

PREFIX = 'backbone.'


def convert_checkpoint(
    path: str | Path, out: str | Path, config: str | Path | None = None, force: bool = False
) -> LoadReport:
    """Write the backbone of a checkpoint as OpenMMLab's tools read it.

    The backbone is built and filled, so that what is written is complete. All
    names begin with ``backbone.``; load the file with
    ``init_cfg=dict(type='Pretrained', checkpoint=OUT, prefix='backbone.')``.

    Args:
        path: Checkpoint that :func:`cft.checkpoints.load_ssl_backbone` reads.
        out: New file, ``.pth`` or ``.safetensors``.
        config: Config whose backbone the checkpoint fills; None: a ResNet or
            ViT of mmpretrain, as the names in the file tell.
        force: Overwrite ``out``.

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
    backbone = _backbone_of(config) if config else _guess_backbone(path)
    report = load_ssl_backbone(backbone, path)
    tensors = {PREFIX + name: tensor.contiguous() for name, tensor in backbone.state_dict().items()}
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f'{out.name}.part')
    if out.suffix == '.pth':
        torch.save({'meta': {'source': report.source}, 'state_dict': tensors}, part)
    else:
        from safetensors.torch import save_file

        save_file(tensors, part, metadata={'format': 'pt', 'source': report.source})
    # An interrupted run leaves no truncated file under the final name.
    os.replace(part, out)
    return report


def _guess_backbone(path: str | Path) -> nn.Module:
    architecture = guess_architecture(encoder_of(read_state_dict(path)))
    if architecture.config is None:
        raise ConfigError(
            f'{path} seems to hold a {architecture.name}, which tells no backbone of mmpretrain; '
            'give the config of your model with --config'
        )
    return _build(architecture.config, 'mmpretrain')


def _backbone_of(config: str | Path) -> nn.Module:
    from cft.apis import load_config

    cfg = load_config(config)
    backbone = cfg.get('model', {}).get('backbone')
    if not isinstance(backbone, dict):
        raise ConfigError(f'{config} has no model.backbone; give the config of a model with a backbone')
    return _build({**backbone, 'init_cfg': None}, cfg.get('default_scope', 'mmpretrain'))


def _build(settings: dict, scope: str) -> nn.Module:
    from cft.registry import MODELS

    with DefaultScope.overwrite_default_scope(scope):
        return MODELS.build(settings)
