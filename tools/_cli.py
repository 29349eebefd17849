"""What train.py and test.py share: the options of OpenMMLab's tools and readable errors."""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmengine.config import Config

# The tools run from any directory and from a checkout that is not installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    from mmengine.config import DictAction

    parser.add_argument('--work-dir', help='folder for logs and checkpoints; default: work_dirs/<method>/<config>')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='NAME=VALUE',
        help='override settings, e.g. --cfg-options data_root=flowers optim_wrapper.optimizer.lr=0.02',
    )
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)


def read_config(args: argparse.Namespace) -> 'Config':
    """The config with the overrides, launcher and work dir of the command line."""
    from cft.apis import load_config

    cfg = load_config(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    path = Path(args.config)
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or str(Path('work_dirs') / path.parent.name / path.stem)
    return cfg


@contextlib.contextmanager
def readable_errors() -> Iterator[None]:
    """Print a user's mistake as one line; programming errors keep their traceback."""
    from cft.errors import ConfigError, DataError

    try:
        yield
    except ConfigError as error:
        if os.environ.get('RANK', '0') == '0' or isinstance(error, DataError):
            # A data loader's worker puts its traceback before the message.
            message = str(error).rstrip().split('cft.errors.DataError: ')[-1]
            print(f'error: {message}', file=sys.stderr, flush=True)
        raise SystemExit(2) from error
