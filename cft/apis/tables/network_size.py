"""Operations and parameters of a backbone, counted on tensors without content."""

import ast
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch
from mmengine.registry import MODELS, DefaultScope
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cft.engine.config_nodes import iterate_dicts


def forward_operations(backbone: Mapping[str, Any], side: int, scope: str = 'mmpretrain') -> float:
    """Floating-point operations of the forward pass of one image; 2 for a multiplication and its sum.

    Args:
        backbone: Its config.
        side: Of the image, in pixels.
        scope: Of the library that has it.

    Example:
        >>> round(forward_operations(dict(type='ResNet', depth=50), 224) / 1e9, 1)
        8.2
    """
    return _operations(repr(dict(backbone)), side, scope)


def parameters_of(backbone: Mapping[str, Any], scope: str = 'mmpretrain') -> int:
    """Number of its parameters.

    Example:
        >>> parameters_of(dict(type='ResNet', depth=18))
        11176512
    """
    return sum(parameter.numel() for parameter in _network(repr(dict(backbone)), scope).parameters())


@lru_cache
def _operations(backbone: str, side: int, scope: str) -> float:
    network = _network(backbone, scope)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.empty(1, 3, side, side, device='meta'))
    return float(counter.get_total_flops())


@lru_cache
def _network(backbone: str, scope: str) -> nn.Module:
    settings = {key: value for key, value in ast.literal_eval(backbone).items() if key != 'init_cfg'}
    for _, node in iterate_dicts(settings):
        # Norms of several processes or with parts count as the plain one does.
        if 'BN' in str(node.get('type', '')):
            node.clear()
            node['type'] = 'BN'
    # Some networks compute with numbers while they are built.
    with DefaultScope.overwrite_default_scope(scope):
        network = MODELS.build(settings).to('meta')
    # Its answer is nothing in some networks.
    network.eval()
    return network
