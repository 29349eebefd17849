"""Fill in what a config for folders of domains and classes leaves to the folders."""

import logging
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log

from cft.datasets.domain_folder import find_domains, training_classes
from cft.datasets.image_folder import find_classes
from cft.engine.config_nodes import innermost_dataset
from cft.errors import ConfigError

SHOWN = 5


def complete_domain_config(cfg: Config) -> None:
    """Set the number of classes of a config of :class:`cft.datasets.DomainFolder`, and tell domains and classes.

    ``model.head.num_classes = None`` becomes the number of classes of the
    training domains. A warning names the classes that a domain lacks.

    Args:
        cfg: The config, changed in place.

    Raises:
        ConfigError: If no domain is held out, or domains or classes do not fit each other.

    Example:
        >>> cfg = load_config('ce/r50_folder_dg', ['data_root=pictures', 'test_domain=sketch'])  # doctest: +SKIP
        >>> complete_domain_config(cfg)  # doctest: +SKIP
    """
    dataset = innermost_dataset(cfg.get('train_dataloader', {}).get('dataset', {}))
    head = cfg.get('model', {}).get('head', {})
    if dataset.get('type') != 'cft.DomainFolder' or head.get('num_classes', 0) is not None:
        return
    root, held_out = Path(dataset['data_root']), dataset.get('test_domain')
    domains = find_domains(root, dataset.get('domains'))
    if held_out is None:
        raise ConfigError(f'{root} has the domains {domains}; say which is held out for the test: test_domain=NAME')
    if held_out not in domains:
        raise ConfigError(f'test_domain={held_out!r} is no domain of {root}; it has {domains}')
    classes = training_classes(root, domains, held_out)
    head['num_classes'] = len(classes)
    trained = [name for name in domains if name != held_out]
    told = f'{len(classes)} classes ({_few(classes)}); trained on {_few(trained)}, tested on {held_out}'
    print_log(f'{root}: {len(domains)} domains, {told}', 'current')
    for name in domains:
        lacking = sorted(set(classes) - set(find_classes(root / name)))
        if lacking:
            lacks = f'domain {name} lacks {len(lacking)} of the {len(classes)} classes: {_few(lacking)}'
            print_log(f'{root}: {lacks}', 'current', logging.WARNING)


def _few(names: Sequence[str]) -> str:
    return ', '.join(names[:SHOWN]) + (', ...' if len(names) > SHOWN else '')
