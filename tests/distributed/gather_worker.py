"""Started by test_gather.py on two ranks: every case runs on both, and each rank prints one line per case."""

import sys
from datetime import timedelta

import gather_loss_cases
import gather_row_cases
import torch
import torch.distributed as dist

from cft.apis import leave_process_group

CASES = gather_loss_cases.CASES | gather_row_cases.CASES


def main() -> int:
    """Run all cases; the number of failed ones on any rank decides the return code."""
    # A case that fails on one rank alone leaves the other waiting: end that soon.
    dist.init_process_group('gloo', timeout=timedelta(seconds=45))
    failed = torch.zeros(1)
    for name, case in CASES.items():
        try:
            case()
            verdict = 'ok'
        except AssertionError as error:
            verdict = 'FAILED ' + ' '.join(str(error).split())
            failed += 1
        # One write for each line: print would let the ranks' lines run into each other.
        sys.stdout.write(f'[rank {dist.get_rank()}] {name}: {verdict}\n')
        sys.stdout.flush()
    dist.all_reduce(failed)
    leave_process_group()
    return int(failed > 0)


if __name__ == '__main__':
    sys.exit(main())
