"""Compare methods on your own data: cft compare data_root=flowers checkpoint=moco.pth methods=ce,scl seeds=5 budget=2h.

Images for the test are set apart first. Every method gets the same number of trials on validation images; the best
settings of each are trained over paired draws and tested once. The table comes with intervals and corrected p-values,
and says which method to take, or that there is no difference. Killed at any moment, the same command goes on.
"""

import argparse
import contextlib
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import readable_errors
from .options import add_executor
from .settings import described_names

if TYPE_CHECKING:
    from cft.apis.comparison.plan import ComparisonPlan

OWN = {
    'checkpoint': 'file to start from, or several: a.pth,b.pth; rows are checkpoints x methods',
    'methods': 'ce,scl,coretuning,coin,schane, or configs; ce@scratch starts from random weights',
    'seeds': 'draws that are reported: 5',
    'trials': 'settings tried for each method on validation: 8 or more; 0: none, as the configs are',
    'labels': 'labels of each class: all, or numbers or parts: 5,20,all or 1%,10%,all',
    'budget': 'time for all of it, such as 2h or 1h30min; seeds are cut to fit, trials never',
    'task': 'classification, segmentation, detection or domains; found by looking if left out',
    'baseline': 'the row that the others are compared with; the first if left out',
    'measures': 'further measures on test, as of cft evaluate: knn,retrieval,s_dbw',
    'work_dir': 'folder of the comparison: work_dirs/compare',
}


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    width = max(map(len, OWN))
    own = '\n'.join(f'  {name:<{width}}  {line}' for name, line in OWN.items())
    parser = argparse.ArgumentParser(
        prog='cft compare',
        description=__doc__,
        epilog=f'settings of the comparison:\n{own}\n\nAll others are settings of every run.\n\n{described_names()}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('settings', nargs='+', metavar='NAME=VALUE', help='data_root=flowers checkpoint=moco.pth ...')
    add_executor(parser)
    parser.add_argument('--dry-run', action='store_true', help='tell what would be run and what it costs')
    args = parser.parse_intermixed_args(arguments)
    args.own, args.overrides = {}, []
    for text in args.settings:
        name, separator, value = text.partition('=')
        if not separator:
            parser.error(f'{text!r} is not NAME=VALUE')
        if name in OWN:
            args.own[name] = value
        else:
            args.overrides.append(text)
    return args


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    with readable_errors():
        from cft.apis.comparison.method_comparison import compare
        from cft.apis.comparison.protocol import describe_costs
        from cft.apis.experiments.runs import LOG
        from cft.apis.running.planning import forgotten_instances
        from cft.experiments.printing import printed_to
        from cft.files import require_writable

        folder = Path(args.own.get('work_dir', 'work_dirs/compare'))
        if args.dry_run:
            # The plan alone goes to stdout.
            with contextlib.redirect_stdout(sys.stderr):
                lines = describe_costs(_plan(args), folder, args.executor)
            print('\n'.join(lines))
            return
        # As the checks of the runs themselves.
        log = require_writable(folder) / LOG
        # Loggers that it makes would speak on the terminal afterwards.
        with printed_to(log), forgotten_instances():
            plan = _plan(args)
        found = compare(plan, folder, args.executor)
        # Figures are imported only where there is something to draw.
        from cft.apis.comparison.files import summary_lines, write_results

        with printed_to(log):
            typed = sys.argv[2:] if arguments is None else arguments
            files = write_results(found, folder, f'cft compare {shlex.join(typed)}')
        print('\n'.join([*summary_lines(found), '', *map(str, files)]))


def _plan(args: argparse.Namespace) -> 'ComparisonPlan':
    from cft.apis.comparison.amounts import read_amount
    from cft.apis.comparison.plan import FEWEST_TRIALS, METHODS, plan_comparison

    own = args.own
    return plan_comparison(
        args.overrides,
        own['checkpoint'].split(',') if 'checkpoint' in own else [None],
        own['methods'].split(',') if 'methods' in own else METHODS,
        _whole(own, 'seeds', 5),
        _whole(own, 'trials', FEWEST_TRIALS),
        [read_amount(text) for text in own.get('labels', 'all').split(',')],
        own.get('budget'),
        own.get('task'),
        own.get('baseline'),
        own['measures'].split(',') if 'measures' in own else (),
    )


def _whole(own: dict[str, str], name: str, default: int) -> int:
    return _number(name, own[name]) if name in own else default


def _number(name: str, text: str) -> int:
    from cft.errors import ConfigError

    if not text.isdigit():
        raise ConfigError(f'{name}={text}: {text!r} is no whole number')
    return int(text)
