"""Imported by the config of test_rank_failures.py: one rank of a job goes wrong in the middle of a run."""

import os
import signal

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from cft.errors import ConfigError


@HOOKS.register_module()
class FailingRank(Hook):
    def __init__(self, how: str, rank: int = 1) -> None:
        self.how = how
        self.rank = rank

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: object = None) -> None:
        if get_rank() != self.rank or runner.iter != 2:
            return
        print(f'{self.how} now', flush=True)
        if self.how == 'raise':
            raise ValueError('a bolt is loose')
        if self.how == 'mistake':
            raise ConfigError('only this machine lacks a folder')
        if self.how == 'exit':
            os._exit(1)
        if self.how == 'stop':
            os.kill(os.getpid(), signal.SIGSTOP)
