"""The errors for files that are not read."""

from pathlib import Path

from cft.errors import ConfigError

TRUST_VARIABLE = 'CFT_TRUST_CHECKPOINTS'


class RefusedError(ConfigError):
    """The file is whole, but asks for a class or function that could run code.

    Example:
        >>> type(unreadable('a.pth', ValueError('GLOBAL os.system is refused')))
        <class 'cft.checkpoints.refusal.RefusedError'>
    """


def unreadable(path: str | Path, error: Exception) -> ConfigError:
    """What to tell about an error that reading a file ended in.

    Returns:
        A :class:`RefusedError` if the file asked for a class or function that
        is not on the list, a plain :class:`ConfigError` otherwise.

    Example:
        >>> unreadable('a.pth', ValueError('it is empty'))
        ConfigError('cannot read a.pth as a checkpoint of plain tensors: it is empty')
    """
    start = f'cannot read {path} as a checkpoint of plain tensors:'
    # Thus do torch's reader and ours of plain pickles begin the name.
    _, _, named = str(error).partition('GLOBAL ')
    if not named.strip():
        # Before it, torch explains how to unpickle the file without limits.
        reason = str(error).rpartition('WeightsUnpickler error: ')[2]
        return ConfigError(f'{start} {" ".join(reason.split())[:200] or type(error).__name__}')
    return RefusedError(
        f'{start} it refers to {named.split()[0]}, which is refused because building it could run code; '
        f'if you wrote the file yourself, allow it with the environment variable {TRUST_VARIABLE}=1'
    )
