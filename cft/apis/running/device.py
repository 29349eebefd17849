"""The device that somebody names."""

import torch

from cft.errors import ConfigError


def check_device(name: str) -> str:
    """Check that PyTorch has a device.

    Args:
        name: As PyTorch writes it: ``'cpu'``, ``'cuda'``, ``'cuda:1'``.

    Raises:
        ConfigError: If there is no such device here.

    Example:
        >>> check_device('cpu')
        'cpu'
    """
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).split('\n')[0].rstrip('.')
        raise ConfigError(f'--device {name}: {reason}; name cpu, or cuda where PyTorch has it') from error
    return name
