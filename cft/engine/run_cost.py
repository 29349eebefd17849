"""What a training costs, in words, and what would make it cheaper."""

import os
from collections.abc import Iterator

import torch
from torch import nn

from cft.engine.config_nodes import iterate_dicts

SMALL_IMAGE = 128
SMALLER_NETWORK = 'a smaller network (backbone=resnet18 of a folder config)'
SMALL_PARAMETERS = 15_000_000
# Of an attack in training.
FEW_STEPS = 3


def cpu_count() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


def describe_device(device: torch.device) -> str:
    """Name and memory of a device.

    Example:
        >>> describe_device(torch.device('cpu'))  # doctest: +SKIP
        'CPU, 2 cores, 15.6 GB of memory'
    """
    if device.type == 'cuda':
        properties = torch.cuda.get_device_properties(device)
        return f'{properties.name}, {in_bytes(properties.total_memory)} of memory'
    if device.type != 'cpu':
        return str(device)
    cores = cpu_count()
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') if hasattr(os, 'sysconf') else 0
    return f'CPU, {cores} core{"s" * (cores != 1)}' + (f', {in_bytes(memory)} of memory' if memory > 0 else '')


def in_bytes(number: float) -> str:
    """An amount of memory.

    Example:
        >>> in_bytes(2.5e9), in_bytes(3e6)
        ('2.5 GB', '3 MB')
    """
    return f'{number / 1e9:.1f} GB' if number >= 1e8 else f'{number / 1e6:.0f} MB'


def in_time(seconds: float) -> str:
    """A time span in two digits, in the unit that people would take.

    Example:
        >>> [in_time(seconds) for seconds in (0.0123, 55, 400, 22000, 300000)]
        ['0.012 s', '55 s', '6.7 min', '6.1 h', '3.5 days']
    """
    for size, unit in ((86400, 'days'), (3600, 'h'), (60, 'min')):
        if seconds >= 1.5 * size:
            value = seconds / size
            return f'{value:.0f} {unit}' if value >= 10 else f'{value:.1f} {unit}'
    return f'{seconds:.0f} s' if seconds >= 10 else f'{float(f"{seconds:.2g}"):g} s'


def describe_attack(model: nn.Module) -> str | None:
    """What adversarial training adds to each step, in words; None for a training without.

    A backward pass to the images alone takes about the time of the forward
    pass, one to the weights as well about twice that.

    Example:
        >>> model = nn.Module()
        >>> describe_attack(model)
        >>> model.adversarial = nn.Module()
        >>> model.adversarial.num_steps = 10
        >>> describe_attack(model)
        'Adversarial training: 10 forward and backward passes of the attack in each step, whose own pass has twice the \
images; expect about 9 times the time of a step without'
    """
    steps = _attack_steps(model)
    if not steps:
        return None
    return (
        f'Adversarial training: {steps} forward and backward passes of the attack in each step, whose own pass has '
        f'twice the images; expect about {2 + 2 * steps / 3:.0f} times the time of a step without'
    )


def cheaper_settings(cfg: dict, model: nn.Module) -> list[str]:
    """What would make the steps of a config much quicker: its settings as they are typed, and a smaller network.

    Args:
        cfg: A complete config's dict.
        model: Its model.

    Example:
        >>> cheaper_settings(dict(image_size=224), nn.Linear(5000, 5000))
        ['image_size=128', 'a smaller network (backbone=resnet18 of a folder config)']
    """
    settings = []
    if _attack_steps(model) > FEW_STEPS:
        settings.append(f'model.adversarial.num_steps={FEW_STEPS}')
    size, patch = cfg.get('image_size'), max(_patch_sizes(cfg), default=1)
    if isinstance(size, int) and size > SMALL_IMAGE:
        settings.append(f'image_size={SMALL_IMAGE // patch * patch}')
    parameters = sum(parameter.numel() for parameter in model.parameters())
    if parameters > SMALL_PARAMETERS:
        settings.append(SMALLER_NETWORK)
    return settings


def _attack_steps(model: nn.Module) -> int:
    return getattr(getattr(model, 'adversarial', None), 'num_steps', 0)


def _patch_sizes(cfg: dict) -> Iterator[int]:
    """Into what a network cuts its images; their sides are multiples of it."""
    for _, node in iterate_dicts(cfg.get('model', {})):
        if isinstance(node.get('patch_size'), int):
            yield node['patch_size']
        name = str(node.get('model_name', ''))
        if 'patch' in name:
            digits = name.split('patch')[1].lstrip('_')
            yield int(digits[: len(digits) - len(digits.lstrip('0123456789'))] or 1)
