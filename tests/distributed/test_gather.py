"""Contrastive losses and row operations on two real ranks, and without any process group."""

import subprocess

import pytest
import torch

from cft.models.losses import FocalSupConLoss, SCHaNeLoss, SupConLoss
from cft.ops import gather_rows, gather_rows_with_grad, is_distributed, rank_offset, row_counts, shuffle_rows
from projects.example_loss import SINCERELoss
from tests.distributed import gather_worker
from tests.support.two_ranks import start


@pytest.fixture(scope='module')
def two_ranks() -> subprocess.CompletedProcess[str]:
    """Run all cases of the worker once, on two processes over gloo."""
    return start(gather_worker.__name__)


def test_worker_succeeds(two_ranks: subprocess.CompletedProcess[str]) -> None:
    """No case failed and no rank crashed or hung."""
    assert two_ranks.returncode == 0, two_ranks.stdout


@pytest.mark.parametrize('case', list(gather_worker.CASES))
def test_both_ranks_pass(two_ranks: subprocess.CompletedProcess[str], case: str) -> None:
    """Each rank reports the case as passed."""
    lines = [line for line in two_ranks.stdout.splitlines() if f'] {case}: ' in line]
    assert sorted(lines) == [f'[rank {rank}] {case}: ok' for rank in range(2)]


@pytest.mark.parametrize('kind', [SupConLoss, FocalSupConLoss, SCHaNeLoss, SINCERELoss])
def test_gather_means_nothing_without_a_process_group(kind: type[torch.nn.Module]) -> None:
    """One config serves one process and many."""
    features, labels = torch.randn(8, 5, generator=torch.Generator().manual_seed(0)), torch.arange(8) % 3
    assert torch.equal(kind(gather=True)(features, labels), kind(gather=False)(features, labels))


def test_row_operations_without_a_process_group() -> None:
    """The joined rows are the own rows, and gradients pass where they should."""
    rows = torch.randn(6, 3, requires_grad=True)
    assert not is_distributed()
    assert row_counts(rows) == [6]
    assert rank_offset([6]) == 0
    assert torch.equal(gather_rows(rows), rows)
    gather_rows_with_grad(rows).sum().backward()
    assert torch.equal(rows.grad, torch.ones(6, 3))


def test_shuffle_rows_without_a_process_group() -> None:
    """A permutation of the batch, drawn anew each time, and its inverse."""
    torch.manual_seed(0)
    rows = torch.arange(12.0).reshape(6, 2)
    shuffled, restore = shuffle_rows(rows)
    assert not torch.equal(shuffled, rows)
    assert torch.equal(shuffled.sort(dim=0)[0], rows)
    assert torch.equal(restore(shuffled), rows)
    assert torch.equal(restore(shuffled.sum(dim=1)), rows.sum(dim=1))
    assert not torch.equal(shuffle_rows(rows)[0], shuffled)


@pytest.mark.parametrize('rows', [4, 16])
def test_another_number_of_rows_than_was_agreed_on_without_a_process_group(rows: int) -> None:
    """Refused as on several ranks: neither an index out of range nor rows that are silently gone."""
    batch = torch.arange(rows)[:, None]
    told = rf'rank 0 has {rows} rows where the ranks agreed on \[8\]: .* drop_last=True'
    for operation in (shuffle_rows, gather_rows, gather_rows_with_grad):
        with pytest.raises(ValueError, match=told):
            operation(batch, [8])
        operation(batch, [rows])
    restore = shuffle_rows(torch.arange(8)[:, None], [8])[1]
    with pytest.raises(ValueError, match=told):
        restore(batch)
