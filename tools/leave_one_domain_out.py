"""Domain generalisation: hold out each domain in turn and print the table of test accuracies.

python tools/leave_one_domain_out.py configs/quickstart/ce_dg.py configs/quickstart/coretuning_dg.py

For each config, held-out domain and seed: train on the other domains, take the checkpoint that is best on their
validation part, test it on the held-out domain. The same command again continues where it was interrupted.
With --pretraining configs/quickstart/sce_domains.py all of them start from an encoder that was pre-trained without
labels on these training domains alone, once for each held-out domain and seed.
"""

import argparse
import contextlib
import json
import os
import sys
import time
from pathlib import Path

from _cli import add_common_arguments, add_executor, readable_errors

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
    parser.add_argument(
        '--pretraining',
        metavar='CONFIG',
        help='config of a pre-training on the training domains; default: the checkpoint of each config, if any',
    )
    add_common_arguments(parser)
    add_executor(parser)
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
    leads = next((os.environ[name] for name in RANKS if name in os.environ), '0') == '0'
    with readable_errors(), contextlib.ExitStack() as stack:
        from cft.apis import leave_one_domain_out, leave_process_group
        from cft.engine.stop_signals import TrainingStopped
        from cft.evaluation.domain_table import domain_table
        from cft.experiments import PlanProgress
        from cft.files import write_atomically

        # Progress is on the first process's terminal.
        terminal = sys.stdout if leads else stack.enter_context(open(os.devnull, 'w'))
        progress = stack.enter_context(contextlib.closing(PlanProgress(terminal)))
        code, results = 0, None
        try:
            results = leave_one_domain_out(
                args.configs,
                args.seeds,
                args.work_dir,
                args.cfg_options,
                args.launcher,
                args.executor,
                progress,
                args.pretraining,
            )
        except TrainingStopped as stop:
            # Not from here: the traceback holds the model, which must go before the process group does.
            code = stop.code
        if results is not None and leads:
            table = domain_table(results)
            write_atomically(args.work_dir / 'results.json', json.dumps(results, indent=1).encode())
            write_atomically(args.work_dir / 'table.md', f'{table}\n'.encode())
            progress.close()
            print(f'\nTest accuracy on the held-out domain, per cent\n\n{table}\n')
            print(f'Numbers: {args.work_dir / "results.json"}\nTime: {time.perf_counter() - started:.0f} s')
        leave_process_group()
    sys.exit(code)


if __name__ == '__main__':
    main()
