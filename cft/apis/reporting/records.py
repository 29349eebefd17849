"""The record of a finished training, from its folder alone."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from cft.apis.running.record import FILE as STARTS
from cft.engine.config_nodes import iterate_dicts
from cft.engine.stages import stage_starts
from cft.errors import ConfigError, DataError
from cft.experiments import RunRecord, read_curves
from cft.experiments.curves import FILE as SCALARS
from cft.experiments.records import FILE


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
    curves = read_curves(folder)
    times, peak = _times_and_memory(folder)
    lengths = [after - before for before, after in pairwise([0, *times])]
    versions = {name: version for name, version in start['versions'].items() if version is not None}
    commit = (start.get('code') or {}).get('commit')
    return RunRecord(
        name=folder.resolve().name,
        fingerprint='',
        config=next((path.name for path in sorted(folder.glob('*.py'))), ''),
        seed=start['seed'] or 0,
        curves=curves,
        stages=_stages(config, curves['train']['step']),
        seconds=sum(seconds * length for seconds, length in zip(times.values(), lengths, strict=True)),
        step_seconds=median(times.values()) if times else None,
        peak_bytes=peak,
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
        >>> settings_of({'epochs': 5, 'model': {'type': 'A'}, 'train_pipeline': []})
        {'epochs': 5, 'model.type': 'A'}
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


def _times_and_memory(folder: Path) -> tuple[dict[int, float], int | None]:
    """Seconds of a step by the step that logged them, and most bytes on the GPU."""
    times: dict[int, float] = {}
    most = 0.0
    for path in sorted(folder.glob(f'*/{SCALARS}')):
        for text in path.read_text(encoding='utf-8').splitlines():
            # The last line of a process that was killed may be cut.
            with contextlib.suppress(ValueError):
                line = json.loads(text)
                if 'loss' in line and line.get('time'):
                    times[int(line['step'])] = float(line['time'])
                    most = max(most, float(line.get('memory') or 0))
    # MMEngine logs mebibytes.
    return dict(sorted(times.items())), int(most * 2**20) or None


def _stages(config: Mapping[str, Any], steps: list[int]) -> list[int]:
    """Where stages begin, by the fractions of the config's hooks and the last step."""
    found = [
        node['stages']
        for _, node in iterate_dicts(dict(config))
        if str(node.get('type')).split('.')[-1] == 'StageSwitchHook' and node.get('stages')
    ]
    end = (config.get('train_cfg') or {}).get('max_iters') or max(steps, default=0)
    return stage_starts([stage.get('fraction') for stage in found[0]], end)[1:] if found and end else []
