"""Started by test_gather.py on two ranks: every case runs on both, and each rank prints one line per case."""

import sys

from tests.distributed import gather_bi_tuning_cases, gather_loss_cases, gather_queue_cases, gather_row_cases
from tests.support.two_ranks import run_cases

CASES = gather_loss_cases.CASES | gather_row_cases.CASES | gather_bi_tuning_cases.CASES | gather_queue_cases.CASES


if __name__ == '__main__':
    sys.exit(run_cases(CASES))
