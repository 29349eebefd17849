"""What ``import cft`` leaves alone."""

import warnings

from mmengine.hooks import CheckpointHook
from mmengine.registry import HOOKS

import cft
from cft import compat
from cft.engine.checkpointing import AtomicCheckpointHook


def test_names_of_mmengine_mean_what_they_meant() -> None:
    """Ours is asked for by its own name."""
    assert HOOKS.get('CheckpointHook') is CheckpointHook
    assert HOOKS.get('cft.AtomicCheckpointHook') is AtomicCheckpointHook


def test_a_second_installation_changes_nothing() -> None:
    import sys

    from mmengine.fileio import get_file_backend
    from mmengine.runner import CheckpointLoader

    def state() -> tuple:
        loaders = {prefix: loader.__name__ for prefix, loader in CheckpointLoader._schemes.items()}
        return list(sys.meta_path), loaders, type(get_file_backend('/')).__name__, list(warnings.filters)

    cft.compat.install()
    before = state()
    compat.install()
    assert state() == before
    assert before[2] == 'AtomicLocalBackend'
