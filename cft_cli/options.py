"""The options that OpenMMLab's tools share, in the order in which people type them."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmengine.config import Config

OVERRIDES = 'settings to change, e.g. data_root=flowers optim_wrapper.optimizer.lr=0.02; with or without --cfg-options'


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of every command that runs a config."""
    parser.add_argument('--work-dir', help='folder for logs and checkpoints; default: work_dirs/<method>/<config>')
    parser.add_argument('--cfg-options', nargs='+', action='extend', default=[], metavar='NAME=VALUE', help=OVERRIDES)
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)


def add_executor(parser: argparse.ArgumentParser) -> None:
    """Where the runs of a command that makes several are done."""
    parser.add_argument(
        '--executor',
        default='auto',
        metavar='WHERE',
        help='in-process; local or local:N, N workers on this machine; slurm:NAME=VALUE,... such as '
        'slurm:partition=gpu,time=240; default: a worker per GPU or, without GPUs, per core',
    )


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Settings without ``--cfg-options`` before them."""
    parser.add_argument('settings', nargs='*', metavar='NAME=VALUE', help=OVERRIDES)


def add_model(parser: argparse.ArgumentParser) -> None:
    """A trained model: the work dir of a run, or a config and a checkpoint."""
    parser.add_argument(
        'config', metavar='MODEL', help='work dir of a run; or a config, or a name that cft configs lists'
    )
    parser.add_argument(
        'checkpoint',
        nargs='?',
        metavar='CHECKPOINT',
        help='checkpoint file; of a work dir the best one, else the newest, if none is named',
    )


def no_setting_as_checkpoint(args: argparse.Namespace) -> None:
    """Where the checkpoint is left out, what was taken for it is the first setting."""
    if args.checkpoint is not None and '=' in args.checkpoint and not Path(args.checkpoint).exists():
        args.cfg_options.insert(0, args.checkpoint)
        args.checkpoint = None


def parse(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read arguments in any order; ``cfg_options`` has all settings afterwards, as they were typed."""
    args = parser.parse_intermixed_args(arguments)
    args.cfg_options = [*args.settings, *args.cfg_options]
    del args.settings
    return args


def at_least(least: int) -> Callable[[str], int]:
    """The type of an argument that is a whole number of at least so much."""

    def whole(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f'{text!r} is no whole number') from None
        if value < least:
            raise argparse.ArgumentTypeError(f'must be at least {least}, got {value}')
        return value

    return whole


def find_modules_here() -> None:
    """Let configs import modules from the current folder, as ``python -m`` does; an installed command does not."""
    if os.getcwd() not in sys.path:
        # Last, so that no file here takes the place of a library.
        sys.path.append(os.getcwd())


def read_config(args: argparse.Namespace) -> 'Config':
    """The config with the settings, launcher and work dir of the command line."""
    from cft.apis import find_config, load_config
    from cft.apis.completion.launcher_environment import read_place
    from cft.errors import ConfigError

    if args.launcher != 'none':
        # Before MMEngine's logger reads the same variables.
        read_place(args.launcher, os.environ)
    find_modules_here()
    path = find_config(args.config)
    cfg = load_config(path, args.cfg_options)
    cfg.launcher = args.launcher
    given = [option for option in args.cfg_options if option.startswith('work_dir=')]
    if args.work_dir and given and given[-1] != f'work_dir={args.work_dir}':
        raise ConfigError(f'--work-dir {args.work_dir} and {given[-1]} are the same setting; give one of them')
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or str(Path('work_dirs') / path.parent.name / path.stem)
    return cfg
