"""What a data set of YOLO says of itself: ``data.yaml``, or a file of names."""

import os
from pathlib import Path
from typing import NamedTuple

import yaml

from cft.datasets.preparation.text_lists import decode_marked, read_lines
from cft.errors import ConfigError

CLASS_FILES = ('classes.txt', 'obj.names', 'classes.names')
# Below the folder of a data set, of its labels, or of a split.
CLASS_PLACES = ('', 'labels', 'train', 'labels/train', 'train/labels')


class Description(NamedTuple):
    """A data set's own account of itself, such as ``data.yaml``.

    Attributes:
        file: Where it stands.
        content: What it says.
    """

    file: Path
    content: dict


def find_description(root: Path) -> Description | None:
    """The YAML file that names classes or splits; its tags make no objects.

    Args:
        root: Of the data set.

    Raises:
        ConfigError: If it is damaged, or there are several.

    Example:
        >>> find_description(Path('nowhere')) is None
        True
    """
    found = []
    for file in sorted([*root.glob('*.yaml'), *root.glob('*.yml')]):
        text = decode_marked(file.read_bytes())
        try:
            content = yaml.safe_load(text or '')
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise ConfigError(f'{file} is no plain YAML: {" ".join(str(error).split())[:200]}; repair it') from error
        if isinstance(content, dict) and {'names', 'nc', 'train', 'val'} & content.keys():
            found.append(Description(file, content))
    if len(found) > 1:
        raise ConfigError(f'any of {", ".join(str(entry.file) for entry in found)} could be meant; leave one there')
    return found[0] if found else None


def described_classes(description: Description, root: Path) -> list[str]:
    """Names of the classes, in the order of their numbers.

    Raises:
        ConfigError: If there are none, or they contradict each other.

    Example:
        >>> described_classes(Description(Path('data.yaml'), {'names': {0: 'cat', 1: 'dog'}}), Path())
        ['cat', 'dog']
    """
    file, content = description
    if 'kpt_shape' in content:
        raise ConfigError(f'{file}: labels with key points (kpt_shape) are not read; give boxes or outlines')
    names = content.get('names')
    if names is None and any((root / place / name).is_file() for place in CLASS_PLACES for name in CLASS_FILES):
        return classes_of_file(root)
    if isinstance(names, dict) and set(names) == set(range(len(names))):
        names = [names[index] for index in range(len(names))]
    if not isinstance(names, list) or not names:
        raise ConfigError(f'{file} gives no names of the classes; write names: [first, second, ...]')
    names = [str(name) for name in names]
    _check_single(names, file)
    if content.get('nc', len(names)) != len(names):
        raise ConfigError(f'{file}: nc is {content["nc"]!r}, but names has {len(names)}; correct one of them')
    return names


def classes_of_file(root: Path) -> list[str]:
    """Names of the classes in a file of their own, one a line.

    Raises:
        ConfigError: If there is none, or it names a class twice.

    Example:
        >>> classes_of_file(Path('data/coco8'))  # doctest: +SKIP
        ['person', 'bicycle']
    """
    files = [root / place / name for place in CLASS_PLACES for name in CLASS_FILES]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        raise ConfigError(
            f'{root} has labels of YOLO, but no names of their classes; write them into {root / CLASS_FILES[0]}, one a '
            'line, or into data.yaml as names: [first, second, ...]'
        )
    names = read_lines(file)
    if not names:
        raise ConfigError(f'{file} names no class')
    _check_single(names, file)
    return names


def _check_single(names: list[str], file: Path) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ConfigError(f'{file} names the classes {repeated} twice; give each its own name')


def place_of(description: Description, root: Path, entry: str) -> Path:
    """Where a description's entry leads here; written on another machine, its last parts may do so.

    Raises:
        ConfigError: If it leads nowhere.

    Example:
        >>> place_of(Description(Path('data.yaml'), {}), Path('chess'), '../train/images')  # doctest: +SKIP
        PosixPath('chess/train/images')
    """
    entry = entry.replace('\\', '/')
    tops = [root / str(description.content['path']).replace('\\', '/')] if description.content.get('path') else []
    # Roboflow writes ../train/images beside data.yaml.
    parts = [part for part in Path(entry).parts if part not in ('..', '.', '/')]
    tails = [Path(*parts[index:]) for index in range(len(parts)) if len(parts) - index > 1 or index == 0]
    tried = [*(top / entry for top in [*tops, root]), *(root / tail for tail in tails)]
    place = next((path for path in tried if path.exists()), None)
    if place is None:
        raise ConfigError(f'{description.file} names {entry}, which is not there; correct it, looked in {tried[0]}')
    return Path(os.path.normpath(place))
