"""Read a config and apply what the command line changes in it."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.utils import import_modules_from_strings

from cft.errors import ConfigError

from .catalogue import find_config
from .overrides import RUNNER_KEYS, Overrides, apply_overrides, names_of, values_of

DATA_SUFFIXES = ('.json', '.yaml', '.yml')


def load_config(config: str | Path, overrides: Overrides | None = None) -> Config:
    """Read a config file, with some settings changed.

    Args:
        config: A ``.py`` file, or the name of a config that comes with cft,
            such as ``coretuning/r50_folder``.
        overrides: Dotted names and values, or texts ``'NAME=VALUE'`` as on the
            command line (:func:`cft.apis.configs.overrides.apply_overrides`).

    Returns:
        The config as the file says it. What it leaves to the data, such as the
        number of classes of an image folder, is filled in before the runner is
        built.

    Raises:
        ConfigError: If the file cannot be read, it or one of its bases is
            YAML or JSON, or a name in it or in the overrides is misspelt.

    Example:
        >>> load_config('ce/r50_folder', ['data_root=my flowers', 'epochs=20']).train_cfg.max_epochs
        20
    """
    path = find_config(config)
    _check_kind(path, path)
    try:
        cfg = Config.fromfile(path, import_custom_modules=False)
        for line in cfg.text.splitlines():
            # MMEngine writes the path of each file above its text.
            if line.endswith(DATA_SUFFIXES) and Path(line).is_file():
                _check_kind(path, Path(line))
        _import_custom_modules(cfg)
    except ConfigError:
        raise
    except RecursionError as error:
        raise ConfigError(f'config {path} has a circle in its _base_ files; a config cannot be its own base') from error
    except Exception as error:
        # A config is a program, in which anything may go wrong.
        raise ConfigError(f'config {path} cannot be read: {_reason(error)}') from error
    for key in set(cfg.keys()) - RUNNER_KEYS:
        near = difflib.get_close_matches(key, RUNNER_KEYS, n=1, cutoff=0.87)
        if near:
            raise ConfigError(f'config {cfg.filename}: {key!r} is no setting of the runner; did you mean {near[0]!r}?')
    if overrides:
        apply_overrides(cfg._cfg_dict, overrides)
        if cfg.get('custom_imports') and any(name.startswith('custom_imports') for name in names_of(overrides)):
            try:
                _import_custom_modules(cfg)
            except Exception as error:
                raise ConfigError(_reason(error)) from error
    return cfg


def read_overrides(config: str | Path, texts: Sequence[str]) -> dict[str, object]:
    """The values that texts of the command line mean for a config, as a :class:`cft.experiments.Run` has them.

    Args:
        config: As of :func:`load_config`.
        texts: ``'NAME=VALUE'``.

    Raises:
        ConfigError: If a text has no ``=``, or its value cannot be read.

    Example:
        >>> read_overrides('ce/r50_folder', ['data_root=2024', 'epochs=20'])
        {'data_root': '2024', 'epochs': 20}
    """
    return values_of(load_config(config)._cfg_dict, texts)


def _import_custom_modules(cfg: Config) -> None:
    if cfg.get('custom_imports'):
        import_modules_from_strings(**cfg.custom_imports)


def _check_kind(config: Path, file: Path) -> None:
    """A config names what is imported and called, in whatever format: it is a program and has to look like one."""
    if file.suffix in DATA_SUFFIXES:
        place = f'config {config}' + (f', its base {file}' if file != config else '')
        target = file.with_suffix('.py')
        code = f"import cft, mmengine; mmengine.Config.fromfile('{file}').dump('{target}')"
        raise ConfigError(
            f'{place}: {file.suffix} files hold data, and a config is a program; if you trust it, make it one: '
            f'python -c "{code}"'
        )


def _reason(error: BaseException) -> str:
    """The error in one line; of a module that cannot be imported why, which MMEngine keeps to itself."""
    cause = error
    while isinstance(cause, ImportError) and (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    text = f'{type(cause).__name__}: {" ".join(str(cause).split())}'
    if cause is error:
        return text
    return f'a module of custom_imports fails with {text}; its folder must be the current one or in PYTHONPATH'
