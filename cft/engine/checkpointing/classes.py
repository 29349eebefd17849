"""Whether the classes that a checkpoint was trained on are those of the data: by name, in their order."""

import logging
from collections.abc import Sequence
from typing import Literal

from mmengine.logging import print_log
from torch import nn
from torch.utils.data import Dataset

from cft.engine.class_heads import num_classes_of
from cft.engine.model_access import unwrap_model
from cft.errors import ConfigError

SHOWN = 5
Purpose = Literal['resume', 'test', 'start']


def check_classes(model: nn.Module, content: object, dataset: Dataset, path: object, purpose: Purpose) -> None:
    """Compare the classes of a checkpoint with those of the data, if the model tells classes apart.

    A run that only starts from the checkpoint may have other classes; it is
    told if its classifier begins with the weights of as many others.

    Args:
        model: With or without wrappers.
        content: Of the checkpoint.
        dataset: With the names of its classes in ``metainfo``.
        path: For the messages.
        purpose: What is done with the checkpoint.

    Raises:
        ConfigError: If they differ in their names, their order or, unless the run only starts, their number.

    Example:
        >>> check_classes(runner.model, checkpoint, runner.test_dataloader.dataset, 'a.pth', 'test')  # doctest: +SKIP
    """
    data = names_in(getattr(dataset, 'metainfo', None))
    if data is None or not num_classes_of(unwrap_model(model)):
        return
    written = classes_of(content)
    if written is None:
        if purpose != 'start':
            told = (
                f'{path} does not name its classes: they are taken to be those of the data, in this order: {_few(data)}'
            )
            print_log(told, 'current', logging.WARNING)
        return
    difference = describe_difference(written, data)
    if difference is None or (purpose == 'start' and len(written) != len(data)):
        return
    reordered = same_names(written, data)
    if purpose == 'start' and not reordered:
        told = f'{path}: {difference}; the classifier begins with the weights of those'
        print_log(told, 'current', logging.WARNING)
        return
    names = f'metainfo=dict(classes={_listed(written)})'
    if purpose == 'resume':
        remedy = f'restore the data, or start a new run with load_from={path} and without resume'
    elif reordered:
        remedy = f'give the data sets the order of the checkpoint, {names}'
    elif len(written) == len(data):
        remedy = f'give it data of its own classes or, if they mean the same, give the data its names, {names}'
    else:
        remedy = f'test it on data of its own classes; training with load_from={path} fits it to these'
    if purpose == 'start':
        remedy += ', or take the backbone alone with checkpoint=FILE'
    verb = {'resume': 'resumed', 'test': 'tested', 'start': 'trained'}[purpose]
    raise ConfigError(f'{path} cannot be {verb} on these classes: {difference}; {remedy}')


def classes_of(content: object) -> tuple[str, ...] | None:
    """Names of the classes of a checkpoint, as MMEngine and its predecessors keep them; None if it has none.

    Example:
        >>> classes_of({'meta': {'dataset_meta': {'classes': ('cat', 'dog')}}})
        ('cat', 'dog')
    """
    meta = content.get('meta') if isinstance(content, dict) else None
    if not isinstance(meta, dict):
        return None
    return names_in(meta.get('dataset_meta')) or names_in(meta)


def names_in(metainfo: object) -> tuple[str, ...] | None:
    """Names of the classes in the metainfo of a data set; None if it has none."""
    if not isinstance(metainfo, dict):
        return None
    classes = metainfo.get('classes', metainfo.get('CLASSES'))
    return tuple(map(str, classes)) if isinstance(classes, list | tuple) and classes else None


def describe_difference(written: Sequence[str], data: Sequence[str]) -> str | None:
    """How the classes of a checkpoint differ from those of the data, in words; None if they are the same.

    Example:
        >>> describe_difference(('b', 'd'), ('a', 'b', 'd'))
        'it has 2 classes (b, d), the data 3 (a, b, d)'
        >>> describe_difference(('a', 'b'), ('b', 'a'))
        "it has the classes of the data in another order: class 0 is 'a' there and 'b' in the data"
    """
    if tuple(written) == tuple(data):
        return None
    if len(written) != len(data):
        return f'it has {len(written)} classes ({_few(written)}), the data {len(data)} ({_few(data)})'
    index = next(i for i, pair in enumerate(zip(written, data, strict=True)) if pair[0] != pair[1])
    what = 'the classes of the data in another order' if same_names(written, data) else 'other classes than the data'
    return f'it has {what}: class {index} is {written[index]!r} there and {data[index]!r} in the data'


def same_names(written: Sequence[str], data: Sequence[str]) -> bool:
    """Whether the same names stand in some order."""
    return sorted(written) == sorted(data)


def _listed(names: Sequence[str]) -> str:
    return repr(list(names)) if len(names) <= SHOWN else f'[{", ".join(map(repr, names[:SHOWN]))}, ...]'


def _few(names: Sequence[str]) -> str:
    return ', '.join(names[:SHOWN]) + (', ...' if len(names) > SHOWN else '')
