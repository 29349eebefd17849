"""Whether what was read from a file is enough to continue a run, or to fill a model."""

from collections.abc import Collection, Iterator

from torch import nn

from cft.errors import ConfigError

from .plain_arrays import Unread
from .refusal import TRUST_VARIABLE

STATES = ('message_hub', 'optimizer', 'param_schedulers')


def check_resumable(content: dict, path: object, needed: Collection[str]) -> None:
    """Check that a run can continue exactly, and drop what its schedulers make anew.

    MMEngine's one-cycle schedule keeps one of its own functions in its state.
    Functions are not read from files; without it in the state, the schedule
    keeps the one that its config gives it.

    Args:
        content: A checkpoint, of which the schedulers' states may be changed.
        path: For the messages.
        needed: States without which the run would not be the same.

    Raises:
        ConfigError: If something is missing, or was not read as it is.
    """
    meta = content.get('meta')
    counters = isinstance(meta, dict) and all(isinstance(meta.get(key), int) for key in ('epoch', 'iter'))
    lacking = [] if counters else ['meta.epoch and meta.iter']
    lacking += [key for key in ('state_dict', 'message_hub', *needed) if not isinstance(content.get(key), dict | list)]
    if lacking:
        raise ConfigError(
            f'{path} cannot be resumed: it lacks {", ".join(lacking)}; best and published checkpoints hold only the '
            'model: give the last one, or start a new run from this one with load_from and without resume'
        )
    schedulers = content.get('param_schedulers', [])
    for group in schedulers.values() if isinstance(schedulers, dict) else [schedulers]:
        for state in group:
            for key in [key for key, value in state.items() if isinstance(value, Unread)]:
                del state[key]
    unread = next((where for state in STATES for where in _unread(content.get(state), state)), None)
    if unread is not None:
        raise ConfigError(
            f'{path} cannot be resumed: {unread} is an object that is not read from files; keep numbers, text, tensors '
            f'or containers of them there, or trust the file with the environment variable {TRUST_VARIABLE}=1'
        )


def _unread(value: object, where: str) -> Iterator[str]:
    if isinstance(value, Unread):
        yield where
    elif isinstance(value, dict | list | tuple):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _unread(item, f'{where}.{key}')


def check_names(content: object, path: object, model: nn.Module) -> None:
    """Check that at least one name is the model's: MMEngine loads nothing from such a file, and goes on.

    Raises:
        ConfigError: With names of both.
    """
    tensors = content.get('state_dict', content) if isinstance(content, dict) else None
    if not isinstance(tensors, dict):
        raise ConfigError(
            f'{path} holds a {type(content).__name__} without named tensors; give a checkpoint of a model'
        )
    names = [name.removeprefix('module.') for name in tensors if isinstance(name, str)]
    own = list(model.state_dict())
    if set(own).isdisjoint(names):
        raise ConfigError(
            f'{path} holds no tensor of the model: its names are {names[:3]}, those of the model {own[:3]}; a backbone '
            "alone is loaded by init_cfg=dict(type='SSLPretrained', checkpoint=FILE)"
        )
