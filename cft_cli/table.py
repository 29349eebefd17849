"""Reproduce a published table: cft table plan coretuning/table_6.

  cft table list                 all tables of the five papers
  cft table show TABLE           rows, columns, published figures
  cft table plan TABLE           runs, GPU-hours, disk, and what is missing
  cft table run TABLE            do what is not finished; killed at any moment, the same command goes on
  cft table collect TABLE        published beside measured, with intervals, as text, Markdown, LaTeX, CSV and HTML

--stand-in does the same on small shipped or drawn data, in minutes on a CPU: it shows that the table runs and
reproduces nothing.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import readable_errors
from .options import add_executor, at_least, find_modules_here

if TYPE_CHECKING:
    from cft.apis.tables.model import Mode
    from cft.apis.tables.runs import TablePlan

ACTIONS = ('list', 'show', 'plan', 'run', 'collect')
WORK_DIR = Path('work_dirs/tables')


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='cft table', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('action', choices=ACTIONS, metavar='ACTION', help=', '.join(ACTIONS))
    parser.add_argument('table', nargs='?', metavar='TABLE', help='such as coretuning/table_6')
    parser.add_argument('--protocol', choices=('paper', 'released'), default='paper', help='default: paper')
    parser.add_argument('--stand-in', action='store_true', help='small networks on shipped or drawn data')
    parser.add_argument('--seeds', type=at_least(1), metavar='K', help='default: 3; with --stand-in 2')
    parser.add_argument('--cells', nargs='+', metavar='CELL', help='ROW, ROW.COLUMN or *.COLUMN; default: all')
    parser.add_argument(
        '--checkpoints', type=Path, default=Path('checkpoints'), metavar='FOLDER', help='default: %(default)s'
    )
    parser.add_argument('--work-dir', type=Path, default=WORK_DIR, help='default: %(default)s; tables share runs in it')
    add_executor(parser)
    args = parser.parse_args(arguments)
    if (args.table is None) != (args.action == 'list'):
        parser.error(
            'list takes no TABLE' if args.action == 'list' else f'{args.action} needs a TABLE; see cft table list'
        )
    if args.stand_in and args.protocol == 'released':
        parser.error('--stand-in is neither protocol; leave out --protocol')
    return args


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    with readable_errors():
        find_modules_here()
        from cft.apis.tables.reading import list_tables, read_table
        from cft.apis.tables.rendering import header
        from cft.apis.tables.telling import cell_list
        from cft.visualization import tables

        if args.action == 'list':
            for name in list_tables():
                table = read_table(name)
                print(f'{name}: {table.paper.short}, {table.number}: {table.title}')
        elif args.action == 'show':
            table = read_table(args.table)
            print(f'{header(table)}\n\n{tables.text(cell_list(table, _mode(args)))}')
        else:
            typed = sys.argv[2:] if arguments is None else arguments
            {'plan': _plan, 'run': _run, 'collect': _collect}[args.action](args, f'cft table {shlex.join(typed)}')


def _mode(args: argparse.Namespace) -> 'Mode':
    return 'stand-in' if args.stand_in else args.protocol


def _planned(args: argparse.Namespace) -> 'TablePlan':
    from cft.apis.tables.reading import read_table
    from cft.apis.tables.runs import plan_table

    seeds = args.seeds or (2 if args.stand_in else 3)
    return plan_table(read_table(args.table), _mode(args), range(seeds), args.cells, args.checkpoints)


def _folder(args: argparse.Namespace) -> Path:
    return args.work_dir / 'stand_in' if args.stand_in else args.work_dir


def _plan(args: argparse.Namespace, command: str) -> None:
    from cft.apis.tables.step_times import StepTimes
    from cft.apis.tables.telling import told_plan
    from cft.experiments import named_executor

    plan = _planned(args)
    with named_executor(args.executor, len(plan.runs)) as executor:
        width = executor.width
    print(*told_plan(plan, StepTimes(), args.checkpoints, width), sep='\n')


def _run(args: argparse.Namespace, command: str) -> None:
    from cft.apis.tables.running import run_table

    run_table(_planned(args), _folder(args), args.executor, args.checkpoints)
    _collect(args, command)


def _collect(args: argparse.Namespace, command: str) -> None:
    from cft.apis.tables.rendering import plain, write_results
    from cft.apis.tables.results import collect_results
    from cft.experiments import read_records

    plan, folder = _planned(args), _folder(args)
    results = collect_results(plan, read_records(folder))
    files = write_results(plan, results, folder, command)
    print('\n'.join([plain(plan, results), '', *map(str, files)]))
