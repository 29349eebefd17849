"""Training, validation and test of the same data, which each data set divides for itself: they must do it alike."""

import inspect
import os
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, NamedTuple

from cft.datasets.table_file import is_table
from cft.errors import ConfigError
from cft.registry import DATASETS

from .shortcuts import SHORTCUTS

WORDS = {'train': 'training', 'val': 'validation', 'test': 'test'}
SUBSET = 'cft.StratifiedSubset'
SUBSET_ARGUMENTS = ('per_class', 'fraction', 'seed')
# What a table is read by, where a config still says that it is a folder.
FOLDER, TABLE = 'cft.ImageFolder', 'cft.LabelTable'
# What changes how a sample is read, and not which there are.
READING = {'pipeline', 'test_mode', 'metainfo', 'serialize_data', 'lazy_init', 'max_refetch'}

Node = Mapping[str, Any]


class Reading(NamedTuple):
    """A data set of a config that reads samples, and the wrappers around it.

    Attributes:
        loader: ``'train'``, ``'val'`` or ``'test'``: whose data loader it belongs to.
        where: Dotted place in the config, as overrides are named.
        node: Its config.
        wrappers: Places and configs of the data sets around it, the outer ones first.
    """

    loader: str
    where: str
    node: Node
    wrappers: tuple[tuple[str, Node], ...]

    @property
    def kind(self) -> str:
        """Name of its class."""
        name = str(self.node.get('type'))
        return TABLE if name == FOLDER and is_table(self.root) else name

    @property
    def root(self) -> str:
        """Where the data lie, with one name for each place."""
        return os.path.realpath(str(argument(self.node, 'data_root') or ''))

    @property
    def divided_by(self) -> tuple[str, ...]:
        """Arguments that say which samples belong to which split."""
        return getattr(component(self.node), 'DIVIDED_BY', ())

    @property
    def subset(self) -> Node | None:
        """The outermost subset around it."""
        return next((node for _, node in self.wrappers if node.get('type') == SUBSET), None)


def readings(cfg: Node) -> list[Reading]:
    """The data sets that the data loaders of a config read, wrappers looked through.

    Args:
        cfg: A config's dict.

    Example:
        >>> subset = dict(type='cft.StratifiedSubset', per_class=5, dataset=dict(type='cft.Digits'))
        >>> [reading.where for reading in readings(dict(train_dataloader=dict(dataset=subset)))]
        ['train_dataloader.dataset.dataset']
    """
    found: list[Reading] = []
    for split in WORDS:
        dataset = (cfg.get(f'{split}_dataloader') or {}).get('dataset')
        if isinstance(dataset, dict):
            found += _readings(split, f'{split}_dataloader.dataset', dataset, ())
    return found


def check_divisions(cfg: Node) -> None:
    """Check that splits of the same data divide them alike, and that none is trained on.

    A data set class says by ``DIVIDED_BY`` which of its arguments divide its
    data. Those of training, validation and test must have the same values where
    the data are the same. :class:`cft.datasets.StratifiedSubset` is a division
    as well: of the same samples, one loader may use a part, and another what
    that part leaves.

    Args:
        cfg: A config's dict.

    Raises:
        ConfigError: Naming the two data sets, what is wrong, and the remedy.

    Example:
        >>> folder = dict(type='cft.ImageFolder', data_root='flowers')
        >>> loaders = [dict(dataset=dict(folder, split=split, seed=3)) for split in ('train', 'val')]
        >>> check_divisions(dict(train_dataloader=loaders[0], val_dataloader=loaders[1]))
    """
    for first, second in combinations(readings(cfg), 2):
        if first.loader == second.loader or first.root != second.root:
            continue
        if first.divided_by and second.divided_by:
            if first.kind != second.kind:
                raise ConfigError(_differs(cfg, first, second, 'type'))
            for name in first.divided_by:
                if argument(first.node, name) != argument(second.node, name):
                    raise ConfigError(_differs(cfg, first, second, name))
        elif not first.subset and not second.subset:
            # Nothing that we know of divides them.
            continue
        if first.loader == 'train' and _same_samples(first, second):
            _check_complements(first, second)


