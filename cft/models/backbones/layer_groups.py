"""The layers of a timm network in their order, as timm's own layer-wise decay numbers them."""

from fnmatch import fnmatch
from types import SimpleNamespace
from typing import Any

from cft.errors import ConfigError

# The networks here have no classifier, which lies behind all layers.
CLASSIFIER = 'head.fc.weight'


def layer_numbers(network: Any, coarse: bool = False) -> tuple[dict[str, int], int]:
    """Number the layers of a network from the stem on.

    Args:
        network: Of timm.
        coarse: Count stages instead of blocks, where the network has stages.

    Returns:
        Number of the layer by the name of the parameter, 0 for the stem, and the number of what follows the network.
        A final norm belongs to the last block, one of the pooled features to what follows.

    Raises:
        ConfigError: If timm does not group the layers of this network.

    Source:
        ``group_matcher`` of the network and ``timm.optim.param_groups_layer_decay``.

    Example:
        >>> import timm
        >>> numbers, last = layer_numbers(timm.create_model('vit_tiny_patch16_224', depth=2, num_classes=0))
        >>> numbers['pos_embed'], numbers['blocks.1.mlp.fc1.bias'], last
        (0, 2, 3)
    """
    from timm.models import group_parameters

    if not hasattr(network, 'group_matcher'):
        raise ConfigError(
            f'timm does not group the layers of {type(network).__name__}: no layer-wise decay, no frozen_stages'
        )
    named = [*network.named_parameters(), (CLASSIFIER, None)]
    complete: Any = SimpleNamespace(named_parameters=lambda: iter(named))
    numbers = group_parameters(complete, network.group_matcher(coarse=coarse), reverse=True)
    return numbers, numbers.pop(CLASSIFIER)


def never_decayed(network: Any) -> set[str]:
    """Names of the parameters that timm spares weight decay: position embeddings, tokens, tables of relative positions.

    Example:
        >>> import timm
        >>> sorted(never_decayed(timm.create_model('vit_tiny_patch16_224', depth=1)))
        ['cls_token', 'pos_embed']
    """
    patterns = network.no_weight_decay() if hasattr(network, 'no_weight_decay') else ()
    return {name for name, _ in network.named_parameters() if any(fnmatch(name, pattern) for pattern in patterns)}
