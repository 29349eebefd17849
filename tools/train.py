"""Train any config: python tools/train.py configs/coretuning/r50_folder.py --cfg-options data_root=FOLDER.

SIGTERM or SIGUSR1 saves after the next step and exits with code 75; the same command with --resume continues to the
weights of an uninterrupted run. A second signal, two seconds later or more, exits at once.
"""

import argparse
import sys

from _cli import add_common_arguments, read_config, readable_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    add_common_arguments(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='PATH',
        help='continue from PATH, or from the newest checkpoint in the work dir',
    )
    parser.add_argument('--amp', action='store_true', help='train in mixed precision (CUDA)')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        from cft.apis import leave_process_group, train
        from cft.engine.stop_signals import TrainingStopped
        from cft.errors import ConfigError

        cfg = read_config(args)
        if args.amp:
            if cfg.optim_wrapper.get('type', 'OptimWrapper') not in ('OptimWrapper', 'AmpOptimWrapper'):
                raise ConfigError(f'--amp does not go with optim_wrapper.type={cfg.optim_wrapper.type!r}')
            cfg.optim_wrapper.type = 'AmpOptimWrapper'
            cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
        if args.resume:
            cfg.resume = True
            cfg.load_from = None if args.resume == 'auto' else args.resume
        code = 0
        try:
            train(cfg)
        except TrainingStopped as stop:
            # Not from here: the traceback holds the model, which must go before the process group does.
            code = stop.code
        leave_process_group()
    sys.exit(code)


if __name__ == '__main__':
    main()