def argument(node: Node, name: str) -> object:
    """What a data set's config says of an argument of its class, or the default there.

    Example:
        >>> argument(dict(type='cft.ImageFolder'), 'val_fraction')
        0.1
    """
    if name in node:
        return node[name]
    default = next(iter(_defaults(node, name)), None)
    return None if default is inspect.Parameter.empty else default


def takes(node: Node, name: str) -> bool:
    """Whether the class of a data set's config has an argument.

    Example:
        >>> takes(dict(type='cft.ImageFolder'), 'seed'), takes(dict(type='cft.Digits'), 'seed')
        (True, False)
    """
    return bool(_defaults(node, name))


def component(node: Node) -> Any:
    """The class that a data set's config names; None if there is no such one."""
    name = node.get('type')
    try:
        return DATASETS.get(name) if isinstance(name, str) else name
    except (KeyError, RuntimeError, ImportError):
        # Other checks name it.
        return None


def _defaults(node: Node, name: str) -> list[object]:
    kind = component(node)
    owners = inspect.getmro(kind) if inspect.isclass(kind) else ()
    functions = [vars(owner)['__init__'] for owner in owners if inspect.isfunction(vars(owner).get('__init__'))]
    parameters = [inspect.signature(function).parameters.get(name) for function in functions]
    return [parameter.default for parameter in parameters if parameter is not None]


def _readings(split: str, where: str, node: Node, wrappers: tuple[tuple[str, Node], ...]) -> Iterator[Reading]:
    inside = (*wrappers, (where, node))
    if isinstance(node.get('dataset'), dict):
        yield from _readings(split, f'{where}.dataset', node['dataset'], inside)
    elif isinstance(node.get('datasets'), list | tuple):
        for index, inner in enumerate(node['datasets']):
            yield from _readings(split, f'{where}.datasets.{index}', inner, inside)
    else:
        yield Reading(split, where, node, wrappers)


def _same_samples(first: Reading, second: Reading) -> bool:
    if first.divided_by:
        return argument(first.node, 'split') == argument(second.node, 'split')
    nodes = [{key: value for key, value in reading.node.items() if key not in READING} for reading in (first, second)]
    return nodes[0] == nodes[1]


def _differs(cfg: Node, first: Reading, second: Reading, name: str) -> str:
    values = [argument(reading.node, name) for reading in (first, second)]
    same = [reading for reading in readings(cfg) if reading.root == first.root]
    remedy = ' '.join(f'{reading.where}.{name}={values[0]}' for reading in same)
    if name in SHORTCUTS and name in cfg:
        remedy = f'{name}={values[0]}'
    return (
        f'{first.where} and {second.where} divide {argument(first.node, "data_root")} differently ({name} is '
        f'{values[0]!r} and {values[1]!r}), so that one reads images of the other; give all the same: {remedy}'
    )


def _check_complements(first: Reading, second: Reading) -> None:
    """Of two loaders on the same samples, one must use what the other leaves."""
    remedy = f"set {second.where}.split='{second.loader}'"
    if first.subset and second.subset:
        said = [{key: argument(node, key) for key in SUBSET_ARGUMENTS} for node in (first.subset, second.subset)]
        held_out = [bool(argument(node, 'held_out')) for node in (first.subset, second.subset)]
        if said[0] == said[1] and held_out[0] != held_out[1]:
            return
        remedy = f'give both subsets the same {", ".join(SUBSET_ARGUMENTS)}, and one of them held_out=True'
    elif first.subset:
        remedy += ', or put it into a cft.StratifiedSubset with the same settings and held_out=True'
    raise ConfigError(
        f'{first.where} and {second.where} read the same samples, so that {WORDS[second.loader]} images are trained '
        f'on; {remedy}'
    )
