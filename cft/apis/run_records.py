"""The record of a finished training, from its folder alone."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cft.engine.config_nodes import iterate_dicts
from cft.engine.stages import stage_starts
from cft.errors import ConfigError, DataError
from cft.experiments import RunRecord
from cft.experiments.records import FILE

from .record import FILE as STARTS


def read_run(folder: str | Path) -> RunRecord:
    """What is known of the run in a folder: its ``result.json``, or ``record.json`` and the scalars of its log.

    Args:
        folder: The work dir of a training, or a run's folder of a plan.

    Returns:
        A record. That of a plain training has no metrics; its time is that of the training steps.

    Raises:
        ConfigError: If the folder holds no run.
        DataError: If its files cannot be read.

    Example:
        >>> read_run('work_dirs/flowers').curves['val']['accuracy/top1']  # doctest: +SKIP
        [71.2, 84.0, 90.6]
    """
    folder = Path(folder).expanduser()
    if (folder / FILE).is_file():
        return RunRecord.read(folder)
    start = last_start(folder)
    if start is None:
        raise ConfigError(
            f'{folder} is no work dir of a training: neither {STARTS} nor {FILE} is in it; name the folder that a '
            'training wrote to, or one that holds the runs of a plan'
        )
    config = start['config']
    train, val = _curves(folder, config)
    times = [seconds for seconds in train.pop('time', []) if seconds]
    memory = [value for value in train.pop('memory', []) if value]
    steps = train.get('step', [])
    lengths = [after - before for before, after in zip([0, *steps], steps, strict=False)]
    versions = {name: version for name, version in start['versions'].items() if version is not None}
    commit = (start.get('code') or {}).get('commit')
    return RunRecord(
        name=folder.resolve().name,
        fingerprint='',
        config=next((path.name for path in sorted(folder.glob('*.py'))), ''),
        seed=start['seed'] or 0,
        curves={split: curve for split, curve in (('train', train), ('val', val)) if curve.get('step')},
        stages=_stages(config, steps),
        seconds=sum(seconds * length for seconds, length in zip(times, lengths, strict=False)),
        step_seconds=sorted(times)[len(times) // 2] if times else None,
        peak_bytes=int(max(memory) * 2**20) if memory else None,
        data={'train': {'images': start['data']['samples']}},
        versions={**versions, 'device': start['device'], 'machine': start['machine']}
        | ({'commit': commit} if commit else {}),
        started=start['time'],
    )


def last_start(folder: Path) -> dict[str, Any] | None:
    """The last entry of ``record.json``; None where there is none.

    Raises:
        DataError: If it cannot be read.
    """
    path = folder / STARTS
    try:
        return json.loads(path.read_text())['starts'][-1]
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise DataError(f'{path} cannot be read as the record of a run ({type(error).__name__}: {error})') from error


def settings_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a run does, by dotted names: settings on top and what MMEngine builds, without what only made it up.

    Example:
        >>> settings_of({'epochs': 5, 'model': {'type': 'A'}, 'train_pipeline': [], 'train_dataloader': {'batch_size': 2}})
        {'epochs': 5, 'model.type': 'A', 'train_dataloader.batch_size': 2}
    """
    parts = ('model', 'optim_wrapper', 'param_scheduler', 'custom_hooks', 'default_hooks', 'randomness', 'env_cfg')
    chosen = {
        name: value
        for name, value in config.items()
        if name in parts
        or name in ('train_cfg', 'val_cfg', 'test_cfg')
        or name.endswith(('_dataloader', '_evaluator'))
        or not isinstance(value, Mapping | list)
    }
    return dict(flat_settings(chosen))


def flat_settings(config: Mapping[str, Any], where: str = '') -> Iterator[tuple[str, Any]]:
    """Dotted names and plain values of a config.

    Example:
        >>> list(flat_settings({'model': {'depth': 18}, 'hooks': []}))
        [('model.depth', 18), ('hooks', [])]
    """
    for key, value in config.items():
        name = f'{where}.{key}' if where else str(key)
        if isinstance(value, Mapping) and value:
            yield from flat_settings(value, name)
        else:
            yield name, value


def _curves(folder: Path, config: Mapping[str, Any]) -> tuple[dict[str, list], dict[str, list]]:
    """Training and validation lines of all starts; a later start replaces what it did again."""
    loop = config.get('train_cfg') or {}
    interval = loop.get('val_interval') or 1
    by_step: tuple[dict[int, dict], dict[int, dict]] = ({}, {})
    for path in sorted(folder.glob('*/vis_data/scalars.json')):
        last = 0
        for text in path.read_text(encoding='utf-8').splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                continue  # the line that a kill cut off
            if 'lr' in line or 'loss' in line:
                last = int(line['step'])
                by_step[0][last] = line
            elif loop.get('max_iters'):
                # mmengine writes step 0 for validation lines of some loops; they follow the last training line.
                by_step[1][line.get('step') or interval * math.ceil(last / interval)] = line
            else:
                by_step[1][last] = line
    return _columns(by_step[0]), _columns(by_step[1])


def _columns(lines: Mapping[int, Mapping[str, Any]]) -> dict[str, list]:
    names = dict.fromkeys(name for line in lines.values() for name in line if name not in ('step', 'iter', 'epoch'))
    steps = sorted(lines)
    return {'step': steps, **{name: [lines[step].get(name) for step in steps] for name in names}}


def _stages(config: Mapping[str, Any], steps: list[int]) -> list[int]:
    """Where stages begin, by the fractions of the config's hooks and the last step."""
    found = [
        node['stages']
        for _, node in iterate_dicts(dict(config))
        if str(node.get('type')).split('.')[-1] == 'StageSwitchHook' and node.get('stages')
    ]
    end = (config.get('train_cfg') or {}).get('max_iters') or max(steps, default=0)
    return stage_starts([stage.get('fraction') for stage in found[0]], end)[1:] if found and end else []
