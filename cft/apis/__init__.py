"""What a notebook user and the command-line tools call."""

from .config import load_config
from .train import build_runner, leave_process_group, test, train

__all__ = ['build_runner', 'leave_process_group', 'load_config', 'test', 'train']
