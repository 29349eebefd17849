"""What the optimisers and schedules of a run were set to when it began: its checkpoints keep it beside their states."""

import copy
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler
from mmengine.runner import Runner

from cft.engine.model_access import unwrap_model
from cft.errors import ConfigError

KEY = 'plan'
# What gives a schedule its shape, and does not change while it runs.
SHAPE = (
    'begin', 'end', 'by_epoch', 'step_size', 'milestones', 'gamma', 'factor', 'start_factor', 'end_factor', 'T_max',
    'eta_min', 'eta_min_ratio', 'power', 'eta_max', 'total_steps', 'periods', 'restart_weights', 'patience',
)  # fmt: skip
ANEW = 'or start a new run from it with load_from and without resume'


def describe_plan(runner: Runner) -> dict:
    """Of a runner that is about to train: numbers, text and lists of them."""
    names = {id(parameter): name for name, parameter in unwrap_model(runner.model).named_parameters()}
    optimizers = {
        where: {
            'type': type(wrapper.optimizer).__name__,
            'settings': {key: _plain(value) for key, value in wrapper.optimizer.defaults.items() if _is_plain(value)},
            'parameters': [
                [names.get(id(p), '?') for p in group['params']] for group in wrapper.optimizer.param_groups
            ],
        }
        for where, wrapper in _wrappers(runner)
    }
    schedules = [
        (where, type(scheduler).__name__, shape_of(vars(scheduler)))
        for where, scheduler in _entries(runner.param_schedulers)
    ]
    return {'optimizers': optimizers, 'schedules': [{'where': w, 'type': t, 'shape': s} for w, t, s in schedules]}


def shape_of(state: dict) -> dict:
    """The lasting settings in a schedule's state."""
    return {key: _plain(state[key]) for key in SHAPE if key in state}


def check_optimizers(runner: Runner, content: dict, path: object) -> list[str]:
    """Compare the optimisers of a run with those of the checkpoint that it continues.

    Returns:
        Settings that go on as they were saved although the config has others, in words.

    Raises:
        ConfigError: If an optimiser is another one, or has other parameters.
    """
    recorded = _plan_of(content).get('optimizers', {})
    several = isinstance(runner.optim_wrapper, OptimWrapperDict)
    told = []
    for where, wrapper in _wrappers(runner):
        state = content['optimizer'].get(where) if several else content['optimizer']
        place = f'optim_wrapper.{where}' if several else 'optim_wrapper'
        now = describe_plan(runner)['optimizers'][where]
        before = recorded.get(where, {})
        problem = _other_optimizer(state, before, wrapper, now)
        if problem:
            raise ConfigError(
                f'{path} cannot be resumed with this {place}: {problem}; resume with the optimiser that it was written '
                f'with, {ANEW}'
            )
        settings = before.get('settings', {})
        told += [
            f'{place}.optimizer.{key} {settings[key]}, not {value}'
            for key, value in now['settings'].items()
            if key in settings and settings[key] != value
        ]
    return told


def _other_optimizer(state: object, before: dict, wrapper: OptimWrapper, now: dict) -> str | None:
    groups = state.get('param_groups') if isinstance(state, dict) else None
    if not isinstance(groups, list):
        return 'it holds several optimisers, or one of another name'
    if before.get('type', now['type']) != now['type']:
        return f'its optimiser is {before["type"]}, that of the config {now["type"]}'
    own = wrapper.optimizer.param_groups
    lacking = [key for key in own[0] if key not in groups[0] and not key.startswith('initial_')] if groups else []
    if lacking and 'type' not in before:
        return f'its optimiser has no {lacking[0]}, which {now["type"]} needs'
    sizes, own_sizes = [len(group['params']) for group in groups], [len(group['params']) for group in own]
    if sum(sizes) != sum(own_sizes):
        return f'its optimiser has {sum(sizes)} parameters, that of the config {sum(own_sizes)}'
    if sizes != own_sizes or before.get('parameters', now['parameters']) != now['parameters']:
        return f'its optimiser has them in {len(sizes)} groups, other ones than the {len(own_sizes)} of the config'
    return None


