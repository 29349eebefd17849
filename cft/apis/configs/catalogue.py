"""The configs that come with ``cft``, by name, from any directory.

In a checkout they are the folder ``configs``; a wheel carries them in
``cft/.mim/configs``, where OpenMMLab's packages have theirs.
"""

import difflib
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

import cft
from cft.errors import ConfigError

PACKAGE = Path(cft.__file__).resolve().parent
# Of a wheel, or of a checkout.
SHIPPED = PACKAGE / '.mim' if (PACKAGE / '.mim').is_dir() else PACKAGE.parent
CONFIGS = SHIPPED / 'configs'


def find_config(name_or_path: str | Path) -> Path:
    """The file of a config.

    Args:
        name_or_path: A file; else the name of a config that comes with ``cft``,
            with or without ``configs/`` before and ``.py`` behind it; else a
            folder with one config in it, such as the work dir of a run.

    Raises:
        ConfigError: If it is none of these; with the names that may be meant.

    Example:
        >>> find_config('coretuning/r50_folder').name
        'r50_folder.py'
    """
    path = Path(name_or_path).expanduser()
    if path.is_file():
        return path
    name = path.as_posix().removeprefix('./').removeprefix('configs/').removesuffix('.py')
    if name in list_configs():
        return CONFIGS / f'{name}.py'
    if path.is_dir():
        found = sorted(path.glob('*.py'))
        if len(found) == 1:
            return found[0]
        names = ', '.join(file.name for file in found)
        raise ConfigError(
            f'{path} is a folder with ' + (f'several configs; name one of {names}' if found else 'no config')
        )
    raise ConfigError(f'no config {name_or_path}; ' + _hint(path, name))


def list_configs(pattern: str = '*') -> list[str]:
    """Names of the configs that come with ``cft``, sorted; parts in ``_base_`` are none.

    Args:
        pattern: With ``*``, ``?`` or ``[...]`` in it, what the whole name
            matches; else a part of the name.

    Example:
        >>> list_configs('coretuning/*_voc_seg')
        ['coretuning/r50_voc_seg']
    """
    pattern = pattern if any(sign in pattern for sign in '*?[') else f'*{pattern}*'
    names = (path.relative_to(CONFIGS).with_suffix('').as_posix() for path in CONFIGS.rglob('*.py'))
    return sorted(name for name in names if not name.startswith('_base_') and fnmatch(name, pattern))


def group_configs(names: Iterable[str]) -> dict[tuple[str, ...], list[str]]:
    """What each set of folders has in common, so that hundreds of names can be read.

    Args:
        names: ``FOLDER/NAME``, as of :func:`list_configs`.

    Returns:
        By folders those names that are in all of them and in no other; the largest sets of folders first.

    Example:
        >>> group_configs(['ce/r50_cars', 'ce/r50_voc_seg', 'scl/r50_cars'])
        {('ce', 'scl'): ['r50_cars'], ('ce',): ['r50_voc_seg']}
    """
    folders: dict[str, list[str]] = {}
    for name in names:
        folder, _, stem = name.rpartition('/')
        folders.setdefault(stem, []).append(folder)
    groups: dict[tuple[str, ...], list[str]] = {}
    for stem, found in folders.items():
        groups.setdefault(tuple(found), []).append(stem)
    return dict(sorted(groups.items(), key=lambda item: (-len(item[0]), item[0])))


def _hint(path: Path, name: str) -> str:
    beside = {str(file): file.stem for file in path.parent.glob('*.py')} if path.suffix == '.py' else {}
    if near := difflib.get_close_matches(path.stem, beside.values(), n=3):
        return f'did you mean {", ".join(file for file, stem in beside.items() if stem in near)}?'
    if near := difflib.get_close_matches(name, list_configs(), n=3):
        return f'did you mean {", ".join(near)}?'
    return 'give a file, or a name that `cft configs` lists'
