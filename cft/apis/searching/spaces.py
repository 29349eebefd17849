"""The search space of a config: a file, one that comes with cft, or that of the config's method."""

import copy
from pathlib import Path

from mmengine.config import Config

from cft.apis.completion.backbone_choice import choose_backbone
from cft.apis.configs.catalogue import CONFIGS
from cft.errors import ConfigError
from cft.experiments.spaces import Space, read_space

SPACES = CONFIGS / 'spaces'


def list_spaces() -> list[str]:
    """Names of the spaces that come with ``cft``, sorted.

    Example:
        >>> 'coretuning' in list_spaces()
        True
    """
    return sorted(path.stem for path in SPACES.glob('*.yaml'))


def load_space(cfg: Config, space: str | Path | None = None) -> Space:
    """Read a space for a config.

    Args:
        cfg: From :func:`cft.apis.load_config`, with data, checkpoint and whatever else the trials have; not changed.
        space: A ``.yaml`` file, or the name of one that comes with ``cft``; None: that of the config's method, which
            is told by its folder or the beginning of its name.

    Raises:
        ConfigError: If there is no such space, or it names what the config does not have.

    Example:
        >>> from cft.apis import load_config
        >>> space = load_space(load_config('quickstart/scl_digits'))
        >>> space.name, list(space.parameters)
        ('scl', ['learning_rate', 'weight_decay', 'lambda', 'tau'])
        >>> space.sample(8, seed=0)[0]
        {}
    """
    path = _of_method(cfg) if space is None else _find(space)
    complete = copy.deepcopy(cfg)
    # It brings the recipe, of whose values some parameters are multiples.
    choose_backbone(complete)
    return read_space(path, complete.to_dict())


def _find(space: str | Path) -> Path:
    path = Path(space).expanduser()
    if path.is_file():
        return path
    if str(space) not in list_spaces():
        raise ConfigError(f'no space {space}; give a .yaml file, or one of {", ".join(list_spaces())}')
    return SPACES / f'{space}.yaml'


def _of_method(cfg: Config) -> Path:
    config = Path(cfg.filename or '')
    words = config.stem.split('_')
    # The longest beginning first: ce_simclr is not ce.
    beginnings = ['_'.join(words[:number]) for number in range(len(words), 0, -1)]
    for name in (config.parent.name, *beginnings):
        if name in list_spaces():
            return SPACES / f'{name}.yaml'
    raise ConfigError(
        f'config {config} tells no method by its folder or name; say which space: space={"|".join(list_spaces())} or '
        'a .yaml file'
    )
