"""The trackers of experiments that a config names in one word."""

import copy

from cft.errors import ConfigError

# Nothing leaves the machine: W&B writes files that `wandb sync` uploads, MLflow a folder that `mlflow ui` shows.
SETTINGS: dict[str, dict] = {
    'tensorboard': {'type': 'TensorboardVisBackend'},
    'wandb': {'type': 'cft.WandbVisBackend', 'init_kwargs': {'mode': 'offline', 'project': 'cft'}},
    'mlflow': {'type': 'cft.MLflowVisBackend', 'exp_name': 'cft'},
}
# Name by the class, without its scope; MMEngine's own classes have the same names.
TRACKERS = {str(backend['type']).split('.')[-1]: name for name, backend in SETTINGS.items()}
# What each is imported as.
PACKAGES = {'tensorboard': 'tensorboard', 'wandb': 'wandb', 'mlflow': 'mlflow'}


def with_tracker(backends: list[dict], tracker: object) -> list[dict]:
    """Backends of a visualizer with one tracker and no other.

    Args:
        backends: Those of a config; what is no tracker stays, and so does a tracker of this name with its settings.
        tracker: A name of :data:`SETTINGS`; None or ``'none'``: no tracker.

    Raises:
        ConfigError: If there is no such tracker.

    Example:
        >>> [backend['type'] for backend in with_tracker([dict(type='LocalVisBackend')], 'wandb')]
        ['LocalVisBackend', 'cft.WandbVisBackend']
    """
    if tracker not in (None, 'none', *SETTINGS):
        raise ConfigError(f'tracker={tracker!r}: there is none of this name; choose {", ".join(SETTINGS)} or none')
    names = [TRACKERS.get(str(backend.get('type')).split('.')[-1]) for backend in backends]
    kept = [backend for backend, name in zip(backends, names, strict=True) if name in (None, tracker)]
    return kept if tracker in (None, 'none', *names) else [*kept, copy.deepcopy(SETTINGS[str(tracker)])]
