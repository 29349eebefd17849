"""Read the tensors of a checkpoint file without running anything in it."""

import pickle
from pathlib import Path

import torch

from cft.errors import ConfigError

# What MMEngine keeps in a checkpoint beside the tensors: log histories in NumPy numbers.
BOOKKEEPING = (
    'builtins.getattr',
    'mmengine.logging.history_buffer.HistoryBuffer',
    'numpy.dtype',
    'numpy.ndarray',
    *(f'numpy.{core}.multiarray.{name}' for core in ('core', '_core') for name in ('_reconstruct', 'scalar')),
    *(f'numpy.dtypes.{kind}DType' for kind in ('Float32', 'Float64', 'Int64')),
)
NESTING_KEYS = ('state_dict', 'model', 'model_state', 'teacher', 'network', 'module')


class _Ignored:
    """Stands in for every bookkeeping object: whatever the file builds of them does nothing."""

    def __new__(cls, *_: object) -> '_Ignored':
        return super().__new__(cls)

    def __init__(self, *_: object) -> None: ...

    def __setstate__(self, _: object) -> None: ...


def read_state_dict(path: str | Path) -> dict[str, torch.Tensor]:
    """Read a PyTorch checkpoint and return its named tensors.

    Args:
        path: File written by ``torch.save``: a state dict, or a dict that holds
            one under a usual name such as ``state_dict``.

    Returns:
        Names and tensors, on the CPU.

    Raises:
        ConfigError: If there is no such file, it cannot be read safely, or it
            holds no tensors.

    Example:
        >>> read_state_dict('checkpoints/moco_v2_800ep.pth.tar')  # doctest: +SKIP
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f'no checkpoint {path}; check the path, or download the file first')
    try:
        with torch.serialization.safe_globals([(_Ignored, name) for name in BOOKKEEPING]):
            content = torch.load(path, map_location='cpu', weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        reason = ' '.join(str(error).split('GLOBAL ', 1)[-1].split())[:200]
        raise ConfigError(f'cannot read {path} as a checkpoint of plain tensors: {reason}') from error
    while isinstance(content, dict) and not any(isinstance(value, torch.Tensor) for value in content.values()):
        key = next((key for key in NESTING_KEYS if isinstance(content.get(key), dict)), None)
        if key is None:
            break
        content = content[key]
    if not isinstance(content, dict):
        raise ConfigError(f'{path} holds a {type(content).__name__}, not named tensors')
    tensors = {name: value for name, value in content.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise ConfigError(f'{path} holds no tensors; its keys are {sorted(map(str, content))[:8]}')
    return tensors