def check_schedules(runner: Runner, content: dict, path: object) -> list[str]:
    """Compare the schedules of a run with those of the checkpoint that it continues, which go on as they were saved.

    Returns:
        Settings in which they differ, in words.

    Raises:
        ConfigError: If their number or kind is another one, of which MMEngine would continue a part.
    """
    now = describe_plan(runner)['schedules']
    states = list(_entries(content.get('param_schedulers')))
    before = _plan_of(content).get('schedules') or [
        {'where': where, 'type': entry['type'], 'shape': shape_of(state)}
        for (where, state), entry in zip(states, now, strict=False)
    ]
    kinds, own = [entry['type'] for entry in before], [entry['type'] for entry in now]
    if len(states) != len(now) or kinds != own:
        raise ConfigError(
            f'{path} cannot be resumed with this param_scheduler: it has {", ".join(kinds) or "none"}, the config '
            f'{", ".join(own) or "none"}; resume with the schedule that it was written with, {ANEW}'
        )
    return [
        f'{entry["where"]}.{key} {old["shape"][key]}, not {value}'
        for old, entry in zip(before, now, strict=True)
        for key, value in entry['shape'].items()
        if key in old['shape'] and old['shape'][key] != value
    ]


def describe_end(runner: Runner) -> str | None:
    """How the learning rate of a resumed run ends, if its schedules do not end with it, in words."""
    schedulers = runner.param_schedulers
    if not isinstance(schedulers, list) or not isinstance(runner.optim_wrapper, OptimWrapper):
        return None
    rates = [scheduler for scheduler in schedulers if scheduler.param_name == 'lr']
    left = {id(s): (runner.max_epochs if s.by_epoch else runner.max_iters) - s.end for s in rates}
    last = min(rates, key=lambda scheduler: left[id(scheduler)], default=None)
    if last is None or left[id(last)] == 0:
        return None
    if left[id(last)] < 0:
        return 'the run ends before its schedule does'
    rate = _final_rate(runner, [scheduler for scheduler in rates if scheduler.last_step < scheduler.end - 1])
    unit = 'epoch' if last.by_epoch else 'iteration'
    return f'from {unit} {last.end} on the rate stays ' + ('as it is then' if rate is None else f'at {rate:g}')


def _final_rate(runner: Runner, under_way: list[_ParamScheduler]) -> float | None:
    """None if it takes more than one schedule that is under way, or what is not known yet."""
    if not under_way:
        return float(runner.optim_wrapper.get_lr()['lr'][0])
    if len(under_way) > 1 or not hasattr(under_way[0], 'base_values'):
        return None
    scheduler = copy.copy(under_way[0])
    # All that a schedule has to do with its optimiser.
    groups = [{key: group.get(key) for key in ('lr', 'initial_lr')} for group in runner.optim_wrapper.param_groups]
    scheduler.optimizer = SimpleNamespace(param_groups=groups, step=SimpleNamespace(_with_counter=True), _global_step=1)
    for _ in range(scheduler.last_step, scheduler.end - 1):
        scheduler.step()
    return float(groups[0]['lr'])


def _plan_of(content: dict) -> dict:
    plan = content.get('meta', {}).get(KEY)
    return plan if isinstance(plan, dict) else {}


def _wrappers(runner: Runner) -> Iterator[tuple[str, OptimWrapper]]:
    wrapper = runner.optim_wrapper
    if isinstance(wrapper, OptimWrapperDict):
        yield from wrapper.items()
    elif isinstance(wrapper, OptimWrapper):
        yield '', wrapper


def _entries(schedulers: 'dict | list[_ParamScheduler] | None') -> Iterator[tuple[str, Any]]:
    """Schedules, or their states, with their place in the config."""
    if isinstance(schedulers, dict):
        for name, entries in schedulers.items():
            yield from ((f'param_scheduler.{name}.{i}', entry) for i, entry in enumerate(entries))
    else:
        yield from ((f'param_scheduler.{i}', entry) for i, entry in enumerate(schedulers or []))


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str | list | tuple)


def _plain(value: object) -> object:
    # Milestones are a Counter.
    return sorted(value) if isinstance(value, dict) else list(value) if isinstance(value, list | tuple) else value
