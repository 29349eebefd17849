"""Domain generalisation: hold out each domain in turn and print the table of test accuracies.

python tools/leave_one_domain_out.py configs/quickstart/ce_dg.py configs/quickstart/coretuning_dg.py

For each config, held-out domain and seed: train on the other domains, take the checkpoint that is best on their
validation part, test it on the held-out domain. The same command again continues where it was interrupted.
"""

import argparse
import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from _cli import add_common_arguments, readable_errors, series_log

if TYPE_CHECKING:
    from cft.apis.domain_generalization import HeldOutRun

# Where launchers tell a process its number: torchrun, Slurm, Open MPI.
RANKS = ('RANK', 'SLURM_PROCID', 'OMPI_COMM_WORLD_RANK')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, conflict_handler='resolve'
    )
    parser.add_argument('configs', nargs='+', metavar='CONFIG', help='config files, the rows of the table')
    parser.add_argument(
        '--seeds', nargs='+', type=int, default=[0], metavar='SEED', help='seeds of the runs; default 0'
    )
    add_common_arguments(parser)
    parser.add_argument(
        '--work-dir',
        type=Path,
        default=Path('work_dirs/leave_one_domain_out'),
        help='folder for runs, results.json and table.md; default: %(default)s',
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    started = time.perf_counter()
    rank = next((os.environ[name] for name in RANKS if name in os.environ), '0')
    with readable_errors():
        from cft.apis import leave_process_group
        from cft.engine.stop_signals import TrainingStopped
        from cft.evaluation.domain_table import domain_table

        # MMEngine's log lines go to a file per process, progress stays on the first one's terminal.
        name = 'train.log' if rank == '0' else f'train_rank{rank}.log'
        log_file = series_log(args.work_dir, 'leave-one-domain-out', name, 'a', leads=rank == '0')
        with log_file as log, contextlib.ExitStack() as stack:
            terminal = sys.stdout if rank == '0' else stack.enter_context(open(os.devnull, 'w'))
            code, results = 0, None
            try:
                results = run(args, log, terminal)
            except TrainingStopped as stop:
                # Not from here: the traceback holds the model, which must go before the process group does.
                code = stop.code
        if results is not None and rank == '0':
            table = domain_table(results)
            (args.work_dir / 'results.json').write_text(json.dumps(results, indent=1))
            (args.work_dir / 'table.md').write_text(f'{table}\n')
            print(f'\nTest accuracy on the held-out domain, per cent\n\n{table}\n')
            print(f'Numbers: {args.work_dir / "results.json"}\nTime: {time.perf_counter() - started:.0f} s')
        leave_process_group()
    sys.exit(code)


def run(args: argparse.Namespace, log: TextIO, terminal: TextIO) -> list[dict]:
    """Plan, then train and test what is not finished, and show how far it is."""
    from cft.apis.domain_generalization import HeldOutRun, leave_one_domain_out, plan_runs
    from cft.engine.series_progress import SeriesProgress

    with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        runs = plan_runs(args.configs, args.seeds, args.work_dir, args.cfg_options, args.launcher)
    with contextlib.closing(SeriesProgress(len(runs), terminal)) as progress:
        progress.say(f'{len(runs)} runs; the log of the one that is training is in {log.name}')

        def on_start(held_out: HeldOutRun) -> None:
            progress.now(name_of(held_out))

        def on_result(held_out: HeldOutRun, result: dict) -> None:
            progress.advance()
            progress.say(
                f'{name_of(held_out)}: validation {result["validation"]:.2f} % at iteration {result["iteration"]}, '
                f'test {result["test"]:.2f} %'
            )

        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            return leave_one_domain_out(runs, on_start, on_result)


def name_of(held_out: 'HeldOutRun') -> str:
    """How a run is called on the terminal."""
    return f'{held_out.method}, {held_out.test_domain} held out, seed {held_out.seed}'


if __name__ == '__main__':
    main()
