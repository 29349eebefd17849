"""Runs of tools/train.py that are killed, at a moment that the test or a system call of the run chooses."""

import os
import runpy
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch
import yapf.yapflib.yapf_api
from mmengine.config import Config
from mmengine.runner import Runner

from tests.support.digits_runs import short_config

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 120
CHECKPOINTS = {'type': 'cft.AtomicCheckpointHook', 'by_epoch': False, 'interval': 1, 'max_keep_ckpts': 2}
EMA = {'type': 'EMAHook', 'momentum': 0.1}


def queue_and_averages(work_dir: Path) -> Config:
    """Epochs of three batches: queue, momentum encoder, moving average, gradients of two batches for each step."""
    cfg = short_config('sce', work_dir, iterations=3, optim_wrapper__accumulative_counts=2)
    cfg.custom_hooks.append(EMA)
    return cfg


def clusters(work_dir: Path) -> Config:
    """Prototypes, assignments, features collected in the epoch, adversarial and cut-mixed views."""
    return short_config('hexa_dcluster', work_dir, iterations=3, model__num_prototypes=(6, 4))


def stages_and_mixing(work_dir: Path) -> Config:
    """Iterations: stages with a restart of the schedule, mixing that is switched off, validation, best checkpoint."""
    cfg = short_config('coin', work_dir, iterations=9, train_cfg__val_interval=2)
    cfg.model.head.smooth_classifier = True
    cfg.model.head.contrastive.pairs = dict(type='cft.ManifoldMixup')
    cfg.custom_hooks.append(dict(type='cft.MixupHook', stages=[dict(fraction=0.7, alpha=2.0), dict(enabled=False)]))
    cfg.custom_hooks.append(EMA)
    return cfg


def write(cfg: Config, path: Path, **checkpoint: object) -> Path:
    cfg.default_hooks.checkpoint = CHECKPOINTS | checkpoint
    cfg.pop('work_dir'), cfg.pop('experiment_name')
    cfg.dump(path)
    return path


def train_tool(
    arguments: list[str],
    log: Path,
    fault: tuple[str, int] | None = None,
    environment: dict[str, object] | None = None,
) -> None:
    """In the new process: ``python tools/train.py ARGUMENTS``, with a fault if one is named.

    Args:
        arguments: Of the command line.
        log: File for what it prints.
        fault: A system call and when: ``('fsync', 3)`` cuts the file that is put on
            disk in the third call to half and kills the process, ``('replace', 3)``
            kills it before the third renaming.
        environment: Variables that a launcher would set.
    """
    os.environ.update({name: str(value) for name, value in (environment or {}).items()})
    stream = log.open('a')
    os.dup2(stream.fileno(), 1)
    os.dup2(stream.fileno(), 2)
    # Two thirds of the time of so short a run: laying out the config's text, and asking compilers for their versions.
    yapf.yapflib.yapf_api.FormatCode = lambda text, **_: (text, False)
    Runner._log_env = lambda *_: None
    if fault is not None:
        _plant(*fault)
    sys.argv = ['train.py', *arguments]
    sys.path.insert(0, str(ROOT / 'tools'))
    runpy.run_path(str(ROOT / 'tools' / 'train.py'), run_name='__main__')


def _plant(name: str, call: int) -> None:
    original, calls = getattr(os, name), 0

    def counted(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == call:
            if name == 'fsync':
                os.ftruncate(arguments[0], os.fstat(arguments[0]).st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments)

    setattr(os, name, counted)


def wait_until(condition: Callable[[], bool], process: BaseProcess) -> bool:
    """Whether the condition came true before the process ended."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        if not process.is_alive():
            return condition()
        assert time.monotonic() < deadline, 'the run neither went on nor ended'
        time.sleep(0.002)
    return True


def iterations_in(log: Path) -> int:
    """Number of training iterations that a log tells of."""
    return log.read_text().count('(train) [') if log.exists() else 0


def exit_code(process: BaseProcess) -> int:
    """Of a process that ends by itself."""
    process.join(TIMEOUT)
    assert process.exitcode is not None, 'the run did not end'
    return process.exitcode


def assert_same_run(first: Path, second: Path) -> None:
    """Two checkpoints of one moment: weights, averages, optimiser, schedulers, the best score."""
    one, other = (torch.load(path, weights_only=False) for path in (first, second))
    assert one.keys() == other.keys()
    for key in one.keys() - {'meta', 'message_hub'}:
        assert_equal(one[key], other[key], key)
    assert [one['meta'][key] for key in ('epoch', 'iter')] == [other['meta'][key] for key in ('epoch', 'iter')]
    best = [checkpoint['message_hub']['runtime_info'].get('best_score') for checkpoint in (one, other)]
    assert best[0] == best[1]


def assert_equal(one: object, other: object, where: str) -> None:
    """Containers with the same tensors, bit by bit, and the same numbers."""
    assert type(one) is type(other), where
    if isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype and torch.equal(one, other), where
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            assert_equal(one[key], other[key], f'{where}.{key}')
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for index, pair in enumerate(zip(one, other, strict=True)):
            assert_equal(*pair, f'{where}[{index}]')
    else:
        assert one == other, where
