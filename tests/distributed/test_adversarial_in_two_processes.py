"""Adversarial training on two real ranks."""

import pytest

from tests.distributed import adversarial_worker
from tests.support.two_ranks import output_of


@pytest.fixture(scope='module')
def output() -> str:
    return output_of(adversarial_worker.__name__)


@pytest.mark.parametrize('case', list(adversarial_worker.CASES))
@pytest.mark.parametrize('rank', [0, 1])
def test_equal_to_one_process(output: str, rank: int, case: str) -> None:
    assert f'[rank {rank}] {case}: ok' in output
