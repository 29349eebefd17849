"""Search the settings of a config on validation images: cft search coretuning/folder data_root=FOLDER checkpoint=FILE.

The test split is never read. The same command goes on with an interrupted search; given on several machines that see
the same folder, all work on one study. The best config is written into the folder, for cft train.

besides settings of the config:
  space=NAME|FILE  the parameters and their ranges: one that comes with cft, or a .yaml file; default: the method's
  trials=N         how many in all, 30 by default; the first has the config's own values
  metric=NAME      of validation; default: the one that the config's save_best names
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from .errors import readable_errors
from .options import OVERRIDES, add_executor, add_settings, at_least, find_modules_here, parse
from .settings import described_names

OWN = ('space', 'trials', 'metric')


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='cft search',
        description=__doc__,
        epilog=described_names(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file, or a name that cft configs lists')
    add_settings(parser)
    parser.add_argument('--seeds', type=at_least(1), default=1, metavar='K', help='trainings of each trial; default: 1')
    parser.add_argument('--pruner', choices=('median', 'hyperband', 'none'), default='median', help='default: median')
    parser.add_argument('--split-seed', type=at_least(0), metavar='SEED', help='of the division into train and val')
    add_executor(parser)
    parser.add_argument('--workers', type=at_least(1), metavar='N', help='trials at a time; default: what WHERE does')
    parser.add_argument('--work-dir', type=Path, help='folder of the search; default: work_dirs/search/METHOD/CONFIG')
    parser.add_argument('--cfg-options', nargs='+', action='extend', default=[], metavar='NAME=VALUE', help=OVERRIDES)
    args = parse(parser, arguments)
    own = dict(option.split('=', 1) for option in args.cfg_options if option.split('=', 1)[0] in OWN)
    args.cfg_options = [option for option in args.cfg_options if option.split('=', 1)[0] not in OWN]
    args.space, args.metric = own.get('space'), own.get('metric')
    try:
        args.trials = at_least(1)(own.get('trials', '30'))
    except argparse.ArgumentTypeError as error:
        parser.error(f'trials: {error}')
    return args


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    with readable_errors():
        find_modules_here()
        from cft.apis import search

        found = search(
            args.config,
            args.space,
            args.trials,
            args.work_dir,
            args.cfg_options,
            seeds=args.seeds,
            metric=args.metric,
            pruner=args.pruner,
            split_seed=args.split_seed,
            executor=args.executor,
            workers=args.workers,
        )
        from cft.apis.searching.table import search_table

        print(search_table(found))
