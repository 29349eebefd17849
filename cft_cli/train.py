"""Train any config: cft train coretuning/r50_folder data_root=FOLDER checkpoint=FILE.

SIGTERM, SIGUSR1 or Ctrl-C saves after the next step and exits with code 75; the same command with --resume continues
to the weights of an uninterrupted run. A second signal, two seconds later or more, exits at once.
"""

import argparse
import contextlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import readable_errors
from .options import add_common_arguments, add_settings, parse, read_config
from .settings import described_names

if TYPE_CHECKING:
    from mmengine.config import Config


def parse_args(
    arguments: Sequence[str] | None, command: str = 'train', description: str | None = None
) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=f'cft {command}',
        description=description or __doc__,
        epilog=described_names(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file, or a name that cft configs lists')
    add_settings(parser)
    add_common_arguments(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const=True,
        default=False,
        metavar='PATH',
        help='continue from PATH, or from the newest checkpoint in the work dir',
    )
    parser.add_argument('--amp', action='store_true', help='train in mixed precision (CUDA)')
    parser.add_argument('--dry-run', action='store_true', help='tell what would be done, with its cost; write nothing')
    args = parse(parser, arguments)
    if isinstance(args.resume, str) and '=' in args.resume and not Path(args.resume).exists():
        # --resume NAME=VALUE
        args.cfg_options.append(args.resume)
        args.resume = True
    if args.dry_run and args.resume:
        parser.error('argument --dry-run: it tells of a run from its beginning; leave out --resume')
    return args


def main(arguments: Sequence[str] | None = None) -> None:
    run(parse_args(arguments))


def run(args: argparse.Namespace, check: Callable[['Config'], None] | None = None) -> None:
    """Train, or tell what a training would do.

    Args:
        args: Of :func:`parse_args`.
        check: Raises a ``ConfigError`` if the config is not one for this command.
    """
    with readable_errors():
        from cft.apis import dry_run, leave_process_group, train
        from cft.engine.stop_signals import TrainingStopped
        from cft.errors import ConfigError

        cfg = read_config(args)
        if check is not None:
            check(cfg)
        if args.amp:
            if cfg.optim_wrapper.get('type', 'OptimWrapper') not in ('OptimWrapper', 'AmpOptimWrapper'):
                raise ConfigError(f'--amp does not go with optim_wrapper.type={cfg.optim_wrapper.type!r}')
            cfg.optim_wrapper.type = 'AmpOptimWrapper'
            cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
        if args.dry_run:
            # The plan alone goes to stdout.
            with contextlib.redirect_stdout(sys.stderr):
                plan = dry_run(cfg)
            print(plan)
            return
        code: str | int | None = 0
        try:
            train(cfg, resume=args.resume)
        except TrainingStopped as stop:
            # Not from here: the traceback holds the model, which must go before the process group does.
            code = stop.code
        leave_process_group()
    raise SystemExit(code)
