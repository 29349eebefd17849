"""Run the command-line tools, in this process or as a user does."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TINY = (
    'train_cfg.max_iters=4',
    'train_cfg.val_interval=4',
    'train_dataloader.batch_size=20',
    'train_dataloader.num_workers=0',
    'train_dataloader.persistent_workers=False',
    'default_hooks.checkpoint.interval=2',
    'default_hooks.logger.interval=1',
)


def call_tool(monkeypatch: pytest.MonkeyPatch, name: str, *arguments: object) -> int:
    """Exit status of ``tools/<name>.py`` run in this process."""
    monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
    monkeypatch.syspath_prepend(str(ROOT / 'tools'))
    try:
        runpy.run_path(str(ROOT / 'tools' / f'{name}.py'), run_name='__main__')
    except SystemExit as stop:
        return stop.code or 0
    return 0


def shell(*command: object, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess:
    """Run a command with this Python and one thread per process, in a process group of its own."""
    settings = os.environ | {'PYTHON': sys.executable, 'OMP_NUM_THREADS': '1'} | environment
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=settings, capture_output=True, text=True, timeout=300
    )
