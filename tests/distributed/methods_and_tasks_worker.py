"""Started by test_methods_and_tasks_in_two_processes.py on two ranks: every method on every task over gloo."""

import sys
from pathlib import Path

import torch.distributed as dist

from cft.apis import leave_process_group
from tests.support.tasks import METHODS, TASKS, check_cell


def main() -> None:
    folder = Path(sys.argv[1])
    for task in TASKS:
        for method in METHODS:
            check_cell(method, task, folder / 'data', folder / f'{method}_{task}', launcher='pytorch')
            print(f'[rank {dist.get_rank()}] {method} {task}: ok', flush=True)
    leave_process_group()


if __name__ == '__main__':
    main()
