"""Images whose channels reach a model in the wrong order train, only worse: found before anything is built."""

from typing import Any

from cft.errors import ConfigError

from .config_nodes import iterate_dicts

# mmpretrain's data sets with red first, beside all that read files, which have blue first.
RED_FIRST = {scope + name: f'cft.{name}' for scope in ('', 'mmpretrain.') for name in ('CIFAR10', 'CIFAR100')}


def check_channel_order(cfg: dict[str, Any]) -> None:
    """Refuse data sets with red first where the data preprocessor exchanges red and blue.

    Args:
        cfg: A config's dict.

    Raises:
        ConfigError: Naming the data set and the one to take instead.

    Example:
        >>> check_channel_order({'model': {'data_preprocessor': {'to_rgb': True}}, 'data': {'type': 'cft.CIFAR10'}})
        >>> check_channel_order({'model': {'data_preprocessor': {'to_rgb': True}}, 'data': {'type': 'CIFAR10'}})
        Traceback (most recent call last):
        cft.errors.ConfigError: data.type: CIFAR10 of mmpretrain has red first, ...
    """
    preprocessors = (cfg.get('data_preprocessor'), (cfg.get('model') or {}).get('data_preprocessor'))
    if not any((node or {}).get('to_rgb') for node in preprocessors):
        return
    for where, node in iterate_dicts(cfg):
        if node.get('type') in RED_FIRST:
            raise ConfigError(
                f'{where}.type: {node["type"]} of mmpretrain has red first, and model.data_preprocessor.to_rgb=True '
                f'expects blue first; take {RED_FIRST[node["type"]]}, which has it'
            )
