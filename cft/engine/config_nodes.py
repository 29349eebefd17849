"""Walk through the nested dicts of a config."""

from collections.abc import Iterator


def iterate_dicts(node: object, where: str = '') -> Iterator[tuple[str, dict]]:
    """All dicts of a config with their dotted place, the outer ones first.

    Args:
        node: A config's dict, or a part of it.
        where: The place of ``node`` itself.

    Example:
        >>> [where for where, _ in iterate_dicts({'model': {'head': {}}, 'hooks': [{}]})]
        ['', 'model', 'model.head', 'hooks[0]']
    """
    if isinstance(node, dict):
        yield where, node
        for key, value in node.items():
            yield from iterate_dicts(value, f'{where}.{key}' if where else str(key))
    elif isinstance(node, list | tuple):
        for index, value in enumerate(node):
            yield from iterate_dicts(value, f'{where}[{index}]')


def innermost_dataset(dataset: dict) -> dict:
    """Config of the data set that reads files, inside wrappers such as ``cft.StratifiedSubset``.

    Example:
        >>> innermost_dataset({'type': 'cft.StratifiedSubset', 'dataset': {'type': 'CIFAR10'}})
        {'type': 'CIFAR10'}
    """
    while isinstance(dataset.get('dataset'), dict):
        dataset = dataset['dataset']
    return dataset
