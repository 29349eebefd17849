"""Keys of trackers, which are for the tracker alone."""

import copy
from collections.abc import Iterator, Sequence

from mmengine.config import Config

from cft.engine.config_nodes import iterate_dicts

NAMES = ('api_key', 'token', 'password', 'secret')
HIDDEN = '***'


def without_secrets(cfg: Config) -> Config:
    """A copy of a config without the keys of trackers, to be written down.

    These are the texts below ``visualizer`` called ``api_key``, ``token``,
    ``password`` or ``secret``. They are left out, not replaced: a tracker then
    asks its environment, and does not try a wrong key.

    Example:
        >>> cfg = Config(dict(visualizer=dict(vis_backends=[dict(init_kwargs=dict(api_key='k', project='p'))])))
        >>> without_secrets(cfg).visualizer.vis_backends[0].init_kwargs
        {'project': 'p'}
    """
    cfg = copy.deepcopy(cfg)
    for node, name in list(_secrets(cfg)):
        del node[name]
    return cfg


def hide_secrets(arguments: Sequence[str], cfg: Config) -> list[str]:
    """A command line with ``***`` for the keys that :func:`without_secrets` leaves out.

    Args:
        arguments: Such as ``sys.argv``.
        cfg: With the keys.

    Example:
        >>> hide_secrets(['train', 'visualizer.token=k1'], Config(dict(visualizer=dict(token='k1'))))
        ['train', 'visualizer.token=***']
    """
    values = sorted({node[name] for node, name in _secrets(cfg)}, key=len, reverse=True)
    hidden = list(arguments)
    for value in values:
        hidden = [text.replace(value, HIDDEN) if 'visualizer' in text else text for text in hidden]
    return hidden


def _secrets(cfg: Config) -> Iterator[tuple[dict, str]]:
    for _, node in iterate_dicts(cfg._cfg_dict.get('visualizer')):
        for name in NAMES:
            if isinstance(node.get(name), str) and node[name]:
                yield node, name
