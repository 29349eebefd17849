"""Whether learning-rate schedules fit the length of the training."""

from collections.abc import Iterator

from cft.errors import ConfigError

# Their shape is written in epochs or iterations; whatever else MMEngine has takes the length of the loop.
ABSOLUTE = {'MultiStep': 'milestones', 'Step': 'step_size', 'Exponential': 'gamma'}
LENGTHS = ('max_epochs', 'max_iters', 'val_interval')
SUFFIXES = ('LR', 'Momentum', 'ParamScheduler')


def check_schedule(cfg: dict, written: dict | None = None) -> None:
    """Check that the learning rate comes to its end with the training.

    Schedules without ``end`` follow ``max_epochs`` or ``max_iters`` by
    themselves. One with an ``end`` or milestones beyond the training never
    arrives there; one whose figures belong to another length (``written``) is
    not what was meant either.

    Args:
        cfg: A complete config's dict.
        written: The config as its file has it, before its length was changed.

    Raises:
        ConfigError: Naming the setting that does not fit and the remedy; also
            for a length that is no whole number from 1 on.

    Example:
        >>> check_schedule(dict(
        ...     train_cfg=dict(max_epochs=10), param_scheduler=dict(type='MultiStepLR', milestones=[6, 8])))
    """
    loop = cfg.get('train_cfg') or {}
    for name in LENGTHS:
        _check_length(f'train_cfg.{name}', loop.get(name))
    schedulers = _schedulers(cfg)
    before = dict(_schedulers(written or {}))
    for where, scheduler in schedulers:
        unit = 'max_epochs' if scheduler.get('by_epoch', True) else 'max_iters'
        length = loop.get(unit)
        if not isinstance(length, int):
            continue
        for name, last in _last_steps(scheduler):
            if last > length:
                raise ConfigError(
                    f'{where}.{name} reaches to {last}, but train_cfg.{unit} is {length}, so that the schedule does '
                    f'not arrive at its end; set {where}.{name} as well, or leave it out where it is the whole length'
                )
        key = ABSOLUTE.get(_kind(scheduler))
        if key is None or written is None or before.get(where, {}).get(key) != scheduler.get(key):
            continue
        planned = (written.get('train_cfg') or {}).get(unit)
        if planned != length and isinstance(planned, int):
            raise ConfigError(
                f'{where}.{key}={scheduler.get(key)!r} belongs to train_cfg.{unit}={planned}, which is now {length}, '
                f'and {scheduler["type"]} does not follow the length; set {where}.{key} for the new length as well'
            )


def _check_length(where: str, value: object) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ConfigError(
            f'{where} must be a whole number from 1 on, got {value!r}; without training, test a checkpoint'
        )


def _schedulers(cfg: dict) -> list[tuple[str, dict]]:
    schedulers = cfg.get('param_scheduler') or []
    if isinstance(schedulers, dict) and 'type' in schedulers:
        return [('param_scheduler', schedulers)]
    entries = schedulers.items() if isinstance(schedulers, dict) else enumerate(schedulers)
    return [(f'param_scheduler.{key}', entry) for key, entry in entries if isinstance(entry, dict)]


def _kind(scheduler: dict) -> str:
    kind = str(scheduler.get('type'))
    for suffix in SUFFIXES:
        kind = kind.removesuffix(suffix)
    return kind


def _last_steps(scheduler: dict) -> Iterator[tuple[str, int]]:
    """Settings of a schedule that name a time, with the latest one that they name."""
    begin = scheduler.get('begin', 0)
    if isinstance(scheduler.get('end'), int):
        yield 'end', scheduler['end']
    if isinstance(scheduler.get('T_max'), int):
        yield 'T_max', begin + scheduler['T_max']
    if scheduler.get('milestones'):
        # The rate falls after this many steps: there must be one left.
        yield 'milestones', max(scheduler['milestones']) + 1
    if begin:
        yield 'begin', begin + 1
