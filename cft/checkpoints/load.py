"""Put a self-supervised checkpoint into a backbone, completely or not at all."""

from dataclasses import dataclass
from pathlib import Path

import torch
from mmengine.logging import print_log
from mmengine.model import BaseModule
from mmengine.registry import WEIGHT_INITIALIZERS
from torch import nn

from cft.errors import ConfigError

from .state_dict import read_state_dict


@dataclass(frozen=True)
class LoadReport:
    """What was loaded.

    Attributes:
        source: Prefix under which the backbone stood in the file ('' for none).
        matched: Names of the backbone's tensors that were loaded.
        missing: Names of the backbone's tensors that the file lacks; only
            BatchNorm's batch counters may be.
        ignored: Names in the file that are not the backbone's, such as a projector.
    """

    source: str
    matched: list[str]
    missing: list[str]
    ignored: list[str]

    def __str__(self) -> str:
        where = f'prefix {self.source!r}' if self.source else 'no prefix'
        return f'{len(self.matched)} tensors loaded ({where}), {len(self.ignored)} others in the file ignored'


def _candidate_prefixes(names: list[str], first: str) -> list[str]:
    return sorted({name[: -len(first)] for name in names if name == first or name.endswith('.' + first)})


def _first_of_a_further_block(backbone: nn.Module, names: list[str]) -> str | None:
    """First name that continues a numbered sequence of blocks of the backbone, as in the file of a deeper network."""
    modules = {name for name, _ in backbone.named_modules() if name}
    for name in names:
        parts = name.split('.')
        for depth, part in enumerate(parts):
            parent, child = '.'.join(parts[:depth]), '.'.join(parts[: depth + 1])
            if part.isdigit() and parent in modules and child not in modules:
                return name
    return None


def load_ssl_backbone(backbone: nn.Module, path: str | Path) -> LoadReport:
    """Load the backbone's tensors, under whatever prefix the file has them.

    Files of MoCo (``module.encoder_q.``), mmpretrain and cft (``backbone.``),
    torchvision (none) and others that differ only in the prefix are covered.
    If several prefixes fit (an online and a momentum encoder), the first that
    is not a momentum encoder's is taken.

    Args:
        backbone: The module to fill, of the same architecture.
        path: The checkpoint file, read without unpickling code.

    Returns:
        What was matched and ignored.

    Raises:
        ConfigError: If a tensor is missing or has another shape, or the file is
            of a deeper network; the backbone then is unchanged.

    Example:
        >>> report = load_ssl_backbone(model.backbone, 'moco_v2_800ep.pth.tar')  # doctest: +SKIP
    """
    tensors = read_state_dict(path)
    own = backbone.state_dict()
    needed = [name for name in own if not name.endswith('num_batches_tracked')]
    prefixes = _candidate_prefixes(list(tensors), needed[0])
    if not prefixes:
        raise ConfigError(
            f'{path} has no tensor {needed[0]!r} of the backbone {type(backbone).__name__} under any prefix; '
            f'it starts with {list(tensors)[:3]}. Is it the checkpoint of another architecture?'
        )
    prefixes.sort(key=lambda prefix: any(word in prefix for word in ('target', 'momentum', 'encoder_k', 'ema')))
    missing = {prefix: [name for name in needed if prefix + name not in tensors] for prefix in prefixes}
    prefix = min(prefixes, key=lambda p: len(missing[p]))
    if missing[prefix]:
        raise ConfigError(
            f'{path} lacks {len(missing[prefix])} of {len(needed)} tensors of the backbone '
            f'{type(backbone).__name__}, such as {prefix + missing[prefix][0]!r}; '
            'its depth or architecture differs from the config'
        )
    found = {name: tensors[prefix + name] for name in own if prefix + name in tensors}
    for name, tensor in found.items():
        if tensor.shape != own[name].shape:
            raise ConfigError(
                f'{path}: {prefix + name!r} has shape {tuple(tensor.shape)}, the backbone needs '
                f'{tuple(own[name].shape)}; its architecture differs from the config'
            )
    deeper = _first_of_a_further_block(backbone, [name[len(prefix) :] for name in tensors if name.startswith(prefix)])
    if deeper is not None:
        raise ConfigError(
            f'{path} holds {prefix + deeper!r}, of a block that the backbone {type(backbone).__name__} lacks; '
            'its depth or architecture differs from the config'
        )
    missing_counters = {name: torch.zeros_like(own[name]) for name in own if name not in found}
    backbone.load_state_dict({**found, **missing_counters})
    used = {prefix + name for name in found}
    return LoadReport(prefix, list(found), list(missing_counters), [name for name in tensors if name not in used])


@WEIGHT_INITIALIZERS.register_module(name='SSLPretrained')
class SSLPretrained:
    """``init_cfg=dict(type='SSLPretrained', checkpoint=FILE)`` for a backbone.

    Args:
        checkpoint: The file, see :func:`load_ssl_backbone`.
    """

    def __init__(self, checkpoint: str) -> None:
        self.checkpoint = checkpoint

    def __call__(self, module: nn.Module) -> None:
        report = load_ssl_backbone(module, self.checkpoint)
        print_log(f'{self.checkpoint}: {report}', logger='current')
        # Only this type and these flags keep later initialisation from overwriting what was
        # loaded: a ResNet would zero its last BatchNorms, a ViT draw new embeddings and layers.
        module.init_cfg = {'type': 'Pretrained', 'checkpoint': self.checkpoint}
        for child in module.modules():
            if child is not module and isinstance(child, BaseModule):
                child._is_init = True
