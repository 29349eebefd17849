"""Read the tensors of a checkpoint file without running anything in it."""

from pathlib import Path

import torch

from cft.errors import ConfigError

# What training codes keep beside the tensors: MMEngine's log histories in NumPy numbers, DINO's arguments.
BOOKKEEPING = (
    'argparse.Namespace',
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
    except Exception as error:
        # Text and truncated files can look like any instructions, and fail in any way.
        reason = ' '.join(str(error).split('GLOBAL ', 1)[-1].split())[:200]
        raise ConfigError(f'cannot read {path} as a checkpoint of plain tensors: {reason}') from error
    while isinstance(content, dict):
        inner = next((content[key] for key in NESTING_KEYS if isinstance(content.get(key), dict)), None)
        if inner is None:
            break
        content = inner
    if not isinstance(content, dict):
        raise ConfigError(f'{path} holds a {type(content).__name__}, not named tensors')
    tensors = {n: value for n, value in content.items() if isinstance(n, str) and isinstance(value, torch.Tensor)}
    if not tensors:
        raise ConfigError(f'{path} holds no named tensors; its keys are {sorted(map(str, content))[:8]}')
    return tensors
