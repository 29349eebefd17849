"""Seconds that an image takes in a training step: measured on some device, or estimated from operations."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from mmengine.config import Config

from cft.apis.configs.catalogue import CONFIGS
from cft.engine.config_nodes import innermost_dataset, iterate_dicts
from cft.errors import ConfigError
from cft.files import write_atomically

from .network_size import forward_operations

FILE = CONFIGS / 'tables' / 'step_times.yaml'
KEYS = {'device', 'assumed', 'measured'}
# A backward pass takes twice the operations of a forward pass.
TRAINED, FORWARD = 3, 1


@dataclass(frozen=True)
class StepTime:
    """What an image costs.

    Attributes:
        seconds: Of one training image, all its views and attacks included, on one device.
        source: ``'measured'``, or what the estimate rests on.
        operations: Floating-point operations of it, by count, of the backbone alone.

    Example:
        >>> StepTime(0.002, 'measured', 25e9).is_measured
        True
    """

    seconds: float
    source: str
    operations: float

    @property
    def is_measured(self) -> bool:
        """Whether somebody has timed it."""
        return self.source.startswith('measured')


class StepTimes:
    """Measured step times, and estimates from them.

    Args:
        file: Written by ``tools/benchmarks/table_steps.py``.

    Raises:
        ConfigError: If it is no such file.

    Example:
        >>> StepTimes().of(load_config('ce/r50_dtd')).seconds  # doctest: +SKIP
        0.0008
    """

    def __init__(self, file: Path = FILE) -> None:
        read = yaml.safe_load(file.read_text(encoding='utf-8'))
        if not isinstance(read, Mapping) or set(read) != KEYS:
            raise ConfigError(f'{file} needs {", ".join(sorted(KEYS))}')
        self.device = read['device']
        self._measured: Mapping[str, Mapping[str, float]] = read['measured'] or {}
        self._assumed: Mapping[str, float | str] = read['assumed']

    def of(self, cfg: Config) -> StepTime:
        """What an image of a config costs."""
        operations = operations_of(cfg)
        own = self._measured.get(key_of(cfg))
        if own is not None:
            return StepTime(own['seconds_per_image'], f'measured on {self.device}', operations)
        rates = [entry['operations'] / entry['seconds_per_image'] for entry in self._measured.values()]
        if rates:
            return StepTime(operations / statistics.median(rates), f'estimate from others on {self.device}', operations)
        rate = float(self._assumed['operations_per_second'])
        return StepTime(operations / rate, f'estimate, not measured: {self._assumed["why"]}', operations)


def write_measured(file: Path, device: str, measured: Mapping[str, Mapping[str, float]]) -> None:
    """Put measured step times into the file, beside those of other keys that the same device took.

    Args:
        file: As :class:`StepTimes` reads it.
        device: Name and precision.
        measured: ``seconds_per_image`` and ``operations`` by :func:`key_of`.

    Example:
        >>> write_measured(FILE, 'NVIDIA H100, float32', {})  # doctest: +SKIP
    """
    text = file.read_text(encoding='utf-8')
    read = yaml.safe_load(text)
    kept = dict(read['measured'] or {}) if read['device'] == device else {}
    head = ''.join(f'{line}\n' for line in text.splitlines() if line.startswith('#'))
    content = {**read, 'device': device, 'measured': {**kept, **{key: dict(own) for key, own in measured.items()}}}
    write_atomically(file, (head + yaml.safe_dump(content, sort_keys=False, width=120)).encode())


def key_of(cfg: Config) -> str:
    """Network, method and size: what a step time depends on.

    Example:
        >>> from cft.apis import load_config
        >>> key_of(load_config('coretuning/r50_dtd'))
        'ResNet-50, coretuning, 224'
    """
    backbone = cfg.model.backbone
    depth = backbone.get('depth')
    network = str(backbone.get('model_name') or backbone.get('arch') or backbone.type)
    method = Path(cfg.filename).parent.name
    parts = [f'{network}-{depth}' if depth else network, method, ' '.join(map(str, sides_of(cfg)))]
    task = cfg.get('default_scope', '')
    attack = f', attack of {cfg.model.adversarial.num_steps}' if cfg.model.get('adversarial') else ''
    return ', '.join(parts) + (f', {task}' if task not in ('', 'mmpretrain') else '') + attack


def operations_of(cfg: Config) -> float:
    """Floating-point operations that a training image takes in the backbone, by count; 2 for a multiplication and sum.

    Views and momentum encoders are counted; an adversarial image adds a pass for each step of its attack.
    """
    frozen = cfg.model.backbone.get('frozen_stages', -1) == 4 or 'linear' in Path(cfg.filename).stem
    passes = FORWARD if frozen else TRAINED
    scope = cfg.get('default_scope', 'mmpretrain')
    forward = sum(forward_operations(cfg.model.backbone.to_dict(), side, scope) for side in sides_of(cfg))
    total = passes * forward
    if 'queue_length' in cfg.model:
        total += forward / 2
    attack = cfg.model.get('adversarial')
    if attack:
        total = 2 * total + 2 * forward * attack.num_steps
    weights = cfg.model.get('hard_examples') or {}
    terms = sum(bool(weights.get(f'{name}_weight')) for name in ('adversarial', 'cutmix', 'adversarial_cutmix'))
    return total * (1 + terms)


def sides_of(cfg: Config) -> list[int]:
    """Sides of the views of a training image in pixels; of detection the shorter side.

    Example:
        >>> from cft.apis import load_config
        >>> sides_of(load_config('schane/r50_dtd'))
        [224, 224]
    """
    steps = cfg.train_dataloader.dataset
    views: list[int] = []
    for _, node in iterate_dicts({'dataset': steps.to_dict()}):
        if str(node.get('type', '')).endswith('MultiView'):
            numbers = node['num_views']
            numbers = [numbers] if isinstance(numbers, int) else numbers
            own = [_side_of(transforms) or _side(cfg) for transforms in node['transforms']]
            views = [side for side, number in zip(own, numbers, strict=True) for _ in range(number)]
    return views or [_side(cfg)]


def _side_of(transforms: object) -> int | None:
    """What the last step that sets a size leaves."""
    found = None
    for _, node in iterate_dicts({'transforms': transforms}):
        for key in ('size', 'scale', 'crop_size'):
            value = node.get(key)
            if isinstance(value, list | tuple) and value and isinstance(value[0], int):
                value = min(value)
            found = value if isinstance(value, int) else found
    return found


def _side(cfg: Config) -> int:
    if cfg.get('default_scope') == 'mmdet':
        return 800
    # A config may leave image_size behind, as a probe at another size does.
    own = _side_of(innermost_dataset(cfg.train_dataloader.dataset)['pipeline'])
    return own or cfg.get('image_size') or 224
