"""Random numbers that follow from the seed and the iteration alone."""

import functools
import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from cft.registry import HOOKS

DATA, MODEL = 0, 1


def seed_all(seed: int, rank: int, iteration: int, purpose: int) -> None:
    """Seed Python, NumPy and PyTorch from four numbers.

    Example:
        >>> seed_all(seed=0, rank=0, iteration=5, purpose=MODEL)
    """
    state = np.random.SeedSequence([seed, rank, iteration, purpose]).generate_state(3)
    random.seed(int(state[0]))
    np.random.seed(state[1])
    if _has_accelerator():
        torch.manual_seed(int(state[2]))
    else:
        # PyTorch's own keeps a traceback of each call for a GPU that might come.
        torch.default_generator.manual_seed(int(state[2]))


@functools.cache
def _has_accelerator() -> bool:
    return torch.accelerator.is_available()


@HOOKS.register_module()
class IterationSeedHook(Hook):
    """Seed the main process before each batch is fetched and before each step.

    What the main process draws (mixing ratios, random negatives, dropout) then
    depends on the run's seed, the rank and the iteration, not on what was drawn
    before: a resumed run draws what the uninterrupted one does, without any
    state in the checkpoint. For augmentation, in whichever process, the loops
    see to that (:class:`cft.engine.seeded_batches.SeededBatch`).

    Example:
        >>> default_hooks = dict(iteration_seed=dict(type='cft.IterationSeedHook'))
    """

    priority = 'VERY_HIGH'

    def before_train_epoch(self, runner: Runner) -> None:
        # Making an iterator draws a number: from a generator of its own, it leaves the
        # others alone, whether it is made at the start or after a resume.
        generator = torch.Generator()
        generator.manual_seed(runner.seed + runner.iter)
        runner.train_dataloader.generator = generator
        self._seed(runner, runner.iter, DATA)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: object = None) -> None:
        self._seed(runner, runner.iter, MODEL)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: object = None, outputs: dict | None = None
    ) -> None:
        self._seed(runner, runner.iter + 1, DATA)

    def after_val(self, runner: Runner) -> None:
        self._seed(runner, runner.iter, DATA)

    @staticmethod
    def _seed(runner: Runner, iteration: int, purpose: int) -> None:
        seed_all(runner.seed, get_rank(), iteration, purpose)
