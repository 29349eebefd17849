"""Trackers of experiments: what a training names is installed, and nothing else writes to them."""

import importlib.util

from mmengine.config import Config

from cft.engine.tracker_settings import PACKAGES, TRACKERS
from cft.errors import ConfigError


def check_trackers(cfg: Config) -> None:
    """Check that the packages of a config's trackers are installed.

    Args:
        cfg: With or without a ``visualizer``.

    Raises:
        ConfigError: Naming the package and how it is installed.

    Example:
        >>> check_trackers(Config(dict(visualizer=dict(vis_backends=[dict(type='LocalVisBackend')]))))
    """
    for name, _ in _trackers(cfg):
        if not _is_installed(PACKAGES[name]):
            raise ConfigError(
                f"tracker={name} needs a package that is missing: pip install 'cft-contrastive-tuning[{name}]', or "
                'set tracker=none'
            )


def without_trackers(cfg: Config) -> None:
    """Take the trackers out of a config that is not trained.

    Args:
        cfg: Changed in place.

    Example:
        >>> cfg = Config(dict(visualizer=dict(vis_backends=[dict(type='TensorboardVisBackend')])))
        >>> without_trackers(cfg)
        >>> cfg.visualizer.vis_backends
        []
    """
    backends = (cfg.get('visualizer') or {}).get('vis_backends') or []
    trackers = [backend for _, backend in _trackers(cfg)]
    backends[:] = [backend for backend in backends if not any(backend is tracker for tracker in trackers)]


def _is_installed(package: str) -> bool:
    """A folder of that name is none: W&B itself leaves one in the current folder."""
    found = importlib.util.find_spec(package)
    return found is not None and found.origin is not None


def _trackers(cfg: Config) -> list[tuple[str, dict]]:
    """Name and settings of each tracker in a config."""
    backends = (cfg._cfg_dict.get('visualizer') or {}).get('vis_backends') or []
    return [(TRACKERS[kind], backend) for backend in backends if (kind := _kind(backend)) in TRACKERS]


def _kind(backend: object) -> str:
    return str(backend.get('type')).split('.')[-1] if isinstance(backend, dict) else ''
